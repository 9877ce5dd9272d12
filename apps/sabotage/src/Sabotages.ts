/**
 * The whole list of sabotages, by subject.
 *
 * Decided here: in which order they are run. Not here: what an entry is (`Sabotage`), and the entries themselves, which
 * stand in the folder `Sabotages`.
 */
import type { Sabotage } from "./Sabotage.ts"
import { answers } from "./Sabotages/Answers.ts"
import { calls } from "./Sabotages/Calls.ts"
import { lifecycle } from "./Sabotages/Lifecycle.ts"
import { many } from "./Sabotages/Many.ts"
import { oauth2 } from "./Sabotages/OAuth2.ts"
import { protocol } from "./Sabotages/Protocol.ts"
import { secrets } from "./Sabotages/Secrets.ts"
import { store } from "./Sabotages/Store.ts"
import { vendors } from "./Sabotages/Vendors.ts"
import { tokenRequests } from "./Sabotages/Wire.ts"

/** Every wrong version that the tests are tried on. */
export const all: ReadonlyArray<Sabotage> = [
  ...lifecycle,
  ...protocol,
  ...tokenRequests,
  ...answers,
  ...calls,
  ...vendors,
  ...many,
  ...oauth2,
  ...store,
  ...secrets
]
