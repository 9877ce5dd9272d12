/**
 * [sql] Effect's `SqlClient` on `node:sqlite`, for one file that several processes of one machine share.
 *
 * Decided here: write-ahead log, a full sync at each commit; a file that another process holds is waited for without
 * blocking this one; and the file is opened anew after a statement that failed or was given up, and when it was
 * replaced. A file that was removed is not made again while a process runs. Not here: who may open the file
 * (`SqliteFile`), and what is stored (`Register`).
 */
import type { AuthError } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as SqliteFile from "./SqliteFile.ts"

interface Opened {
  readonly database: DatabaseSync
  readonly identity: SqliteFile.Identity
}

/** Milliseconds in which SQLite waits for another process by itself, which blocks this one. */
const blockFor = 10

/** Then it is tried again, in between others run. Longer than any caller waits. */
const waiting = Schedule.max([Schedule.spaced("25 millis"), Schedule.recurs(1_000)])

/** Tries after which the file is opened anew, in case the lock is this process's own. */
const reopenAfter = 10

/** A client of one file. */
export const layer = (
  options: SqliteFile.Options
): Layer.Layer<SqlClient.SqlClient, AuthError.InvalidOptions | AuthError.StoreFailure> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))

const make = Effect.fnUntraced(function* (options: SqliteFile.Options) {
  // Only here: who uses PostgreSQL alone never loads it.
  const { DatabaseSync } = yield* Effect.promise(() => import("node:sqlite"))
  yield* SqliteFile.prepare(options, (path) => {
    const database = new DatabaseSync(path)
    database.exec("PRAGMA journal_mode = wal")
    database.close()
  })

  let opened: Opened | undefined
  const close = () => {
    opened?.database.close()
    opened = undefined
  }
  yield* Effect.addFinalizer(() => Effect.sync(close))

  const open = (identity: SqliteFile.Identity): Opened => {
    const database = new DatabaseSync(options.filename, { timeout: blockFor })
    try {
      const mode = database.prepare("PRAGMA journal_mode = wal").get()
      if (mode?.["journal_mode"] !== "wal") throw failure(cantOpen)
      database.exec("PRAGMA synchronous = full")
      return { database, identity }
    } catch (cause) {
      database.close()
      throw cause
    }
  }

  const current = (): DatabaseSync => {
    const identity = SqliteFile.identify(options.filename)
    if (identity === "missing") throw failure(cantOpen)
    if (identity === "truncated") throw failure(notADatabase)
    if (opened !== undefined && opened.identity !== identity) close()
    opened ??= open(identity)
    return opened.database
  }

  const isTransaction = () => opened?.database.isTransaction ?? false

  // What a failure leaves behind is SQLite's secret: a file that it may only read from then on, a page that it takes
  // for damaged. Opened anew, it is as the disk has it.
  const forgets = <A>(statement: Effect.Effect<A, SqlError.SqlError>) =>
    Effect.onExit(statement, (exit) => Effect.sync(() => Exit.isFailure(exit) && !isTransaction() && close()))

  /** Times in a row that a lock was not had. */
  let denied = 0
  const query = (sql: string, params: ReadonlyArray<unknown>, isArrays = false) =>
    Effect.try({
      try: () => {
        const statement = (opened?.database ?? current()).prepare(sql)
        statement.setReturnArrays(isArrays)
        const rows = statement.all(...(params as ReadonlyArray<SQLInputValue>)) as ReadonlyArray<any>
        denied = 0
        return rows
      },
      catch: (cause) => {
        const error = toError(cause, "execute")
        // A lock that SQLite could not give back is given back when the file is closed.
        if (isBusy(error) && !isTransaction() && ++denied % reopenAfter === 0) close()
        return error
      }
    }).pipe(Effect.retry({ schedule: waiting, while: (error) => isBusy(error) && !isTransaction() }), forgets)

  const execute: Connection["execute"] = (sql, params, transformRows) =>
    transformRows === undefined ? query(sql, params) : Effect.map(query(sql, params), transformRows)
  const values: Connection["executeValues"] = (sql, params) => query(sql, params, true)
  const connection: Connection = {
    execute,
    executeRaw: query,
    executeValues: values,
    executeValuesUnprepared: values,
    executeUnprepared: execute,
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(Effect.map(execute(sql, params, transformRows), Stream.fromIterable))
  }

  const acquired = Effect.try({
    try: () => {
      current()
      return connection
    },
    catch: (cause) => toError(cause, "connect")
  }).pipe(Effect.retry({ schedule: waiting, while: isBusy }), forgets)

  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: acquired,
      semaphore: Semaphore.makeUnsafe(1),
      isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})

/** Another process holds the file. */
const isBusy = ({ reason }: SqlError.SqlError): boolean => reason._tag === "LockTimeoutError"

/** SQLite's own code, and no message: that could quote what was written. */
const toError = (cause: unknown, operation: string): SqlError.SqlError => {
  const code = Number(cause instanceof Error && "errcode" in cause ? cause.errcode : cantOpen)
  const reason = SqlError.classifySqliteError({ code }, { message: `SQLite says ${code}`, operation })
  return new SqlError.SqlError({ reason })
}

/** As SQLite would throw it. */
const failure = (errcode: number) => Object.assign(new Error(), { errcode })

const cantOpen = 14
const notADatabase = 26
