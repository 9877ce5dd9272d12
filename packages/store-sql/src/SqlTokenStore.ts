/**
 * Sessions in PostgreSQL or SQLite: a `TokenStore` that lasts, and that many processes share.
 *
 * Decided here: how account names, sealed records and rows make up the store's contract, what the layers need, and what
 * their options are called. A row is named by the account's SHA-256 and holds the account's own name, which has a
 * user's in it, only inside the record. Not here: sealing (`Sealing`), the statements (`Register`), what an operator
 * does (`Upkeep`), and the protocol between processes, which is core's.
 */
import type { AuthError } from "@vendor-auth/core"
import { TokenStore } from "@vendor-auth/core"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Envelope from "./Envelope.ts"
import * as Register from "./Register.ts"
import * as Sealing from "./Sealing.ts"
import * as SqliteClient from "./SqliteClient.ts"
import * as Upkeep from "./Upkeep.ts"

export { config as keysConfig } from "./Sealing.ts"
export type { KeyOption, Keys } from "./Sealing.ts"
export { SqlTokenStore, type Swept, type Unresolved, type Upkeep } from "./Upkeep.ts"
export { watch } from "./Watch.ts"

/** How a store is kept. */
export interface Options {
  /** What seals the sessions: keys by id, the current one among them. */
  readonly keys: Sealing.KeyOption
  /**
   * Whether building the layer creates the table, or brings it up to date: false where a deploy step does, by a layer
   * of its own.
   *
   * @default true
   */
  readonly migrate?: boolean | undefined
}

/** How a store in a file is kept. */
export interface SqliteOptions extends Options {
  /** Path of the file. It is made if it is not there; its folder is not. */
  readonly filename: string
  /**
   * What to do with a file that others may open, or a folder that others may write to: refuse them, or take these
   * permissions away.
   *
   * @default "refuse"
   */
  readonly permissions?: "refuse" | "fix" | undefined
}

/** What a store's layer gives. */
export type Store = TokenStore.TokenStore | Upkeep.SqlTokenStore

/** Why a store's layer may not be built. */
export type Fault = AuthError.InvalidOptions | AuthError.StoreFailure

/** The store in the database of an `SqlClient`, PostgreSQL or SQLite. It must not be a replica that lags behind. */
export const layer = (options: Options): Layer.Layer<Store, Fault, SqlClient> =>
  Layer.effectContext(make(options)).pipe(Layer.provide(Sealing.layerCrypto))

/** The store in a file, for the processes of one machine; needs nothing. The file system must not be a network's. */
export const layerSqlite = (options: SqliteOptions): Layer.Layer<Store, Fault> =>
  Layer.provide(layer(options), SqliteClient.layer(options))

/** As `layer`, with options of which any may be a `Config`: `{ keys: SqlTokenStore.keysConfig }`. */
export const layerConfig = (options: {
  readonly keys: Config.Config<Sealing.KeyOption>
  readonly migrate?: boolean
}): Layer.Layer<Store, Fault | Config.ConfigError, SqlClient> =>
  Layer.unwrap(Effect.map(options.keys, (keys) => layer({ ...options, keys })))

/** As `layerSqlite`, with file and keys from `Config`. */
export const layerSqliteConfig = (options: {
  readonly filename: Config.Config<string>
  readonly keys: Config.Config<Sealing.KeyOption>
  readonly permissions?: "refuse" | "fix"
}): Layer.Layer<Store, Fault | Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(Config.all({ filename: options.filename, keys: options.keys }), (read) =>
      layerSqlite({ ...options, ...read })
    )
  )

const make = Effect.fnUntraced(function* (options: Options) {
  const sealing = yield* Sealing.make(options.keys)
  const register = yield* Register.make({ migrate: options.migrate ?? true })
  const envelope = Envelope.make(sealing)

  const store = TokenStore.TokenStore.of({
    isLasting: true,
    read: Effect.fnUntraced(function* (account) {
      const id = yield* TokenStore.fingerprint(account)
      const { now, sealed, version } = yield* register.read(id)
      if (sealed === undefined) return { version: 0, session: undefined, now }
      const { session } = yield* envelope.open(id, sealed)
      return { version, session, now }
    }),
    write: Effect.fnUntraced(function* (account, version, session) {
      const id = yield* TokenStore.fingerprint(account)
      return yield* register.write(id, version, session, yield* envelope.close(id, { account, session }))
    }),
    due: Effect.fnUntraced(function* (vendor, limit) {
      const accounts: Array<string> = []
      let after = Register.first
      while (accounts.length < limit) {
        const wanted = Math.min(Math.ceil(limit - accounts.length), page)
        const rows = yield* register.due(vendor, after, wanted)
        for (const row of rows) {
          // One record that does not open must not keep the others from being refreshed.
          const content = yield* Effect.orElseSucceed(Effect.asSome(envelope.open(row.id, row)), () => undefined)
          if (content?._tag === "Some" && content.value.session.vendor === vendor) accounts.push(content.value.account)
          after = row
        }
        if (rows.length < wanted) break
      }
      return accounts
    })
  })

  return Context.make(TokenStore.TokenStore, store).pipe(
    Context.add(Upkeep.SqlTokenStore, Upkeep.make(sealing, envelope, register))
  )
})

/** So many rows are asked for at once. */
const page = 500
