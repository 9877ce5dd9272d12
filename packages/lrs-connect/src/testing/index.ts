/** A simulated LRS Connect, for specs and for tools on loopback. */
export * as LrsConnectSimulator from "./LrsConnectSimulator.ts"
