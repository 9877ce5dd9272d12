// Guarantee H1 on real disks: one that is full to the last page, and one that can only be read. The old record stays as
// it is, the valid token is served, the failure is typed, what could not be written is written later, nobody logs in.
// Decided here: disks of a few pages that are mounted for a test. Not here: the same by SQLite's own limits
// (SqliteFaults.test.ts), a server that is down or slow (PostgresFaults.test.ts), and damage (SqliteFile.test.ts).
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { dirname } from "node:path"
import { SqlTokenStore } from "../../src/index.ts"
import { type File, filled, inFile, keys, openFile, rows, session } from "../Keys.ts"
import * as Lrs from "../Lrs.ts"
import * as Mounts from "../Mounts.ts"

const layerOf = (file: File) => SqlTokenStore.layerSqlite({ filename: file.path, keys })

/** A file on a disk of its own of 1 MiB. */
const onSmallDisk = <A, E>(
  use: (file: File, disk: Effect.Success<ReturnType<typeof Mounts.small>>) => Effect.Effect<A, E, Scope.Scope>
) =>
  inFile((file) => Effect.scoped(Effect.flatMap(Mounts.small(dirname(file.path), 2 ** 20), (disk) => use(file, disk))))

/** Refreshes, over a disk that does not take it: it fails typed, and the token that is held is served. */
const refusesRefresh = Effect.fnUntraced(function* (auth: Effect.Success<ReturnType<typeof Lrs.process>>, times = 3) {
  const { generation } = yield* auth.token
  for (let n = 0; n < times; n++) {
    assert.strictEqual(yield* Lrs.reason(Lrs.withTime(auth.refresh, { step: 500 })), "StoreFailure Unavailable")
    assert.strictEqual((yield* auth.token).generation, generation)
  }
})

