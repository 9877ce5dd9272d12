/** OAuth 2.0 authentication for Effect. */
export * as OAuth2Auth from "./OAuth2Auth.ts"
