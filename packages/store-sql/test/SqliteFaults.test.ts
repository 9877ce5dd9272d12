// What goes wrong with a file while a process has it open: the failure is typed, the valid token is served, nothing is
// lost, nobody logs in for it, and the process heals by itself.
// Decided here: faults of the disk are made by SQLite's own limits. Not here: real disks
// (`guarantees/Disk.test.ts`), and damage found at the start (`SqliteFile.test.ts`).
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@vendor-auth/core"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import * as Fs from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { SqlTokenStore } from "../src/index.ts"
import * as SqliteClient from "../src/SqliteClient.ts"
import { type File, inFile, key, keys, rows, session } from "./Keys.ts"
import * as Lrs from "./Lrs.ts"

const layerOf = (file: File, option: SqlTokenStore.KeyOption = keys) =>
  SqlTokenStore.layerSqlite({ filename: file.path, keys: option })

/** A store, and the client under it to make faults with. */
const opened = Effect.fnUntraced(function* (file: File) {
  const layer = SqlTokenStore.layer({ keys }).pipe(Layer.provideMerge(SqliteClient.layer({ filename: file.path })))
  const context = yield* Layer.build(layer)
  const store = Context.get(context, TokenStore.TokenStore)
  return { store, sql: Context.get(context, SqlClient.SqlClient), layer: Layer.succeed(TokenStore.TokenStore, store) }
})

/** Copies the file as it is, with what its log holds. */
const copy = (file: File, to: string) => {
  file.sql("PRAGMA wal_checkpoint(TRUNCATE)")
  Fs.copyFileSync(file.path, to)
}

describe("H1: a disk", () => {
  it.effect("that is full: a write fails and leaves the old record; with room again it is taken", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { sql, store } = yield* opened(file)
        yield* store.write("robot", 0, session("robot"))
        const [{ page_count: pages }] = (yield* sql`PRAGMA page_count`) as [{ page_count: number }]
        yield* sql.unsafe(`PRAGMA max_page_count = ${pages}`)
        const before = yield* store.read("robot")
        const large = { ...session("robot"), seeds: ["x".repeat(100_000)] }
        const error = yield* Effect.flip(store.write("robot", before.version, large))
        assert.strictEqual(error.problem, "Unavailable")
        assert.match(error.message, / 13\)/)
        assert.deepStrictEqual(
          Object.entries(yield* store.read("robot")).slice(0, 2),
          Object.entries(before).slice(0, 2)
        )
        yield* sql.unsafe("PRAGMA max_page_count = 1000000")
        assert.isTrue(yield* store.write("robot", before.version, large))
      }).pipe(Effect.scoped)
    )
  )

  it.effect("that became read-only: the valid token is served, nothing is sent, and it heals by itself", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { layer, sql } = yield* opened(file)
        const simulator = yield* Lrs.vendor
        const auth = yield* Lrs.process(simulator, layer)
        const token = yield* auth.token
        // Of this connection, as SQLite makes it where it may not write.
        yield* sql`PRAGMA query_only = ON`
        const before = rows(file)
        assert.strictEqual(yield* Lrs.reason(Lrs.withTime(auth.refresh)), "StoreFailure Unavailable")
        assert.strictEqual((yield* auth.token).generation, token.generation)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
        assert.deepStrictEqual(rows(file), before)
        assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 2)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
      }).pipe(Effect.scoped)
    )
  )
})

describe("H1: a disk that is slow", () => {
  it.effect("4 s for each call: the valid token is served at once meanwhile, and a refresh succeeds", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const simulator = yield* Lrs.vendor
        const auth = yield* Lrs.process(simulator, Lrs.slow(layerOf(file), 4_000))
        yield* Lrs.withTime(auth.token)
        const refreshing = yield* Effect.forkChild(Lrs.withTime(auth.refresh))
        let served = 0
        while (refreshing.pollUnsafe() === undefined) {
          const asked = yield* Clock.currentTimeMillis
          if ((yield* auth.token).generation === 1) served++
          assert.strictEqual(yield* Clock.currentTimeMillis, asked)
          yield* Effect.raceFirst(Fiber.await(refreshing), Effect.sleep("1 second"))
        }
        assert.strictEqual((yield* Fiber.join(refreshing)).generation, 2)
        assert.isAtLeast(served, 12)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
      }).pipe(Effect.scoped)
    )
  )
})

