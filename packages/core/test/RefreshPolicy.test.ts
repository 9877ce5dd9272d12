// When a token is refreshed and when a failed exchange is tried again, in figures: the windows, the ready schedules, a
// user's own ones, and over 10,000 draws the range of whatever is random.
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { AccessToken } from "../src/AccessToken.ts"
import * as AuthError from "../src/AuthError.ts"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const issuedAt = 1_000_000_000_000

const tokenOf = (life: number): AccessToken => ({
  value: Redacted.make("access"),
  generation: 1,
  issuedAt: DateTime.makeUnsafe(issuedAt),
  expiresAt: life === Infinity ? Option.none() : Option.some(DateTime.makeUnsafe(issuedAt + life))
})

/** The delays a refresh schedule gives for a token of this life, `late` milliseconds after it was issued. */
const delays = Effect.fnUntraced(function* (
  schedule: Schedule.Schedule<unknown, AccessToken>,
  life: number,
  draws = 1,
  late = 0
) {
  const step = yield* RefreshPolicy.stepper(schedule)
  const all: Array<number> = []
  for (let i = 0; i < draws; i++) all.push(yield* step(issuedAt + late, tokenOf(life)))
  return all
})

const exact = RefreshPolicy.beforeExpiry({ jitter: 0 })

describe("beforeExpiry", () => {
  it.effect.each([
    [hour, 45 * minute],
    [30 * minute, 22.5 * minute],
    [15 * minute, 11.25 * minute],
    [8 * hour, 8 * hour - 15 * minute],
    [30 * day, 30 * day - 15 * minute],
    [30 * second, 22.5 * second],
    [4 * second, 3 * second]
  ] as const)("refreshes with min(25 %%, 15 minutes) left: a life of %d ms after %d ms", ([life, at]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(exact, life), [at])
    })
  )

  it.effect("counts from when the token was issued, not from when it came", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(exact, hour, 1, 20 * second), [45 * minute - 20 * second])
      assert.deepStrictEqual(yield* delays(exact, hour, 1, 2 * hour), [0])
    })
  )

  it.effect("never refreshes a token that never expires", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(RefreshPolicy.beforeExpiry(), Infinity), [Infinity])
    })
  )

  it.effect("takes another fraction, another bound", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(RefreshPolicy.beforeExpiry({ fraction: 0.5, jitter: 0 }), 20 * minute), [
        10 * minute
      ])
      assert.deepStrictEqual(yield* delays(RefreshPolicy.beforeExpiry({ atMost: "1 minute", jitter: 0 }), hour), [
        59 * minute
      ])
    })
  )

  it.effect.each([30 * second, 15 * minute, hour, day])(
    "is moved earlier at random, by up to 10 % of the life and no more: %d ms over 10,000 draws",
    (life) =>
      Effect.gen(function* () {
        const left = Math.min(15 * minute, life / 4)
        const drawn = yield* delays(RefreshPolicy.beforeExpiry(), life, 10_000)
        assert.isAtLeast(Math.min(...drawn), Math.floor(life - left - life * 0.1))
        assert.isAtMost(Math.max(...drawn), life - left)
        assert.isAtLeast(Math.max(...drawn) - Math.min(...drawn), life * 0.098)
        const mean = drawn.reduce((sum, delay) => sum + delay, 0) / drawn.length
        assert.closeTo(mean, life - left - life * 0.05, life * 0.002)
        assert.isTrue(drawn.every(Number.isInteger))
      }).pipe(Random.withSeed("jitter"))
  )

  it.effect("never refreshes sooner than min(5 s, half the life), whatever its figures", () =>
    Effect.gen(function* () {
      const eager = RefreshPolicy.beforeExpiry({ fraction: 1, atMost: "100 days", jitter: 1 })
      for (const life of [second, 4 * second, 10 * second, 30 * second, hour]) {
        const drawn = yield* delays(eager, life, 1_000)
        assert.isAtLeast(Math.min(...drawn), Math.min(5 * second, life / 2))
      }
    }).pipe(Random.withSeed("eager"))
  )
})

/** The delays of `backOff` over a run of failures. */
const pauses = Effect.fnUntraced(function* (reasons: ReadonlyArray<AuthError.Reason>) {
  const step = yield* RefreshPolicy.stepper(RefreshPolicy.backOff)
  const all: Array<number> = []
  for (const reason of reasons) all.push(yield* step(0, new AuthError.AuthError({ vendor: "Acme", reason })))
  return all
})
const failures = (count: number): ReadonlyArray<AuthError.Reason> =>
  Array.from({ length: count }, () => new AuthError.Unreachable({ outcome: "Answered" }))
const throttled = (retryAfter?: Duration.Input) =>
  new AuthError.Throttled(retryAfter === undefined ? {} : { retryAfter: Duration.fromInputUnsafe(retryAfter) })

