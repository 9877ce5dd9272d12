export * as LrsConnectSimulator from "./LrsConnectSimulator.ts"
