/**
 * [sql] The table as it is made and changed, by Effect's Migrator.
 *
 * Decided here: the columns, and that any number of processes may do this at once: PostgreSQL takes them one after the
 * other by a lock, SQLite by beginning each transaction as a writer's. Not here: the statements (`Register`).
 */
import { AuthError } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import * as SqlError from "effect/sql/SqlError"

/** What is spoken. */
export type Dialect = "pg" | "sqlite"

/** Which of the two a client speaks. */
export const dialectOf = (sql: SqlClient.SqlClient): Effect.Effect<Dialect, AuthError.InvalidOptions> =>
  sql.onDialectOrElse({
    pg: (): Effect.Effect<Dialect, AuthError.InvalidOptions> => Effect.succeed("pg"),
    sqlite: (): Effect.Effect<Dialect, AuthError.InvalidOptions> => Effect.succeed("sqlite"),
    orElse: () =>
      Effect.fail(
        new AuthError.InvalidOptions({ field: "SqlClient", problem: "speaks neither PostgreSQL's SQL nor SQLite's" })
      )
  })

/** Brings the database to this version's state. */
export const run = (sql: SqlClient.SqlClient): Effect.Effect<void, SqlError.SqlError> =>
  migrate.pipe(
    Effect.provideService(SqlClient.SqlClient, sql),
    Effect.provideService(
      SqlClient.BeginTransaction,
      sql.onDialectOrElse({ sqlite: () => "BEGIN IMMEDIATE", orElse: () => undefined })
    ),
    Effect.catchTag("MigrationError", ({ cause, message }) =>
      Effect.fail(
        SqlError.isSqlError(cause)
          ? cause
          : new SqlError.SqlError({ reason: new SqlError.UnknownError({ cause, message, operation: "migrate" }) })
      )
    ),
    Effect.asVoid
  )

/** Instants are milliseconds since the epoch, with fractions. `key_id` is null where `record` is plaintext. */
const sessions = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE vendor_auth_sessions (
    id text NOT NULL PRIMARY KEY,
    vendor text NOT NULL,
    version bigint NOT NULL,
    generation bigint NOT NULL,
    due_at double precision,
    intent_id text,
    intent_kind text,
    intent_deadline double precision,
    intent_at double precision,
    format integer NOT NULL,
    key_id text,
    record text NOT NULL,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL
  )`
  yield* sql`CREATE INDEX vendor_auth_sessions_due ON vendor_auth_sessions (vendor, due_at, id)`
  yield* sql`CREATE INDEX vendor_auth_sessions_intent ON vendor_auth_sessions (intent_at, intent_deadline)
    WHERE intent_deadline IS NOT NULL`
})

const migrate = Migrator.make({})({
  table: "vendor_auth_migrations",
  loader: Migrator.fromRecord({ "0001_sessions": sessions })
})