describe("backOff", () => {
  it.effect(
    "is 1 s doubled to 300 s, each 0.8 to 1.2 times at random: 10,000 draws of 12 failures",
    () =>
      Effect.gen(function* () {
        const least = Array.from({ length: 12 }, () => Infinity)
        const most = Array.from({ length: 12 }, () => 0)
        for (let i = 0; i < 10_000; i++) {
          for (const [n, pause] of (yield* pauses(failures(12))).entries()) {
            least[n] = Math.min(least[n]!, pause)
            most[n] = Math.max(most[n]!, pause)
          }
        }
        for (let n = 0; n < 12; n++) {
          const pause = Math.min(second * 2 ** n, 300 * second)
          assert.isAtLeast(least[n]!, pause * 0.8 - 1)
          assert.isAtMost(least[n]!, pause * 0.81)
          assert.isAtMost(most[n]!, pause * 1.2 + 1)
          assert.isAtLeast(most[n]!, pause * 1.19)
        }
      }).pipe(Random.withSeed("pauses")),
    60_000
  )

  it.effect("never ends, and an hour of it is at most 32 tries", () =>
    Effect.gen(function* () {
      for (let run = 0; run < 200; run++) {
        const all = yield* pauses(failures(100))
        assert.isTrue(all.every((pause) => pause > 0 && pause <= 360 * second))
        let at = 0
        const tries = 1 + all.filter((pause) => (at += pause) < hour).length
        assert.isTrue(tries <= 32 && tries >= 16, String(tries))
      }
    }).pipe(Random.withSeed("hour"))
  )

  it.effect("is never shorter than what the vendor's `Retry-After` asks for, up to an hour", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* pauses([throttled("2 minutes")]), [2 * minute])
      assert.deepStrictEqual(yield* pauses([throttled("59 minutes")]), [59 * minute])
      assert.deepStrictEqual(yield* pauses([throttled("1 day")]), [hour])
      assert.deepStrictEqual(yield* pauses([throttled(Duration.infinity)]), [hour])
    })
  )

  it.effect("is not made shorter by a `Retry-After` that asks for less, and goes on without one", () =>
    Effect.gen(function* () {
      const all = yield* pauses([...failures(8), throttled("1 second"), throttled()])
      assert.isAtLeast(all[8]!, 240 * second * 0.8)
      assert.isAtLeast(all[9]!, 240 * second)
    })
  )
})

describe("a user's schedule", () => {
  it.effect('`Schedule.spaced("10 minutes")`: every 10 minutes, whatever the life', () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(Schedule.spaced("10 minutes"), hour, 3), [
        10 * minute,
        10 * minute,
        10 * minute
      ])
    })
  )

  it.effect("`onDemand` is done at once, and stays done", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* delays(RefreshPolicy.onDemand, hour, 3), [Infinity, Infinity, Infinity])
    })
  )
})

describe("resolve", () => {
  it.effect('fills in 30 s, 10 s, `beforeExpiry`, `backOff` and "report"', () =>
    Effect.gen(function* () {
      const policy = yield* RefreshPolicy.resolve("Acme")
      assert.deepInclude(policy, { timeout: 30 * second, minimumLifetime: 10 * second, onUnresolved: "report" })
      assert.strictEqual(policy.retry, RefreshPolicy.backOff)
      assert.deepStrictEqual(yield* delays(policy.refresh, Infinity), [Infinity])
    })
  )

  it.effect("takes what is given", () =>
    Effect.gen(function* () {
      const refresh = Schedule.spaced("1 hour")
      const policy = yield* RefreshPolicy.resolve("Acme", {
        timeout: "5 seconds",
        minimumLifetime: 0,
        refresh,
        onUnresolved: "presentAgain"
      })
      assert.deepInclude(policy, { timeout: 5_000, minimumLifetime: 0, refresh, onUnresolved: "presentAgain" })
    })
  )

  const bad: ReadonlyArray<unknown> = [-1, "-1 seconds", NaN, Infinity, "infinity", "soon", "", Duration.infinity, true]
  for (const field of ["timeout", "minimumLifetime"] as const) {
    it.effect.each(bad)(`${field}: %o is no finite duration`, (value) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(RefreshPolicy.resolve("Acme", { [field]: value as never }))
        assert.deepInclude(error.reason, { _tag: "InvalidOptions", field: `policy.${field}` })
      })
    )
  }

  it.effect.each([0, "0 seconds", "1 hour", "2 hours"] as const)(
    "timeout: %o leaves no time, or more than an intent may have",
    (timeout) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(RefreshPolicy.resolve("Acme", { timeout }))
        assert.deepInclude(error.reason, { _tag: "InvalidOptions", field: "policy.timeout" })
      })
  )
})
