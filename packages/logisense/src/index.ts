/** LogiSense authentication for Effect. */
export * as LogiSenseAuth from "./LogiSenseAuth.ts"
