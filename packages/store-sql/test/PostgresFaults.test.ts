// What is PostgreSQL's own: many replicas that start at once, poolers, settings that would lose a write, a server that
// is down or slow, and what its complaints would give away.
// Decided here: one real server, and a schema of its own for each test. Not here: the store's contract
// (`Postgres.test.ts`).
import { PgClient } from "@effect/sql-pg"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { AuthError, Session, TokenStore } from "@vendor-auth/core"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { SqlTokenStore } from "../src/index.ts"
import { keys, session } from "./Keys.ts"
import * as Lrs from "./Lrs.ts"
import * as Postgres from "./Postgres.ts"

type Options = Partial<Parameters<typeof PgClient.layer>[0]>

if (Postgres.programs === undefined) {
  process.stderr.write(`\n${Postgres.missing}\n\n`)
  it.skip(Postgres.missing, () => {})
} else {
  // A commit that is not waited for stays in memory for ten seconds.
  const server = await Postgres.start({ wal_writer_delay: "10s", synchronous_commit: "off" })
  afterAll(server.stop, 60_000)

  const client = (schema: string, options: Options = {}) =>
    PgClient.layer({
      url: Redacted.make(server.url),
      maxConnections: 4,
      ...options,
      startupOptions: `-c search_path=${schema} ${options.startupOptions ?? ""}`
    })

  /** Runs statements, each by itself, on a connection that is closed afterwards. */
  const run = (schema: string, ...statements: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      return yield* Effect.forEach(statements, (statement) => sql.unsafe<Record<string, unknown>>(statement))
    }).pipe(Effect.provide(client(schema)))

  let made = 0
  /** An empty schema. */
  const schema = Effect.gen(function* () {
    const name = `test_${++made}`
    yield* run("public", `CREATE SCHEMA ${name}`)
    return name
  })

  const layer = (name: string, options: Options = {}, migrate = true) =>
    SqlTokenStore.layer({ keys, migrate }).pipe(Layer.provideMerge(client(name, options)))

  /** A replica: its store, its operator's view and its own client. */
  const start = (name: string, options: Options = {}, migrate = true) =>
    Effect.map(Layer.build(Layer.fresh(layer(name, options, migrate))), (context) => ({
      ...Context.get(context, TokenStore.TokenStore),
      operator: Context.get(context, SqlTokenStore.SqlTokenStore),
      sql: Context.get(context, SqlClient.SqlClient)
    }))

  describe("replicas", () => {
    it.effect("that start at once on an empty schema: one makes the table, all work", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const all = yield* Effect.all(
          Array.from({ length: 8 }, () => start(name, { maxConnections: 2 })),
          { concurrency: "unbounded" }
        )
        const won = yield* Effect.all(
          all.map((store, generation) => store.write("robot", 0, { ...session("robot"), generation })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(won.filter(Boolean).length, 1)
        const [found] = yield* run(name, "SELECT migration_id, name FROM vendor_auth_migrations")
        assert.deepStrictEqual(found, [{ migration_id: 1, name: "sessions" }])
      }).pipe(Effect.scoped)
    )

    it.effect("may use a role that can only read, insert and update, where a deploy step made the table", () =>
      Effect.gen(function* () {
        const name = yield* schema
        yield* Effect.scoped(start(name))
        yield* run(
          name,
          `CREATE ROLE replica_${name} LOGIN`,
          `GRANT USAGE ON SCHEMA ${name} TO replica_${name}`,
          `GRANT SELECT, INSERT, UPDATE ON vendor_auth_sessions TO replica_${name}`
        )
        const store = yield* start(name, { username: `replica_${name}` }, false)
        assert.isTrue(yield* store.write("robot", 0, session("robot")))
        assert.isTrue(yield* store.write("robot", 1, session("robot")))
        assert.deepStrictEqual(yield* store.due("Acme", 10), ["robot"])
      }).pipe(Effect.scoped)
    )

    it.effect("fail typed where no deploy step made the table, and work once it did", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const store = yield* start(name, {}, false)
        assert.match((yield* Effect.flip(store.read("robot"))).message, /Unavailable: SqlSyntaxError 42P01/)
        yield* Effect.scoped(start(name))
        assert.strictEqual((yield* store.read("robot")).version, 0)
      }).pipe(Effect.scoped)
    )

    it.effect("find the table again after it was dropped", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const store = yield* start(name)
        yield* run(name, "DROP TABLE vendor_auth_sessions", "DROP TABLE vendor_auth_migrations")
        assert.strictEqual((yield* Effect.flip(store.read("robot"))).problem, "Unavailable")
        assert.isTrue(yield* store.write("robot", 0, session("robot")))
      }).pipe(Effect.scoped)
    )
  })

  describe("a client", () => {
    const modes: ReadonlyArray<readonly [string, Options]> = [
      ["that prepares no statement, as a pooler wants it that lends connections for one", { prepare: false }],
      ["with a single connection", { maxConnections: 1 }],
      [
        "that renames columns",
        {
          transformQueryNames: (name) => name.toUpperCase(),
          transformResultNames: (name) => name.replaceAll("_", "")
        }
      ],
      ["whose transactions are serializable", { startupOptions: "-c default_transaction_isolation=serializable" }],
      ["whose reads are repeatable", { startupOptions: "-c default_transaction_isolation=repeatable\\ read" }]
    ]
    for (const [what, options] of modes) {
      it.effect(`${what} serves the whole contract, and of 20 writers one wins`, () =>
        Effect.gen(function* () {
          const name = yield* schema
          const store = yield* start(name, options)
          for (let round = 0; round < 5; round++) {
            const { version } = yield* store.read("robot")
            const won = yield* Effect.all(
              Array.from({ length: 20 }, (_, generation) =>
                store.write("robot", version, { ...session("robot"), generation })
              ),
              { concurrency: "unbounded" }
            )
            assert.strictEqual(won.filter(Boolean).length, 1)
            assert.strictEqual((yield* store.read("robot")).session!.generation, won.indexOf(true))
          }
          assert.deepStrictEqual(yield* store.due("Acme", 10), ["robot"])
          assert.deepStrictEqual(yield* store.operator.keyUsage, [{ keyId: "test", rows: 1 }])
          assert.deepStrictEqual(yield* store.operator.unresolved, [])
          assert.deepStrictEqual(yield* store.operator.sweep, { resealed: 0, unreadable: {} })
        }).pipe(Effect.scoped)
      )
    }

    it.effect("in a transaction of the caller's: the store's write is outside of it, and is not rolled back", () =>
      Effect.gen(function* () {
        const store = yield* start(yield* schema)
        const { sql } = store
        yield* sql`CREATE TABLE orders (id int)`
        const order = Effect.gen(function* () {
          yield* sql`INSERT INTO orders VALUES (1)`
          assert.isTrue(yield* store.write("robot", 0, session("robot")))
          return yield* Effect.fail("no")
        })
        assert.strictEqual(yield* Effect.flip(sql.withTransaction(order)), "no")
        assert.deepStrictEqual(yield* sql`SELECT * FROM orders`, [])
        assert.strictEqual((yield* store.read("robot")).version, 1)
      }).pipe(Effect.scoped)
    )

    it.effect("of another database's dialect is refused when the layer is built", () =>
      Effect.gen(function* () {
        const sql = {
          onDialectOrElse: ({ orElse }: { readonly orElse: () => unknown }) => orElse(),
          withoutTransforms: () => sql
        }
        const other = Layer.succeed(SqlClient.SqlClient, sql as unknown as SqlClient.SqlClient)
        const error = yield* Effect.flip(
          Effect.scoped(Layer.build(Layer.provide(SqlTokenStore.layer({ keys }), other)))
        )
        assert(error._tag === "InvalidOptions")
        assert.strictEqual(error.field, "SqlClient")
      })
    )
  })

  describe("the store's numbers", () => {
    it.effect("are exact beyond 32 bits", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const store = yield* start(name)
        yield* store.write("robot", 0, session("robot"))
        const version = 2 ** 53 - 2
        yield* run(name, `UPDATE vendor_auth_sessions SET version = ${version}`)
        assert.strictEqual((yield* store.read("robot")).version, version)
        assert.isFalse(yield* store.write("robot", version - 1, session("robot")))
        assert.isTrue(yield* store.write("robot", version, session("robot")))
        assert.strictEqual((yield* store.read("robot")).version, version + 1)
      }).pipe(Effect.scoped)
    )

    it.effect("of time are the database's: a process whose clock is wrong reads the same", () =>
      Effect.gen(function* () {
        const store = yield* start(yield* schema)
        const [{ now }] = (yield* store.sql`SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now`) as [
          { now: number }
        ]
        // This process's clock stands in 1970.
        assert.strictEqual(yield* Clock.currentTimeMillis, 0)
        const read = (yield* store.read("robot")).now
        assert.isTrue(read >= Math.floor(now) && read < now + 60_000)
      }).pipe(Effect.scoped)
    )
  })

  describe("a write", () => {
    it.effect("is on the disk when it answers, also where the server is told not to wait for that", () =>
      Effect.gen(function* () {
        const name = yield* schema
        yield* Effect.gen(function* () {
          const store = yield* start(name)
          yield* store.sql`CREATE TABLE plain (n int)`
          assert.isTrue(yield* store.write("robot", 0, session("robot")))
          assert.isTrue(yield* store.write("robot", 1, { ...session("robot"), generation: 9 }))
          // This one is not, so that the crash is one.
          yield* store.sql`INSERT INTO plain VALUES (1)`
          yield* Effect.promise(server.crash)
        }).pipe(Effect.scoped)
        yield* Effect.promise(server.start)
        const [plain] = yield* run(name, "SELECT n FROM plain")
        assert.deepStrictEqual(plain, [])
        const row = yield* (yield* start(name)).read("robot")
        assert.deepStrictEqual([row.version, row.session!.generation], [2, 9])
      }).pipe(Effect.scoped)
    )

    it.effect("that the database refuses tells its code, and nothing of the row that PostgreSQL quotes", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const store = yield* start(name)
        yield* run(name, "ALTER TABLE vendor_auth_sessions ADD CHECK (generation < 10)")
        const secret = { ...Session.empty("canary-vendor"), generation: 11 }
        const error = yield* Effect.flip(store.write("canary-account", 0, secret))
        assert.instanceOf(error, AuthError.StoreFailure)
        assert.match(error.message, /Unavailable: ConstraintError 23514/)
        const id = yield* TokenStore.fingerprint("canary-account")
        const printed = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + String(error.stack)
        for (const word of ["canary", id, "Failing row"]) assert.notInclude(printed, word)
      }).pipe(Effect.scoped)
    )
  })

  describe("H13: a server", () => {
    it.effect("that is down for 30 s: the token is served, nothing is sent, and the process heals by itself", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const simulator = yield* Lrs.vendor
        const auth = yield* Lrs.process(simulator, layer(name))
        const token = yield* Lrs.withTime(auth.token)
        yield* Effect.promise(server.crash)
        for (let n = 0; n < 2; n++) {
          assert.strictEqual(
            yield* Lrs.reason(Lrs.withTime(auth.refresh, { hangs: true, step: 1_000 })),
            "StoreFailure Unavailable"
          )
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* auth.token).generation, token.generation)
        }
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
        yield* Effect.promise(server.start)
        assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 2)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
      }).pipe(Effect.scoped)
    )

    it.effect("that does not answer: a refresh fails in time, the token is served, nothing is sent", () =>
      Effect.gen(function* () {
        const name = yield* schema
        const simulator = yield* Lrs.vendor
        const auth = yield* Lrs.process(simulator, layer(name))
        const token = yield* Lrs.withTime(auth.token)
        const other = yield* start(name)
        const { sql } = other
        const isFree = yield* Deferred.make<void>()
        const holds = yield* Deferred.make<void>()
        const holding = yield* sql`SELECT 1 FROM vendor_auth_sessions FOR UPDATE`.pipe(
          Effect.andThen(Deferred.succeed(holds, undefined)),
          Effect.andThen(Deferred.await(isFree)),
          sql.withTransaction,
          Effect.forkChild
        )
        yield* Deferred.await(holds)
        for (let n = 0; n < 2; n++) {
          assert.strictEqual(
            yield* Lrs.reason(Lrs.withTime(auth.refresh, { hangs: true, step: 1_000 })),
            "StoreFailure Unavailable"
          )
          assert.strictEqual((yield* auth.token).generation, token.generation)
        }
        yield* Deferred.succeed(isFree, undefined)
        yield* Fiber.join(holding)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
        assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 2)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
      }).pipe(Effect.scoped)
    )
  })
}
