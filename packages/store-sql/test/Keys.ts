// Keys, files and what is in them, for tests.
// Decided here: a test has a folder of its own, which is gone after it; and rows are looked at and changed by a
// connection of the test's own, by the account's name. Not here: what is tested.
import { AuthError, Session, TokenStore } from "@vendor-auth/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { SqlTokenStore } from "../src/index.ts"
import * as Scratch from "./Scratch.ts"

/** A hundredth or so of a guarantee's number, unless it is night. */
export const times = (full: number, part: number): number => Math.ceil(process.env["NIGHTLY"] ? full : full / part)

/** Milliseconds that the longest of the tests may take. */
export const patience = process.env["NIGHTLY"] ? 900_000 : 60_000

/** A key of 32 random bytes. */
export const key = (): Redacted.Redacted<Uint8Array> => Redacted.make(crypto.getRandomValues(new Uint8Array(32)))

/** One key that seals, and another one that opens. */
export const keys: SqlTokenStore.Keys = { current: "test", keys: { test: key(), second: key() } }

/** A file that is not there yet, in a folder of its own. */
export interface File {
  readonly path: string
  /** Everything in the folder, one after the other. */
  readonly bytes: () => Buffer
  /** Runs a statement on the table `sessions`, where accounts have their names. */
  readonly sql: (statement: string) => ReadonlyArray<Record<string, unknown>>
}

/** Names of accounts that tests use. */
const accounts = ["robot", "guest"]

/** Runs with a file. */
export const inFile = <A, E, R>(use: (file: File) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => Scratch.folder("store")),
    (path) => {
      const filename = join(path, "sessions.db")
      return use({
        path: filename,
        bytes: () => Buffer.concat(Fs.readdirSync(path).map((name) => Fs.readFileSync(join(path, name)))),
        sql: (statement) => {
          const database = new DatabaseSync(filename, { timeout: 5_000 })
          try {
            const named = accounts.reduce(
              (text, account) => text.replaceAll(`account = '${account}'`, `id = '${idOf(account)}'`),
              statement.replaceAll(/(UPDATE|FROM) sessions/g, "$1 vendor_auth_sessions")
            )
            return database.prepare(named).all()
          } finally {
            database.close()
          }
        }
      })
    },
    (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
  )

/** The rows as they are. */
export const rows = (file: File) => file.sql("SELECT * FROM sessions ORDER BY id")

const idOf = (account: string) =>
  createHash("sha256")
    .update(JSON.stringify([account]))
    .digest("hex")

/** A session of an account, with secrets that are found again. */
export const session = (account: string): Session.Session => ({
  ...Session.empty("Acme"),
  generation: 3,
  tokens: {
    access: Redacted.make(`access canary of ${account}`),
    issuedAt: 1,
    expiresAt: null,
    refreshEndsAt: null,
    details: { note: "a canary in the details" }
  },
  refreshToken: Redacted.make(`refresh canary of ${account}`),
  seeds: [`seed's print of ${account}`],
  latches: { [`password's print of ${account}`]: { refused: true, proven: false, open: [] } },
  dueAt: 1
})

/** What must not be found at rest. */
export const secrets = [
  "access canary of robot",
  "refresh canary of robot",
  "a canary in the details",
  // Passwords could be tried on it by who has it in plain text.
  "password's print of robot",
  "seed's print of robot",
  '"robot"',
  "refresh canary of guest"
]

/** Opens the store, for as long as the scope. */
export const openFile = (file: Pick<File, "path">, option: SqlTokenStore.KeyOption = keys) =>
  Effect.map(
    Layer.build(Layer.fresh(SqlTokenStore.layerSqlite({ filename: file.path, keys: option }))),
    (context: Context.Context<SqlTokenStore.Store>) => Context.get(context, TokenStore.TokenStore)
  )

/** Writes the accounts' sessions and closes the store. */
export const filled = (file: File, option: SqlTokenStore.KeyOption = keys) =>
  Effect.gen(function* () {
    const store = yield* openFile(file, option)
    for (const account of accounts) yield* store.write(account, 0, session(account))
  }).pipe(Effect.scoped, Effect.orDie)

/** The failure of a read, which must come; a write at its version must leave the record alone. */
export const failure = (file: File, account: string, option: SqlTokenStore.KeyOption = keys) =>
  Effect.gen(function* () {
    const store = yield* openFile(file, option)
    const error: unknown = yield* Effect.flip(store.read(account))
    if (!(error instanceof AuthError.StoreFailure)) throw error
    return error
  }).pipe(Effect.scoped)
