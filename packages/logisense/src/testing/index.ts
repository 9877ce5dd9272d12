export * as LogiSenseSimulator from "./LogiSenseSimulator.ts"
