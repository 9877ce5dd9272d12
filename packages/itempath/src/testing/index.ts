export * as ItemPathSimulator from "./ItemPathSimulator.ts"
