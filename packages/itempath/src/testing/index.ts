/** A simulated ItemPath, for specs and for tools on loopback. */
export * as ItemPathSimulator from "./ItemPathSimulator.ts"
