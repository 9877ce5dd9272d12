/** A simulated OAuth 2.0 server, for specs and for tools on loopback. */
export * as OAuth2Simulator from "./OAuth2Simulator.ts"
