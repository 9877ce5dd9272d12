/** Test layers for specs. The simulator kit and the suites are subpaths, which need more. */
export * as Simulator from "./Simulator.ts"
export * as TestAuth from "./TestAuth.ts"