describe("a file that another process holds", () => {
  it.live("is waited for, and others run meanwhile", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { store } = yield* opened(file)
        yield* store.write("robot", 0, session("robot"))
        const other = new DatabaseSync(file.path)
        other.exec("BEGIN IMMEDIATE")
        const writing = yield* Effect.forkChild(store.write("robot", 1, session("robot")), { startImmediately: true })
        let ran = 0
        for (; ran < 5; ran++) yield* Effect.sleep(20)
        assert.isUndefined(writing.pollUnsafe())
        other.exec("COMMIT")
        other.close()
        assert.isTrue(yield* Fiber.join(writing))
        assert.strictEqual(ran, 5)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("is still read, also after a write that had to be given up", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { store } = yield* opened(file)
        yield* store.write("robot", 0, session("robot"))
        const other = new DatabaseSync(file.path)
        other.exec("BEGIN IMMEDIATE")
        const writing = Effect.flip(store.write("robot", 1, session("robot")))
        assert.strictEqual((yield* Lrs.withTime(writing, { hangs: true, step: 1_000 })).problem, "Unavailable")
        assert.strictEqual((yield* store.read("robot")).version, 1)
        other.close()
      }).pipe(Effect.scoped)
    )
  )

  it.effect("for 30 s: a refresh fails after 5 s, the token is served, and nothing was sent", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const simulator = yield* Lrs.vendor
        const auth = yield* Lrs.process(simulator, layerOf(file))
        const token = yield* auth.token
        const other = new DatabaseSync(file.path)
        other.exec("BEGIN IMMEDIATE")
        for (let n = 0; n < 3; n++) {
          assert.strictEqual(
            yield* Lrs.reason(Lrs.withTime(auth.refresh, { hangs: true, step: 500 })),
            "StoreFailure Unavailable"
          )
          yield* TestClock.adjust("5 seconds")
          assert.strictEqual((yield* auth.token).generation, token.generation)
        }
        other.close()
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
        assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 2)
        assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
      }).pipe(Effect.scoped)
    )
  )
})

describe("H4: a file that is damaged while it is open", () => {
  const faults: ReadonlyArray<readonly [string, string, (file: File) => void]> = [
    [
      "replaced by garbage",
      "StoreFailure Corrupt",
      (file) => {
        Fs.writeFileSync(`${file.path}.bad`, Buffer.alloc(20_000, "garbage "), { mode: 0o600 })
        Fs.renameSync(`${file.path}.bad`, file.path)
      }
    ],
    ["truncated", "StoreFailure Corrupt", (file) => Fs.truncateSync(file.path)],
    ["removed", "StoreFailure Unavailable", (file) => Fs.rmSync(file.path)]
  ]
  for (const [what, said, fault] of faults) {
    it.effect(`and ${what}: the token is served, nobody logs in, and a restored file is used at once`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          const simulator = yield* Lrs.vendor
          const auth = yield* Lrs.process(simulator, layerOf(file))
          yield* auth.token
          copy(file, `${file.path}.copy`)
          fault(file)
          const damaged = Fs.existsSync(file.path) && Fs.readFileSync(file.path)
          for (let n = 0; n < 5; n++) {
            assert.strictEqual(yield* Lrs.reason(Lrs.withTime(auth.refresh)), said)
            assert.strictEqual((yield* auth.token).generation, 1)
          }
          assert.deepStrictEqual(Fs.existsSync(file.path) && Fs.readFileSync(file.path), damaged)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
          for (const name of ["-wal", "-shm"]) Fs.rmSync(file.path + name, { force: true })
          Fs.renameSync(`${file.path}.copy`, file.path)
          assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 2)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
        }).pipe(Effect.scoped)
      )
    )
  }
})

describe("a record that this process cannot read", () => {
  const cases: ReadonlyArray<readonly [string, string, string, SqlTokenStore.KeyOption]> = [
    [
      "H5: since its key is unknown here",
      "SELECT 1",
      "StoreFailure Undecryptable",
      { current: "b", keys: { b: key() } }
    ],
    [
      "H5: since another key has its key's id",
      "SELECT 1",
      "StoreFailure Undecryptable",
      {
        current: "test",
        keys: { test: key() }
      }
    ],
    ["G9: since a newer version wrote it", "UPDATE sessions SET format = 2", "StoreFailure NewerVersion", keys],
    ["H4: since it was damaged", "UPDATE sessions SET record = 'x'", "StoreFailure Corrupt", keys]
  ]
  for (const [why, change, said, option] of cases) {
    it.effect(`${why}: stays as it is, and 100 reads of a token log in not once`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          const simulator = yield* Lrs.vendor
          const first = yield* Lrs.process(simulator, layerOf(file))
          yield* first.token
          file.sql(change)
          const before = rows(file)
          const second = yield* Lrs.process(simulator, layerOf(file, option))
          for (let n = 0; n < 100; n++) assert.strictEqual(yield* Lrs.reason(second.token), said)
          yield* TestClock.adjust("10 minutes")
          assert.strictEqual(yield* Lrs.reason(Lrs.withTime(second.refresh)), said)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
          assert.deepStrictEqual(rows(file), before)
          // Who has the token serves it meanwhile.
          assert.strictEqual((yield* first.token).generation, 1)
        }).pipe(Effect.scoped)
      )
    )
  }
})
