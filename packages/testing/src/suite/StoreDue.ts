/**
 * The list of accounts whose refresh is due.
 *
 * Decided here: the checks. Not here: when an account is due, and who refreshes it.
 */
import { assert, describe } from "@effect/vitest"
import * as Session from "@vendor-auth/core/Session"
import * as Effect from "effect/Effect"
import { type Check, type Given, pass, put, session } from "./StoreCheck.ts"

/** Writes accounts that are due so many milliseconds ago. */
const overdue = Effect.fnUntraced(function* (
  { account, store, vendor }: Given,
  ago: Readonly<Record<string, number | null>>
) {
  const { now } = yield* store.read(account)
  for (const [name, before] of Object.entries(ago)) {
    const dueAt = before === null ? null : now - before
    yield* put(store, `${account} ${name}`, session({ vendor, dueAt }))
  }
})

/** The names of those that are listed. */
const listed = ({ account, store, vendor }: Given, limit: number) =>
  Effect.map(store.due(vendor, limit), (found) => found.map((name) => name.slice(account.length + 1)))

/** Runs these checks. */
export const run = (check: Check): void => {
  describe("the list of what is due", () => {
    check("is empty for a vendor nobody has an account at", ({ store, vendor }) =>
      Effect.map(store.due(vendor, 10), (found) => assert.deepStrictEqual(found, []))
    )

    check("has the longest overdue first", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { third: 1_000, first: 3_000, second: 2_000 })
        assert.deepStrictEqual(yield* listed(given, 10), ["first", "second", "third"])
      })
    )

    check("has what is due at this very moment", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { now: 0 })
        assert.deepStrictEqual(yield* listed(given, 10), ["now"])
      })
    )

    check("has not what is due later, nor what never is", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { later: -3_600_000, never: null, due: 1_000 })
        assert.deepStrictEqual(yield* listed(given, 10), ["due"])
      })
    )

    check("has an account when its time has come", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { soon: -1_500 })
        assert.deepStrictEqual(yield* listed(given, 10), [])
        yield* pass(1_600)
        assert.deepStrictEqual(yield* listed(given, 10), ["soon"])
      })
    )

    check("has times with fractions in their order", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { second: 10.25, first: 10.5, third: 10 })
        assert.deepStrictEqual(yield* listed(given, 10), ["first", "second", "third"])
      })
    )

    check("is no longer than its limit, and then has the longest overdue", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { c: 1_000, a: 3_000, b: 2_000 })
        assert.deepStrictEqual(yield* listed(given, 2), ["a", "b"])
        assert.deepStrictEqual(yield* listed(given, 1), ["a"])
        assert.deepStrictEqual(yield* listed(given, 0), [])
      })
    )

    check("is whole under a limit that is larger, even without end", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { a: 3_000, b: 2_000 })
        assert.deepStrictEqual(yield* listed(given, 1_000_000), ["a", "b"])
        assert.deepStrictEqual(yield* listed(given, Infinity), ["a", "b"])
      })
    )

    check("has one vendor's accounts alone, by its exact name", (given) =>
      Effect.gen(function* () {
        const { account, store, vendor } = given
        yield* overdue(given, { mine: 1_000 })
        const others = [`${vendor} `, vendor.toLowerCase(), vendor.slice(0, -1), `${vendor.slice(0, -1)}_`, "%"]
        for (const [n, other] of others.entries()) {
          yield* put(store, `${account} other ${n}`, session({ vendor: other, dueAt: 0 }))
        }
        assert.deepStrictEqual(yield* listed(given, 10), ["mine"])
        assert.deepStrictEqual(yield* store.due(others[0]!, 10), [`${account} other 0`])
      })
    )

    check("has each account once, however often it was written", (given) =>
      Effect.gen(function* () {
        for (const ago of [1, 2, 3]) yield* overdue(given, { a: ago })
        assert.deepStrictEqual(yield* listed(given, 10), ["a"])
      })
    )

    check("goes by what was written last", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { a: 2_000, b: 1_000 })
        yield* overdue(given, { a: 500 })
        assert.deepStrictEqual(yield* listed(given, 10), ["b", "a"])
        yield* overdue(given, { b: -3_600_000 })
        assert.deepStrictEqual(yield* listed(given, 10), ["a"])
      })
    )

    check("has not an account that signed out", (given) =>
      Effect.gen(function* () {
        const { account, store } = given
        yield* overdue(given, { a: 1_000 })
        const { session: read } = yield* store.read(`${account} a`)
        yield* put(store, `${account} a`, Session.signOut(read!, "once"))
        assert.deepStrictEqual(yield* listed(given, 10), [])
      })
    )

    check("gives accounts by the names they were written with", ({ account, store, vendor }) =>
      Effect.gen(function* () {
        const names = ["\0", "e\u0301", "\u00e9", "\ud83d", "\u{1f600}", "__proto__", "'", "\n", "x".repeat(65_536)]
        const accounts = names.map((name) => `${account} ${name}`)
        for (const [n, name] of accounts.entries()) yield* put(store, name, session({ vendor, dueAt: n - 100 }))
        assert.deepStrictEqual(yield* store.due(vendor, 100), accounts)
      })
    )

    check("is seen alike by another process", (given) =>
      Effect.gen(function* () {
        yield* overdue(given, { b: 1_000, a: 2_000 })
        assert.deepStrictEqual(yield* listed({ ...given, store: given.other }, 10), ["a", "b"])
      })
    )

    check("changes nothing by being read, and does not hand out what it lists", (given) =>
      Effect.gen(function* () {
        const { account, store } = given
        yield* overdue(given, { a: 1_000 })
        const before = yield* store.read(`${account} a`)
        assert.deepStrictEqual(yield* listed(given, 10), ["a"])
        assert.deepStrictEqual(yield* listed(given, 10), ["a"])
        assert.strictEqual((yield* store.read(`${account} a`)).version, before.version)
      })
    )

    check("is in order for 200 accounts that were written in none", (given) =>
      Effect.gen(function* () {
        const ago = Array.from({ length: 200 }, (_, n) => (n * 77) % 200)
        yield* overdue(given, Object.fromEntries(ago.map((before) => [`n${before}`, before])))
        const wanted = Array.from({ length: 200 }, (_, n) => `n${199 - n}`)
        assert.deepStrictEqual(yield* listed(given, 1_000), wanted)
        assert.deepStrictEqual(yield* listed(given, 50), wanted.slice(0, 50))
      })
    )
  })
}
