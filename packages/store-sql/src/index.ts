/** Sessions that outlive a process and are shared by many. */
export * as SqlTokenStore from "./SqlTokenStore.ts"
