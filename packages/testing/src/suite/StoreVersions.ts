/**
 * One account's record, its version and the store's clock.
 *
 * Decided here: the checks. Not here: many writers at once (`StoreRaces`), what is in a record (`StoreRecords`).
 */
import { assert, describe } from "@effect/vitest"
import * as Session from "@vendor-auth/core/Session"
import * as Effect from "effect/Effect"
import { type Check, clear, full, pass, put, session } from "./StoreCheck.ts"

/** Runs these checks. */
export const run = (check: Check): void => {
  describe("an account that was never written", () => {
    check("has version 0 and no session", ({ account, store }) =>
      Effect.gen(function* () {
        const { session: read, version } = yield* store.read(account)
        assert.deepStrictEqual({ read, version }, { read: undefined, version: 0 })
      })
    )

    check("stays unwritten however often it is read", ({ account, store }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 10; n++) yield* store.read(account)
        assert.strictEqual((yield* store.read(account)).version, 0)
        assert.isTrue(yield* store.write(account, 0, session()))
      })
    )

    for (const version of [1, 2, -1, 0.5, NaN, Infinity, 2 ** 53]) {
      check(`takes no write at version ${version}, and stays unwritten`, ({ account, store }) =>
        Effect.gen(function* () {
          assert.isFalse(yield* store.write(account, version, session()))
          assert.strictEqual((yield* store.read(account)).version, 0)
        })
      )
    }

    check("takes its first write at version 0", ({ account, store }) =>
      Effect.gen(function* () {
        assert.isTrue(yield* store.write(account, 0, full()))
        assert.deepStrictEqual(clear((yield* store.read(account)).session), clear(full()))
      })
    )
  })

  describe("a written account", () => {
    check("takes a write at the version that was read, time after time", ({ account, store }) =>
      Effect.gen(function* () {
        for (let generation = 1; generation <= 20; generation++) {
          yield* put(store, account, session({ generation }))
          assert.strictEqual((yield* store.read(account)).session!.generation, generation)
        }
      })
    )

    check("moves its version with each write, and never has one twice", ({ account, store }) =>
      Effect.gen(function* () {
        const versions = [0]
        for (let n = 0; n < 20; n++) versions.push(yield* put(store, account, session()))
        assert.deepStrictEqual(
          versions,
          [...new Set(versions)].toSorted((a, b) => a - b)
        )
      })
    )

    check("moves its version also when the same session is written again", ({ account, store }) =>
      Effect.gen(function* () {
        const before = yield* put(store, account, full())
        assert.isAbove(yield* put(store, account, full()), before)
      })
    )

    check("keeps its version when it is read", ({ account, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, session())
        for (let n = 0; n < 5; n++) assert.strictEqual((yield* store.read(account)).version, version)
      })
    )

    const refused: ReadonlyArray<readonly [string, (version: number) => number]> = [
      ["the version before", (version) => version - 1],
      ["the version after", (version) => version + 1],
      ["version 0", () => 0],
      ["a negative version", (version) => -version],
      ["no number", () => NaN],
      ["a fraction", (version) => version + 0.5],
      ["an infinite version", () => Infinity],
      ["a version beyond exact integers", () => 2 ** 53]
    ]
    for (const [what, of] of refused) {
      check(`refuses a write at ${what}, and nothing of it changes`, ({ account, store, vendor }) =>
        Effect.gen(function* () {
          yield* put(store, account, session({ generation: 1, vendor }))
          const version = yield* put(store, account, session({ generation: 2, vendor }))
          assert.isFalse(yield* store.write(account, of(version), session({ generation: 9, dueAt: 1, vendor })))
          const row = yield* store.read(account)
          assert.strictEqual(row.version, version)
          assert.deepStrictEqual(row.session, session({ generation: 2, vendor }))
          assert.deepStrictEqual(yield* store.due(vendor, 10), [])
        })
      )
    }

    check("keeps a record of no tokens as a record", ({ account, store, vendor }) =>
      Effect.gen(function* () {
        yield* put(store, account, Session.empty(vendor))
        assert.deepStrictEqual((yield* store.read(account)).session, Session.empty(vendor))
      })
    )

    check("is not deleted by a sign-out, which is one more write: no version and no generation restarts", (given) =>
      Effect.gen(function* () {
        const { account, store } = given
        let last = yield* put(store, account, full())
        for (let generation = 8; generation < 18; generation++) {
          const { session: read } = yield* store.read(account)
          const version = yield* put(store, account, Session.signOut(read!, "once"))
          assert.isAbove(version, last)
          assert.strictEqual((yield* store.read(account)).session!.generation, generation)
          last = version
        }
      })
    )

    check("does not move with another account", ({ account, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, session({ generation: 1 }))
        yield* put(store, `${account}, another`, session({ generation: 2 }))
        const row = yield* store.read(account)
        assert.deepStrictEqual([row.version, row.session!.generation], [version, 1])
      })
    )
  })

  describe("another process", () => {
    check("reads what was written as soon as the write has answered", ({ account, other, store }) =>
      Effect.gen(function* () {
        for (let generation = 1; generation <= 10; generation++) {
          const version = yield* put(store, account, full({ generation }))
          const row = yield* other.read(account)
          assert.deepStrictEqual([row.version, row.session!.generation], [version, generation])
        }
      })
    )

    check("writes at the version that was read here", ({ account, other, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, session())
        assert.isTrue(yield* other.write(account, version, session({ generation: 1 })))
        assert.strictEqual((yield* store.read(account)).session!.generation, 1)
      })
    )

    check("makes a version that was read before its write too old", ({ account, other, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, session())
        yield* put(other, account, session({ generation: 1 }))
        assert.isFalse(yield* store.write(account, version, session({ generation: 2 })))
        assert.strictEqual((yield* store.read(account)).session!.generation, 1)
      })
    )

    check("tells the same time", ({ account, other, store }) =>
      Effect.gen(function* () {
        const here = (yield* store.read(account)).now
        const there = (yield* other.read(account)).now
        assert.isAtMost(Math.abs(there - here), 60_000)
      })
    )
  })

  describe("the store's clock", () => {
    check("tells milliseconds for any account, written or not", ({ account, store }) =>
      Effect.gen(function* () {
        const unwritten = (yield* store.read(account)).now
        yield* put(store, account, session())
        const written = (yield* store.read(account)).now
        assert.isTrue(Number.isFinite(unwritten) && unwritten >= 0)
        assert.isTrue(written >= unwritten && written - unwritten < 60_000)
      })
    )

    check("goes on, and never back", ({ account, store }) =>
      Effect.gen(function* () {
        const times: Array<number> = []
        for (let n = 0; n < 20; n++) {
          times.push((yield* store.read(account)).now)
          yield* pass(5)
        }
        assert.deepStrictEqual(
          times,
          times.toSorted((a, b) => a - b)
        )
        assert.isAtLeast(times.at(-1)! - times[0]!, 50)
      })
    )
  })
}