if (Mounts.refused !== undefined) {
  process.stderr.write(`\n${Mounts.refused}\n\n`)
  it.skip(Mounts.refused, () => {})
} else {
  describe("H1: a disk that is full", () => {
    it.effect("at any page of a write: it is written whole, or fails typed and leaves the old record", () =>
      onSmallDisk((file, disk) =>
        Effect.gen(function* () {
          const store = yield* openFile(file)
          let seeds = ["x"]
          assert.isTrue(yield* store.write("robot", 0, { ...session("robot"), seeds }))
          let [taken, refused] = [0, 0]
          for (let left = 0; left < 24; left++) {
            const { version } = yield* store.read("robot")
            const next = [String(left).repeat(20_000)]
            disk.fill(left)
            const written = yield* Effect.result(store.write("robot", version, { ...session("robot"), seeds: next }))
            if (written._tag === "Success") {
              assert.isTrue(written.success)
              seeds = next
              taken++
            } else {
              assert.strictEqual(written.failure.problem, "Unavailable")
              refused++
            }
            const here = yield* store.read("robot")
            // Another process is started where there is no room: what it finds is the same, or it fails typed.
            const beside = yield* Effect.result(
              Effect.scoped(Effect.flatMap(openFile(file), ({ read }) => read("robot")))
            )
            disk.clear()
            const after = yield* Effect.scoped(Effect.flatMap(openFile(file), ({ read }) => read("robot")))
            const found = beside._tag === "Success" ? [here, beside.success, after] : [here, after]
            for (const row of found) {
              assert.strictEqual(row.version, version + (written._tag === "Success" ? 1 : 0))
              assert.deepStrictEqual(row.session!.seeds, seeds)
            }
          }
          // There was no room at the beginning, and enough of it at the end.
          assert.isAbove(taken, 3)
          assert.isAbove(refused, 3)
        })
      )
    )

    it.effect(
      "before a refresh: nothing is sent, the valid token is served, and with room again it heals by itself",
      () =>
        onSmallDisk((file, disk) =>
          Effect.gen(function* () {
            const simulator = yield* Lrs.vendor
            const auth = yield* Lrs.process(simulator, layerOf(file))
            yield* auth.token
            const before = rows(file)
            disk.fill()
            yield* refusesRefresh(auth)
            assert.deepStrictEqual(rows(file), before)
            assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
            disk.clear()
            // By its own schedule: nobody asks.
            yield* Lrs.withTime(Effect.sleep("10 minutes"), { step: 1_000 })
            assert.strictEqual((yield* auth.token).generation, 2)
            assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
          })
        )
    )

    it.effect("while a refresh is under way: what it gave is kept, and written once there is room", () =>
      onSmallDisk((file, disk) =>
        Effect.gen(function* () {
          const simulator = yield* Lrs.vendor
          let isFilling = false
          /** There is no room from the moment when the intent is written. */
          const filling = Layer.effect(
            TokenStore.TokenStore,
            Effect.map(TokenStore.TokenStore, (inner) => ({
              ...inner,
              write: (...args) => Effect.tap(inner.write(...args), () => Effect.sync(() => isFilling && disk.fill()))
            }))
          ).pipe(Layer.provide(layerOf(file)))
          const auth = yield* Lrs.process(simulator, filling)
          yield* auth.token
          isFilling = true
          assert.strictEqual(yield* Lrs.reason(Lrs.withTime(auth.refresh, { step: 500 })), "StoreFailure Unavailable")
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
          // What is owed is tried ten times a second, as long as a flight may take.
          yield* refusesRefresh(auth, 1)
          isFilling = false
          disk.clear()
          yield* Lrs.withTime(Effect.sleep("10 minutes"), { step: 1_000 })
          assert.strictEqual((yield* auth.token).generation, 2)
          // Its refresh token was not lost with it: it is the next one that is presented.
          assert.strictEqual((yield* Lrs.withTime(auth.refresh)).generation, 3)
          const other = yield* Lrs.process(simulator, layerOf(file))
          assert.strictEqual((yield* Lrs.withTime(other.token)).generation, 3)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 2 })
        })
      )
    )

    for (const what of ["no file yet", "a session in it"] as const) {
      it.effect(`when a process starts, with ${what}: it fails typed, nobody logs in, and with room it starts`, () =>
        onSmallDisk((file, disk) =>
          Effect.gen(function* () {
            const simulator = yield* Lrs.vendor
            const start = Lrs.process(simulator, layerOf(file))
            if (what === "a session in it") yield* Effect.scoped(Effect.flatMap(start, ({ token }) => token))
            const { logins } = yield* Lrs.asked(simulator)
            disk.fill()
            for (let n = 0; n < 3; n++) {
              const error = yield* Effect.flip(Effect.scoped(start))
              assert(error._tag === "StoreFailure")
              assert.strictEqual(error.problem, "Unavailable")
            }
            disk.clear()
            const auth = yield* start
            assert.strictEqual((yield* auth.token).generation, 1)
            assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
            assert.strictEqual(logins, what === "a session in it" ? 1 : 0)
          })
        )
      )
    }
  })

  describe("H1: a disk that can only be read", () => {
    it.effect("the valid token is served, to a process that starts too; nothing is sent, and it heals by itself", () =>
      inFile((file) =>
        Effect.gen(function* () {
          const simulator = yield* Lrs.vendor
          const auth = yield* Lrs.process(simulator, layerOf(file))
          yield* auth.token
          const before = rows(file)
          yield* Effect.gen(function* () {
            yield* Mounts.readOnly(dirname(file.path))
            yield* refusesRefresh(auth)
            const other = yield* Lrs.process(simulator, layerOf(file))
            assert.strictEqual((yield* Lrs.withTime(other.token)).generation, 1)
            yield* refusesRefresh(other)
          }).pipe(Effect.scoped)
          assert.deepStrictEqual(rows(file), before)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 0 })
          yield* Lrs.withTime(Effect.sleep("10 minutes"), { step: 1_000 })
          assert.strictEqual((yield* auth.token).generation, 2)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: 1 })
        }).pipe(Effect.scoped)
      )
    )

    it.effect(
      "a process that cannot open the file fails typed, nobody logs in, and it starts where it can be written",
      () =>
        inFile((file) =>
          Effect.gen(function* () {
            yield* filled(file)
            const simulator = yield* Lrs.vendor
            const start = Lrs.process(simulator, layerOf(file))
            const before = rows(file)
            yield* Effect.gen(function* () {
              // Without what SQLite keeps beside a file that is open, it would have to be made first.
              yield* Mounts.readOnly(dirname(file.path))
              const error = yield* Effect.flip(start)
              assert(error._tag === "StoreFailure")
              assert.strictEqual(error.problem, "Unavailable")
            }).pipe(Effect.scoped)
            assert.deepStrictEqual(rows(file), before)
            assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 0, refreshes: 0 })
            yield* (yield* start).token
          }).pipe(Effect.scoped)
        )
    )
  })
}
