/**
 * The contract of a `TokenStore` as sentences, for any store: a compare-and-set register that is durable before it says
 * so, by its own clock, whose records are never deleted.
 *
 * Decided here: what every store owes the protocol that is built on it, by chapter. Not here: how one check is set up
 * (`suite/StoreCheck`), and what a particular store does when its disk is full or its server down.
 */
import { describe } from "@effect/vitest"
import type { TokenStore } from "@vendor-auth/core/TokenStore"
import type * as Layer from "effect/Layer"
import * as Accounts from "./suite/StoreAccounts.ts"
import * as Check from "./suite/StoreCheck.ts"
import * as Due from "./suite/StoreDue.ts"
import * as Races from "./suite/StoreRaces.ts"
import * as Records from "./suite/StoreRecords.ts"
import * as Versions from "./suite/StoreVersions.ts"

/**
 * Runs the checks for a store; to be called at the top of a test file. Each check builds the layer anew, twice if the
 * store lasts: the second one stands for another process. Accounts and vendors are random, so that all checks may share
 * one database, an old one too.
 */
export const suite = (name: string, layer: Layer.Layer<TokenStore, unknown>): void => {
  const check = Check.make(layer)
  describe(name, () => {
    Versions.run(check)
    Races.run(check)
    Accounts.run(check)
    Records.run(check)
    Due.run(check)
  })
}
