/** A simulated LogiSense, for specs and for tools on loopback. */
export * as LogiSenseSimulator from "./LogiSenseSimulator.ts"
