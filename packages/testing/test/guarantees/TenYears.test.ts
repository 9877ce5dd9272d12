// Ten virtual years of three accounts, whose lives are those of the three vendors: exactly the exchanges that the
// design's figures ask for, none failed, none too many. Jitter is off, so that the number is known beforehand.
// The timer wakes every 60 virtual seconds: by day an eightieth of the time passes, at night all of it.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { day, engine, hour, minute, patience, steady, times, vendor, year } from "./Acme.ts"

/** Due is min(15 minutes, 25 %) before the end that counts. */
const dueAfter = (end: number) => end - Math.min(15 * minute, end / 4)

describe("ten years", () => {
  it.effect(
    "of three accounts end with exactly the exchanges expected",
    () =>
      Effect.gen(function* () {
        const span = times(10 * year, 80)
        // LogiSense: 30 minutes; its refresh token rotates, ends 1 s earlier, and a second is taken off its life.
        const logiSense = vendor({
          account: ["LogiSense"],
          life: 30 * minute,
          answer: (given) => Effect.succeed({ ...given, refreshLife: 30 * minute - 1_000 })
        })
        // LRS Connect: 1 hour, rotating.
        const lrs = vendor({ account: ["LRS"], life: hour })
        // ItemPath: 15 minutes; the refresh token of the login serves for 30 days, and a refresh gives no other one.
        let loggedInAt = 0
        let refused = 0
        const itemPath: Acme.Acme = vendor({
          account: ["ItemPath"],
          life: 15 * minute,
          refreshTokenUse: "many",
          answer: (given, n, what) => {
            const at = itemPath.at.at(-1)!
            if (what === "login") {
              loggedInAt = at
              return Effect.succeed({ ...given, refreshLife: 30 * day })
            }
            if (at < loggedInAt + 30 * day) return Effect.succeed({ ...given, refreshToken: undefined })
            refused++
            return Acme.refusesRefreshes(given, n, what)
          }
        })
        const all = [logiSense, lrs, itemPath]
        const auths = []
        for (const acme of all) auths.push(yield* engine(acme, steady))
        for (const auth of auths) yield* auth.token

        for (let passed = 0; passed < span; passed += 10 * day) {
          yield* TestClock.adjust(Math.min(10 * day, span - passed))
          for (const auth of auths) assert.strictEqual((yield* auth.status)._tag, "Fresh")
        }

        const due = [dueAfter(30 * minute - 2_000), dueAfter(hour), dueAfter(15 * minute)]
        assert.deepStrictEqual(due, [1_348_500, 45 * minute, 675_000])
        // 30 days are a whole number of ItemPath's rounds: the last refresh of them comes too late, and a login follows.
        assert.strictEqual((30 * day) % due[2]!, 0)
        const logins = Math.floor(span / (30 * day))
        assert.deepStrictEqual(
          all.map(({ sent }) => sent.length),
          due.map((after, index) => 1 + Math.floor(span / after) + (index === 2 ? logins : 0))
        )
        assert.deepStrictEqual(
          all.map(({ sent }) => sent.filter((what) => what === "login").length),
          [1, 1, 1 + logins]
        )
        assert.strictEqual(refused, logins)
        // A refresh token that rotates is never presented twice.
        for (const { sent } of [logiSense, lrs]) assert.strictEqual(new Set(sent).size, sent.length)
      }).pipe(Acme.silent),
    patience
  )
})
