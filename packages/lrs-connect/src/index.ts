/** LRS Connect authentication for Effect. */
export * as LrsConnectAuth from "./LrsConnectAuth.ts"
