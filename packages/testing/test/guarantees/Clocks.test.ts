// Guarantees of group F, clocks: the vendor's, another process's, our own, set and suspended. Lives long and short stand
// in ClocksLives.test.ts; F8 (no direct time or randomness) is a rule of the house, in apps/house.
import { assert, describe, it } from "@effect/vitest"
import type { AccessToken } from "@vendor-auth/core/AccessToken"
import type * as AuthError from "@vendor-auth/core/AuthError"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { day, engine, fails, hour, minute, onDemand, patience, scoped, times, value, vendor, year } from "./Acme.ts"

const start = 20 * year

/** Two processes on one store, whose walls may differ from the vendor's, which is the test's Clock. */
const replicas = Effect.fnUntraced(function* (
  skews: readonly [number, number],
  policy: Acme.Policy,
  given: { readonly life: number; readonly latency: number }
) {
  const vendorClock = yield* Clock.Clock
  const ends = new Map<string, number>()
  const acme = vendor({
    // The vendor writes its own instants into a JWT, and rounds them down to seconds.
    answer: () =>
      Effect.suspend(() => {
        const now = Math.floor(vendorClock.currentTimeMillisUnsafe() / 1_000)
        const exp = now + given.life / 1_000
        const token = Jwt.mint({ alg: "HS512" }, { iat: now, exp })
        ends.set(token, exp * 1_000)
        return Effect.delay(Effect.fromResult(Issuer.tokenSet(Acme.issued(token, acme.sent.length))), given.latency)
      }).pipe(Effect.orDie)
  })
  const memory = yield* TokenStore.makeMemory
  // The store has one clock for all, as a server has.
  const store = TokenStore.TokenStore.of({
    ...memory,
    read: (account) => Effect.provideService(memory.read(account), Clock.Clock, vendorClock)
  })
  const auths: Array<Shape> = []
  for (const skew of skews) {
    const { clock, set } = yield* Acme.wall
    set.by = skew
    auths.push(yield* Effect.provideService(engine(acme, policy, store), Clock.Clock, clock))
  }
  const isLive = (token: AccessToken) => vendorClock.currentTimeMillisUnsafe() < ends.get(value(token))!
  return { acme, auths, isLive }
})

