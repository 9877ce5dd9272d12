/**
 * [sql] The rows: one for each account, replaced by compare-and-set on its version, never deleted.
 *
 * Decided here: the table; that every step is one statement outside of any transaction the caller may be in, so that it
 * is durable when it answers and works behind a pooler that lends a connection for one statement; that times are the
 * database's; and which failure of the database is which `StoreFailure`. The columns beside `record` are for listing
 * alone: what a session is stands in the record. Not here: what a record holds (`Envelope`).
 */
import { AuthError } from "@vendor-auth/core"
import type { Session } from "@vendor-auth/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Migrations from "./Migrations.ts"
import type { Sealed } from "./Sealing.ts"

/** A stored record with its account's fingerprint. */
export interface Stored extends Sealed {
  readonly id: string
}

/** An intent whose deadline has passed, instants in milliseconds since the epoch. */
export interface Open extends Stored {
  readonly vendor: string
  readonly kind: "login" | "refresh"
  readonly since: number
  readonly deadline: number
}

/** The table's statements. */
export interface Register {
  readonly read: (
    id: string
  ) => Effect.Effect<
    { readonly version: number; readonly now: number; readonly sealed: Sealed | undefined },
    AuthError.StoreFailure
  >
  readonly write: (
    id: string,
    version: number,
    session: Session.Session,
    sealed: Sealed
  ) => Effect.Effect<boolean, AuthError.StoreFailure>
  /** The next so many that are due, each with its place in the order. */
  readonly due: (
    vendor: string,
    after: Place,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Stored & Place>, AuthError.StoreFailure>
  /** Intents past their deadline, the oldest first. */
  readonly open: (limit: number) => Effect.Effect<ReadonlyArray<Open>, AuthError.StoreFailure>
  /** Rows by key id. */
  readonly keys: Effect.Effect<
    ReadonlyArray<{ readonly keyId: string | null; readonly rows: number }>,
    AuthError.StoreFailure
  >
  /** The next so many, by id, that another key than this one sealed. */
  readonly sealedOtherwise: (
    keyId: string,
    after: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Stored & { readonly version: number }>, AuthError.StoreFailure>
  /** Replaces a record by the same one sealed anew, if nobody wrote it meanwhile. */
  readonly reseal: (id: string, version: number, sealed: Sealed) => Effect.Effect<boolean, AuthError.StoreFailure>
}

/** Where a page of due accounts ends. */
export interface Place {
  readonly dueAt: number
  readonly id: string
}

/** Before every place. */
export const first: Place = { dueAt: -Number.MAX_VALUE, id: "" }

/** Opens the table, and creates it unless a deploy step does. */
export const make = Effect.fnUntraced(function* (options: {
  readonly migrate: boolean
}): Effect.fn.Return<Register, AuthError.InvalidOptions | AuthError.StoreFailure, SqlClient.SqlClient> {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const dialect = yield* Migrations.dialectOf(sql)
  const now = sql.literal(clocks[dialect])
  const durably = sql.literal(dialect === "pg" ? makeDurable : "'on'")

  let isMigrated = !options.migrate
  const semaphore = Semaphore.makeUnsafe(1)
  const migrated = semaphore.withPermit(
    Effect.suspend(() => (isMigrated ? Effect.void : Effect.map(Migrations.run(sql), () => void (isMigrated = true))))
  )

  const run = <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, AuthError.StoreFailure> =>
    Effect.suspend(() => (isMigrated ? statement : Effect.andThen(migrated, statement))).pipe(
      Effect.mapError((error) => {
        // What comes back after an outage may be another database.
        if (isTableMissing(error)) isMigrated = !options.migrate
        return toFailure(error)
      }),
      // A caller's transaction is not the store's: it may be rolled back, and it lasts as long as it likes.
      Effect.updateContext((context: Context.Context<never>): Context.Context<never> =>
        Context.omit(sql.transactionService)(context)
      )
    )

  yield* run(Effect.void)

  const intentAt = ({ intent }: Session.Session) =>
    intent === null ? sql`NULL` : sql`CASE WHEN intent_id = ${intent.id} THEN intent_at ELSE ${now} END`

  const insert = (id: string, session: Session.Session, { format, keyId, record }: Sealed) =>
    sql`INSERT INTO vendor_auth_sessions (id, vendor, version, generation, due_at, intent_id, intent_kind,
        intent_deadline, intent_at, format, key_id, record, created_at, updated_at)
      VALUES (${id}, ${session.vendor}, 1, ${session.generation}, ${session.dueAt}, ${session.intent?.id ?? null},
        ${session.intent?.kind ?? null}, ${session.intent?.deadline ?? null},
        ${session.intent === null ? sql`NULL` : now}, ${format}, ${keyId}, ${record}, ${now}, ${now})
      ON CONFLICT (id) DO NOTHING RETURNING ${durably} AS durable`

  const update = (id: string, version: number, session: Session.Session, { format, keyId, record }: Sealed) =>
    sql`UPDATE vendor_auth_sessions SET vendor = ${session.vendor}, version = version + 1,
        generation = ${session.generation}, due_at = ${session.dueAt}, intent_id = ${session.intent?.id ?? null},
        intent_kind = ${session.intent?.kind ?? null}, intent_deadline = ${session.intent?.deadline ?? null},
        intent_at = ${intentAt(session)}, format = ${format}, key_id = ${keyId}, record = ${record},
        updated_at = ${now}
      WHERE id = ${id} AND version = ${version} RETURNING ${durably} AS durable`

  /** One row came back; or the database found that a concurrent write was first, and wrote nothing. */
  const hasWon = (statement: Effect.Effect<ReadonlyArray<unknown>, SqlError>) =>
    run(
      statement.pipe(
        Effect.map((rows) => rows.length === 1),
        Effect.catchIf(
          ({ reason }) => reason._tag === "SerializationError",
          () => Effect.succeed(false)
        )
      )
    )

  return {
    read: (id) =>
      Effect.map(
        run(sql`SELECT ${now} AS now, CAST(s.version AS double precision) AS version, s.format, s.key_id, s.record
          FROM (SELECT 1 AS one) AS o LEFT JOIN vendor_auth_sessions AS s ON s.id = ${id}`),
        ([row]) => ({
          now: Number(row!["now"]),
          version: Number(row!["version"] ?? 0),
          sealed: row!["version"] === null ? undefined : toSealed(row!)
        })
      ),
    write: (id, version, session, sealed) => {
      if (!Number.isSafeInteger(version) || version < 0) return Effect.succeed(false)
      return hasWon(version === 0 ? insert(id, session, sealed) : update(id, version, session, sealed))
    },
    due: (vendor, after, limit) =>
      Effect.map(
        run(sql`SELECT id, due_at, format, key_id, record FROM vendor_auth_sessions
          WHERE vendor = ${vendor} AND due_at <= ${now} AND (due_at, id) > (${after.dueAt}, ${after.id})
          ORDER BY due_at, id LIMIT ${limit}`),
        (rows) => rows.map((row) => ({ ...toStored(row), dueAt: Number(row["due_at"]) }))
      ),
    open: (limit) =>
      Effect.map(
        run(sql`SELECT id, vendor, intent_kind, intent_at, intent_deadline, format, key_id, record
          FROM vendor_auth_sessions WHERE intent_deadline <= ${now} ORDER BY intent_at, id LIMIT ${limit}`),
        (rows) =>
          rows.map((row) => ({
            ...toStored(row),
            vendor: String(row["vendor"]),
            kind: row["intent_kind"] === "login" ? "login" : "refresh",
            since: Number(row["intent_at"]),
            deadline: Number(row["intent_deadline"])
          }))
      ),
    keys: Effect.map(
      run(sql`SELECT key_id, CAST(COUNT(*) AS double precision) AS amount FROM vendor_auth_sessions
        GROUP BY key_id ORDER BY key_id`),
      (rows) => rows.map((row) => ({ keyId: toSealed(row).keyId, rows: Number(row["amount"]) }))
    ),
    sealedOtherwise: (keyId, after, limit) =>
      Effect.map(
        run(sql`SELECT id, CAST(version AS double precision) AS version, format, key_id, record
          FROM vendor_auth_sessions WHERE (key_id IS NULL OR key_id <> ${keyId}) AND id > ${after}
          ORDER BY id LIMIT ${limit}`),
        (rows) => rows.map((row) => ({ ...toStored(row), version: Number(row["version"]) }))
      ),
    reseal: (id, version, { format, keyId, record }) =>
      hasWon(sql`UPDATE vendor_auth_sessions SET version = version + 1, format = ${format}, key_id = ${keyId},
          record = ${record}, updated_at = ${now}
        WHERE id = ${id} AND version = ${version} RETURNING ${durably} AS durable`)
  }
})

/** The database's own clock, in milliseconds since the epoch. */
const clocks: Record<Migrations.Dialect, string> = {
  pg: "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS double precision)",
  sqlite: "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS double precision)"
}

/** PostgreSQL may be told not to wait for its disk. A write waits all the same: a lost intent costs a session. */
const makeDurable =
  "CASE current_setting('synchronous_commit') WHEN 'off' " +
  "THEN set_config('synchronous_commit', 'on', true) ELSE 'on' END"

type Column = Readonly<Record<string, unknown>>

const toSealed = (row: Column): Sealed => ({
  format: Number(row["format"]),
  keyId: row["key_id"] === null || row["key_id"] === undefined ? null : String(row["key_id"]),
  record: String(row["record"])
})

const toStored = (row: Column): Stored => ({ ...toSealed(row), id: String(row["id"]) })

const codeOf = ({ reason: { cause } }: SqlError): unknown =>
  typeof cause === "object" && cause !== null ? Reflect.get(cause, "code") : undefined

/** A database's message may quote a row: its class and code are enough to look it up. */
const toFailure = (error: SqlError): AuthError.StoreFailure => {
  const code = codeOf(error)
  const said = [error.reason._tag, code]
    .filter((part) => typeof part === "string" || typeof part === "number")
    .join(" ")
  return new AuthError.StoreFailure({ problem: isCorruption(code) ? "Corrupt" : "Unavailable", hint: said })
}

/** PostgreSQL's "undefined table"; SQLite has no code of its own for it. */
const isTableMissing = (error: SqlError): boolean => ["42P01", "SQLITE_ERROR", 1].includes(codeOf(error) as string)

/** SQLite's CORRUPT and NOTADB, as words or as numbers; PostgreSQL's XX001 and XX002. */
const isCorruption = (code: unknown): boolean =>
  typeof code === "number"
    ? [11, 26].includes(code & 0xff)
    : typeof code === "string" && /^(SQLITE_CORRUPT|SQLITE_NOTADB|XX00[12])/.test(code)
