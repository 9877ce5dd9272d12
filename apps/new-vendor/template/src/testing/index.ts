/** A simulated Acme, for specs and for tools on loopback. */
export * as AcmeSimulator from "./AcmeSimulator.ts"
