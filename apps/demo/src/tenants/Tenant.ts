/**
 * A tenant of `pnpm demo --tenants`, as app and vendor both know it.
 *
 * Decided here: what tenants are called, and what each logs in with. An app would look this up in its database or its
 * vault. Not here: what is done with it.
 */
import { Redacted } from "effect"

/** So many tenants' ids. */
export const ids = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `tenant-${index + 1}`)

/** What a tenant logs in with, made up as everything here. */
export const credentials = (id: string) => ({
  username: `robot of ${id}`,
  password: Redacted.make(`made-up password of ${id}`)
})
