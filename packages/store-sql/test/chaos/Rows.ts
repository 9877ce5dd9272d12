/**
 * The records of many accounts: written before the replicas begin, and looked at when they have ended.
 *
 * Decided here: each is written by the store itself, as a process that logged in would have; and what is wrong with a
 * record. Not here: when the accounts' tokens were issued (`ManyAccounts`).
 */
import { PgClient } from "@effect/sql-pg"
import { Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Families from "./Families.ts"
import * as Stores from "./Stores.ts"

const vendorName = "LRS Connect"

const keyOf = (account: string): string => JSON.stringify({ vendor: vendorName, account })

/** So many are written at once. */
const atOnce = 32

/** Writes the first sessions of these accounts, as the vendor knows them. */
export const write = (
  store: Stores.Address,
  accounts: ReadonlyArray<string>,
  { journal: { families }, life, tokens }: Families.Vendor
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { write } = yield* TokenStore.TokenStore
    const one = (account: string) => {
      const { dueAt, issuedAt } = families.get(account)!
      const { access, refresh } = tokens(account, 1)
      return write(keyOf(account), 0, {
        ...Session.empty(vendorName),
        generation: 1,
        tokens: {
          access: Redacted.make(access),
          issuedAt,
          expiresAt: issuedAt + life,
          refreshEndsAt: null,
          details: null
        },
        refreshToken: Redacted.make(refresh),
        dueAt
      })
    }
    yield* Effect.forEach(accounts, one, { concurrency: atOnce, discard: true })
  }).pipe(Effect.provide(Stores.layer(store)), Effect.orDie)

/** Asks the database itself. */
const ask = (store: Stores.Address, statement: string) =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient
    return yield* sql.unsafe<Record<string, unknown>>(statement)
  }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(store), maxConnections: 1 })), Effect.orDie)

/** Statements that the database has carried out; each is a transaction of its own. */
export const statements = (store: Stores.Address): Effect.Effect<number> =>
  Effect.map(ask(store, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"), ([row]) =>
    Number(row!["xact_commit"])
  )

/** Ids of the rows whose exchange was begun before this instant and has not ended. */
export const openSince = (store: Stores.Address, instant: number): Effect.Effect<ReadonlySet<string>> =>
  Effect.map(
    ask(store, `SELECT id FROM vendor_auth_sessions WHERE intent_id IS NOT NULL AND intent_at <= ${instant}`),
    (rows) => new Set(rows.map(({ id }) => String(id)))
  )

/** The id of an account's row. */
export const idOf = (account: string): Effect.Effect<string> => TokenStore.fingerprint(keyOf(account))

/**
 * Accounts whose record is not what the vendor knows of them, with what is wrong. A row that nobody has written since
 * the beginning holds what it held then.
 */
export const wrong = (
  store: Stores.Address,
  { journal: { families }, tokens }: Families.Vendor
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { read } = yield* TokenStore.TokenStore
    const [counted] = yield* ask(
      store,
      "SELECT count(*) AS all, count(*) FILTER (WHERE version = 1) AS untouched FROM vendor_auth_sessions"
    )
    const touched = [...families.values()].filter(({ number }) => number > 1)
    const found = yield* Effect.forEach(
      touched,
      (family) => Effect.map(read(keyOf(family.account)), ({ session }) => complaint(family, session, tokens)),
      { concurrency: atOnce }
    )
    const isCounted =
      Number(counted!["all"]) === families.size && Number(counted!["untouched"]) === families.size - touched.length
    return [
      ...found.filter((text) => text !== undefined),
      ...(isCounted ? [] : [`${families.size} rows, ${touched.length} touched: counted ${JSON.stringify(counted)}`])
    ]
  }).pipe(Effect.provide(Stores.layer(store)), Effect.orDie)

const complaint = (
  { account, isDead, number }: Families.Family,
  session: Session.Session | undefined,
  tokens: Families.Vendor["tokens"]
): string | undefined => {
  if (isDead) return `${account}: its session has ended`
  if (session === undefined) return `${account}: no record`
  if (session.intent !== null) return `${account}: an intent is left`
  const { access, refresh } = tokens(account, number)
  const isNewest =
    session.refreshToken !== null &&
    session.tokens !== null &&
    Redacted.value(session.refreshToken) === refresh &&
    Redacted.value(session.tokens.access) === access
  return isNewest ? undefined : `${account}: not the vendor's newest tokens`
}
