/** ItemPath authentication for Effect. */
export * as ItemPathAuth from "./ItemPathAuth.ts"
