/** Acme authentication for Effect. */
export * as AcmeAuth from "./AcmeAuth.ts"
