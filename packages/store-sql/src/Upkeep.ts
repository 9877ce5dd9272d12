/**
 * What an operator asks of a store, and does to it.
 *
 * Decided here: the list of unresolved exchanges, which keys the records are sealed with, and the sweep that seals them
 * anew after a rotation, record by record and by compare-and-set, so that it may run beside everything else. Not here:
 * when any of it happens (the operator's program, `Watch`).
 */
import type { AuthError } from "@vendor-auth/core"
import { TokenStore } from "@vendor-auth/core"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Envelope } from "./Envelope.ts"
import type { Register, Stored } from "./Register.ts"
import type { Sealing } from "./Sealing.ts"

/** An exchange that was begun, and whose deadline passed without its end being written down. */
export interface Unresolved {
  /** As logs call the account: the name that its user gave it, or a fingerprint of 12 characters. */
  readonly account: string
  readonly vendor: string
  readonly kind: "login" | "refresh"
  /** When it was begun, by the database's clock. */
  readonly since: DateTime.Utc
}

/** What a sweep did. */
export interface Swept {
  /** Records sealed anew. */
  readonly resealed: number
  /** Records that do not open, by the reason's words; they are left as they are. */
  readonly unreadable: Readonly<Record<string, number>>
}

/** An operator's view of the store. */
export interface Upkeep {
  /**
   * The unresolved exchanges, the oldest 1,000 first. A process of an account that has credentials takes its exchange
   * over with its next one; one that stays here needs a person.
   */
  readonly unresolved: Effect.Effect<ReadonlyArray<Unresolved>, AuthError.StoreFailure>
  /** How many records each key seals, by its id; null counts those in plaintext. A key that seals none can go. */
  readonly keyUsage: Effect.Effect<
    ReadonlyArray<{ readonly keyId: string | null; readonly rows: number }>,
    AuthError.StoreFailure
  >
  /** Seals with the current key what another one sealed. Safe beside running processes, and to be repeated. */
  readonly sweep: Effect.Effect<Swept, AuthError.StoreFailure>
}

type Batch = Effect.Success<ReturnType<Register["sealedOtherwise"]>>

const page = 200
const listed = 1_000

/** What an operator does with the store beside the vendors' layers. */
export class SqlTokenStore extends Context.Service<SqlTokenStore, Upkeep>()("@vendor-auth/store-sql/SqlTokenStore") {}

/** The view of these rows. */
export const make = (sealing: Sealing, envelope: Envelope, register: Register): Upkeep => {
  const label = (row: Stored) =>
    envelope.open(row.id, row).pipe(
      Effect.map(({ account }) => TokenStore.givenName(account) ?? row.id.slice(0, 12)),
      Effect.orElseSucceed(() => row.id.slice(0, 12))
    )

  return {
    unresolved: Effect.gen(function* () {
      const rows = yield* register.open(listed)
      return yield* Effect.forEach(rows, (row) =>
        Effect.map(label(row), (account) => ({
          account,
          vendor: row.vendor,
          kind: row.kind,
          since: DateTime.makeUnsafe(row.since)
        }))
      )
    }),

    keyUsage: register.keys,

    sweep: Effect.gen(function* () {
      const unreadable: Record<string, number> = {}
      let resealed = 0
      if (sealing.current === null) return { resealed, unreadable }
      let after = ""
      while (true) {
        const rows: Batch = yield* register.sealedOtherwise(sealing.current, after, page)
        for (const row of rows) {
          after = row.id
          const content = yield* Effect.result(envelope.open(row.id, row))
          if (content._tag === "Failure") {
            const why = content.failure.hint ?? content.failure.problem
            unreadable[why] = (unreadable[why] ?? 0) + 1
            continue
          }
          // Who wrote it meanwhile sealed it with the key that it writes with.
          if (yield* register.reseal(row.id, row.version, yield* envelope.close(row.id, content.success))) resealed++
        }
        if (rows.length < page) return { resealed, unreadable }
      }
    })
  }
}