describe("F. Clocks", () => {
  it.effect(
    "F1: no expired token is sent under 300 s of skew, where `minimumLifetime` is as much; beyond it a 401 heals at once",
    () =>
      Effect.gen(function* () {
        const { below, one } = Acme.dice(1)
        let [reads, beyond] = [0, 0]
        while (reads < times(100_000, 20)) {
          yield* Effect.gen(function* () {
            const isBeyond = below(4) === 0
            const skew = () => (isBeyond ? one([-1, 1]) * (hour + below(5 * hour)) : below(600_001) - 300_000)
            // One process's skew against the other's is what counts: a life is a distance.
            const first = skew()
            const other = isBeyond ? skew() : Math.max(first - 290_000, Math.min(first + 290_000, skew()))
            const policy = { ...one([onDemand, {}]), minimumLifetime: "5 minutes" } as const
            const { auths, isLive } = yield* replicas([first, other], policy, {
              life: hour,
              latency: below(5_000)
            })
            yield* TestClock.adjust(start + below(day))
            for (let i = 0; i < 20; i++) {
              const auth = one(auths)
              const read = yield* Acme.fork(auth.token)
              while (read.pollUnsafe() === undefined) yield* TestClock.adjust(5_000)
              const token = yield* Fiber.join(read)
              reads++
              if (!isLive(token)) {
                assert.isTrue(isBeyond, `an expired token was given out under a skew of ${other - first} ms`)
                beyond++
                // Another process's token may be adopted first, which may be as dead: then it takes one more.
                let next = token
                for (let heals = 0; heals < 3; heals++) {
                  yield* auth.invalidate(next)
                  const healed = yield* Acme.fork(auth.token)
                  while (healed.pollUnsafe() === undefined) yield* TestClock.adjust(5_000)
                  next = yield* Fiber.join(healed)
                  if (isLive(next)) break
                }
                assert.isTrue(isLive(next), "it does not heal")
              }
              yield* TestClock.adjust(one([0, below(minute), below(hour), 10 * minute]))
            }
          }).pipe(scoped)
        }
        assert.isAbove(beyond, 0)
      }).pipe(Random.withSeed("skews"), Acme.silent),
    patience
  )

  it.effect(
    "F2: a life counts from when the request was sent: an endpoint that takes 20 s makes no token live longer",
    () =>
      Effect.gen(function* () {
        const acme = vendor({ life: minute, answer: Acme.late(20_000) })
        const auth = yield* engine(acme, onDemand)
        const read = yield* Acme.fork(auth.token)
        yield* TestClock.adjust(20_000)
        const { expiresAt } = yield* Fiber.join(read)
        assert.strictEqual(DateTime.toEpochMillis(Option.getOrThrow(expiresAt)), acme.at[0]! + minute)
        // 6 s are the tenth of its life that it must have left.
        yield* TestClock.adjust(minute - 20_000 - 6_000 - 1)
        assert.strictEqual(value(yield* auth.token), "access-1")
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* auth.status)._tag, "Expired")
      }).pipe(scoped, Acme.silent)
  )

  /** How an account is brought into each state, an hour of life each; the vendor is well again when the clock is set. */
  const states: Record<string, (auth: Shape, acme: Acme.Acme) => Effect.Effect<unknown, AuthError.AuthError>> = {
    SignedOut: () => Effect.void,
    Fresh: (auth) => Effect.andThen(auth.token, TestClock.adjust(minute)),
    Due: (auth, acme) =>
      Effect.andThen(auth.token, TestClock.adjust(46 * minute)).pipe(
        Effect.andThen(Effect.sync(() => (acme.answer = fails("Answered")))),
        Effect.andThen(auth.token),
        Effect.andThen(TestClock.adjust(10))
      ),
    Expired: (auth) => Effect.andThen(auth.token, TestClock.adjust(61 * minute)),
    BackingOff: (auth, acme) =>
      Effect.suspend(() => {
        acme.answer = fails("Answered")
        return Effect.exit(auth.token)
      }),
    "a flight that is out": (auth, acme) =>
      Effect.suspend(() => {
        acme.answer = Acme.late(5_000)
        return Effect.andThen(Effect.forkDetach(Effect.exit(auth.token)), TestClock.adjust(1_000))
      }),
    Refused: (auth, acme) =>
      Effect.suspend(() => {
        acme.answer = fails("Refused")
        return Effect.exit(auth.token)
      })
  }

  for (const kind of ["on demand", "by schedule"] as const) {
    it.effect(
      `F3: a wall clock that jumps costs at most 2 requests, in every state, ${kind}`,
      () =>
        Effect.gen(function* () {
          for (const by of [1_000, hour, 10 * year].flatMap((by) => [by, -by])) {
            for (const [name, bring] of Object.entries(states)) {
              yield* Effect.gen(function* () {
                const { clock, set } = yield* Acme.wall
                set.by = start
                const acme = vendor()
                const policy = kind === "on demand" ? onDemand : Acme.steady
                const auth = yield* Effect.provideService(engine(acme, policy), Clock.Clock, clock)
                yield* bring(auth, acme)
                const before = acme.sent.length
                set.by += by
                if (name !== "Refused") acme.answer = Effect.succeed
                for (let i = 0; i < 120; i++) {
                  yield* Acme.fork(Effect.exit(auth.token))
                  yield* TestClock.adjust(i < 60 ? 50 : 1_000)
                }
                assert.isAtMost(acme.sent.length - before, 2, `${name}, ${by} ms`)
                if (name === "Refused") return assert.strictEqual(acme.sent.length, before)
                // It is well again, with a token that does not seem to live for years.
                const token = yield* auth.token
                const left =
                  DateTime.toEpochMillis(Option.getOrThrow(token.expiresAt)) - clock.currentTimeMillisUnsafe()
                assert.isTrue(left > 0 && left <= hour + 300_000, `${name}, ${by} ms: ${left} ms left`)
              }).pipe(scoped)
            }
          }
        }).pipe(Acme.silent),
      patience
    )
  }

  it.effect(
    "F4: after a suspension the first read refreshes before it serves, and the schedule notices within 60 s",
    () =>
      Effect.gen(function* () {
        for (const isRead of [true, false]) {
          const { clock, set } = yield* Acme.wall
          set.by = start
          const acme = vendor({ account: [`${isRead}`] })
          const auth = yield* Effect.provideService(engine(acme), Clock.Clock, clock)
          yield* auth.token
          yield* TestClock.adjust(10_000)
          set.by += 8 * hour
          if (isRead) assert.strictEqual(value(yield* auth.token), "access-2")
          else {
            yield* TestClock.adjust(minute)
            assert.isAtLeast(acme.sent.length, 2)
          }
          yield* TestClock.adjust(30 * minute)
          assert.deepStrictEqual(acme.sent, ["login", "refresh-1"])
        }
      }).pipe(Acme.silent)
  )
})
