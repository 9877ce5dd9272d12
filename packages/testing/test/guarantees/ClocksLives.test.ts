// Guarantees of group F, lives: far ends, short ones, records from the future, and the moment at which a refresh begins.
// Not here: clocks that differ or are set (Clocks.test.ts), F8 (a rule of the house, in apps/house).
import { assert, describe, it } from "@effect/vitest"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import { vi } from "vitest"
import * as Acme from "./Acme.ts"
import { day, engine, hour, minute, onDemand, patience, times, value, vendor, year } from "./Acme.ts"

const start = 20 * year

describe("F. Clocks", () => {
  it.effect(
    "F5: far ends, of 30 days, 1 year and 100 years, neither fire early nor loop",
    () =>
      Effect.gen(function* () {
        for (const [life, wait] of [
          [30 * day, 27 * day - 15 * minute],
          [year, 10 * day],
          [100 * year, 10 * day]
        ] as const) {
          const acme = vendor({ life, account: [`${life}`] })
          const auth = yield* engine(acme)
          yield* auth.token
          // A tenth of the life, which moves the refresh earlier, and its window of 15 minutes.
          yield* TestClock.adjust(wait - 1)
          assert.deepStrictEqual(acme.sent, ["login"])
          assert.strictEqual((yield* auth.status)._tag, "Fresh")
          if (life === 30 * day) {
            yield* TestClock.adjust(3 * day)
            assert.deepStrictEqual(acme.sent, ["login", "refresh-1"])
          }
          yield* auth.signOut
        }
      }).pipe(Acme.silent),
    patience
  )

  it.live("F5: no timer of the machine is set beyond what it can hold", () =>
    Effect.gen(function* () {
      const spy = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(globalThis, "setTimeout")),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      const warnings: Array<string> = []
      const warned = (warning: Error) => void warnings.push(warning.name)
      process.on("warning", warned)
      for (const life of [30 * day, year, 100 * year]) {
        const acme = vendor({ life, account: [`${life}`] })
        const auth = yield* engine(acme)
        yield* auth.token
        yield* Effect.sleep(50)
        assert.deepStrictEqual(acme.sent, ["login"])
      }
      process.off("warning", warned)
      const longest = Math.max(...spy.mock.calls.map(([, delay]) => delay ?? 0))
      assert.isTrue(longest > 0 && longest <= minute, `${longest} ms`)
      assert.deepStrictEqual(warnings, [])
    }).pipe(Acme.silent)
  )

  it.effect(
    "F6: short lives are served, or are a typed error; the background keeps its second between two refreshes",
    () =>
      Effect.gen(function* () {
        for (const seconds of [1, 2, 0.1]) {
          const answer: Acme.Exchanged = (_, n) =>
            Effect.mapError(
              Effect.fromResult(
                Issuer.tokenSet({ ...Acme.issued(`access-${n}`, n), expiresIn: ["expires_in", seconds] as const })
              ),
              (reason) => new Issuer.ExchangeFailure({ outcome: "Unknown", reason })
            )
          for (const isRead of [true, false]) {
            const acme = vendor({ answer, account: [`${seconds} ${isRead}`] })
            const auth = yield* engine(acme)
            yield* Effect.exit(auth.token)
            for (let i = 0; i < 600; i++) {
              if (isRead) {
                const read = yield* Effect.result(auth.token)
                const reason = Result.isFailure(read) ? read.failure.reason._tag : "served"
                // Two logins without an end are as many as may be open: then nothing is sent for a while.
                if (seconds < 1) assert.include(["MalformedResponse", "Unreachable"], reason)
                else assert.strictEqual(reason, "served")
              }
              yield* TestClock.adjust("100 millis")
            }
            // A read of an expired token, after 90 % of a second, waits for no background.
            assert.isAtMost(acme.sent.length, isRead && seconds === 1 ? 67 : 61, `${seconds} s, read: ${isRead}`)
            yield* auth.signOut
          }
        }
      }).pipe(Acme.silent)
  )

  it.effect("F7: a record from the future, by more than a day, is not trusted; by a usual skew it is", () =>
    Effect.gen(function* () {
      for (const [ahead, isTrusted] of [
        [minute, true],
        [300_000, true],
        [day + 1, false],
        [10 * year, false]
      ] as const) {
        const store = yield* TokenStore.makeMemory
        const acme = vendor({ life: 30 * year })
        const { clock, set } = yield* Acme.wall
        set.by = start + ahead
        const first = yield* Effect.provideService(engine(acme, onDemand, store), Clock.Clock, clock)
        const { issuedAt } = yield* first.token
        assert.strictEqual(DateTime.toEpochMillis(issuedAt), clock.currentTimeMillisUnsafe())
        set.by = start
        const second = yield* Effect.provideService(engine(acme, onDemand, store), Clock.Clock, clock)
        assert.strictEqual(value(yield* second.token), isTrusted ? "access-1" : "access-2")
        assert.strictEqual(acme.sent.length, isTrusted ? 1 : 2)
      }
    }).pipe(Acme.silent)
  )

  it.effect(
    "F9: a refresh begins in its promised range, and before the refresh token's own end",
    () =>
      Effect.gen(function* () {
        const { below, one } = Acme.dice(9)
        for (let i = 0; i < times(100_000); i++) {
          const issuedAt = start + below(year)
          const life = one([1_000 + below(minute), 1_000 * (1 + below(7_200)), 1_000 * (1 + below(400 * 86_400))])
          const refreshLife = one([undefined, life - 1_000, 1_000 * (1 + below((2 * life) / 1_000 + 1)), 30 * day])
          const expiresAt = issuedAt + life
          const lives = {
            issuedAt,
            expiresAt,
            refreshEndsAt: refreshLife === undefined ? null : issuedAt + refreshLife
          }
          const end = RefreshPolicy.nearerEnd(lives)
          const arrivedAt = issuedAt + below(Math.min(20_000, life / 4))
          const step = yield* RefreshPolicy.stepper(RefreshPolicy.beforeExpiry())
          const input = {
            value: Redacted.make("access"),
            generation: 1,
            issuedAt: DateTime.makeUnsafe(issuedAt),
            expiresAt: Option.some(DateTime.makeUnsafe(end))
          }
          const scheduledAt = arrivedAt + (yield* step(arrivedAt, input))
          const minimumLifetime = one([0, 10_000, below(hour)])
          for (const at of [scheduledAt, Infinity]) {
            const found = RefreshPolicy.moments(lives, { scheduledAt: at, random: yield* Random.next, minimumLifetime })
            const from = at === Infinity ? found.dueAt : found.timerAt
            const nearer = Math.min(life, refreshLife === undefined ? Infinity : refreshLife)
            // min(15 minutes, 25 %) of the life before its end, earlier by up to 10 %; a refresh token's last second is
            // not counted on. Of a short life, not before 1 s, nor before min(5 s, half of it).
            const counted = end - issuedAt
            const latest = counted - Math.min(15 * minute, counted / 4)
            const floor = Math.max(1_000, Math.min(5_000, counted / 2))
            const what = JSON.stringify({ life, refreshLife, found, issuedAt })
            assert.isAtMost(from - issuedAt, Math.max(latest, floor, arrivedAt - issuedAt) + 1, what)
            assert.isAtLeast(from - issuedAt, Math.max(latest - counted / 10, floor) - 1, what)
            if (nearer > 2_000) assert.isBelow(from - issuedAt, Math.max(nearer, arrivedAt - issuedAt + 1), what)
            assert.strictEqual(found.expiredAt, issuedAt + life - Math.min(minimumLifetime, life * 0.1))
          }
        }
      }).pipe(Random.withSeed("moments"), Acme.silent),
    patience
  )
})
