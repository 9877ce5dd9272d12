// Guarantees of group A about what callers get: lives, late complaints, mixed generations. Shown by many random runs;
// the dice are seeded, so a failure comes again.
// Not here: A12 (many processes, the shared store), A14 to A16 (many accounts).
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { engine, fork, hour, minute, onDemand, patience, scoped, times, value, vendor } from "./Acme.ts"

class Tag extends AuthService.Service<Tag>()("test/Acme") {}

describe("A. Correctness under concurrency", () => {
  it.effect(
    "A7: no token is handed out with less life left than was promised",
    () =>
      Effect.gen(function* () {
        const { below, next, one } = Acme.dice(7)
        let gets = 0
        while (gets < times(1_000_000)) {
          yield* Effect.gen(function* () {
            const life = one([1_000, 2_000, 30_000, 5 * minute, hour, 1_000 + 10 * below(hour / 5)])
            const minimumLifetime = one([0, 1_000, 10_000, below(10 * minute)])
            const latency = Math.min(Math.floor(life / 4), below(20_000))
            const acme = vendor({ life, answer: Acme.late(latency) })
            const auth = yield* engine(acme, { ...one([onDemand, Acme.steady, {}]), minimumLifetime })
            const promised = Math.min(minimumLifetime, life / 10)
            const get = Effect.flatMap(auth.token, (token) =>
              Effect.map(Clock.currentTimeMillis, (now) => {
                gets++
                // The vendor counts from when it was sent the request, or later.
                const left = acme.at[Number(value(token).slice("access-".length)) - 1]! + life - now
                assert.isAtLeast(left, promised)
                assert.isAbove(left, 0)
              })
            )
            for (let i = 0; i < 100; i++) {
              const callers = []
              for (let caller = 0; caller < 10; caller++) callers.push(yield* fork(get))
              yield* TestClock.adjust(
                one([0, 1, below(life / 10), below(life), life - promised, Math.round(2 * life * next())])
              )
              // Time may have passed before the request was on its way.
              while (callers.some((caller) => caller.pollUnsafe() === undefined)) {
                yield* TestClock.adjust(Math.max(1, latency))
              }
              yield* Fiber.joinAll(callers)
            }
          }).pipe(scoped)
        }
      }).pipe(Random.withSeed("lives"), Acme.silent),
    patience
  )

  it.effect(
    "A8: a late 401 of an old token refreshes nothing: there are no more refreshes than revocations",
    () =>
      Effect.gen(function* () {
        const { below, next } = Acme.dice(8)
        let [calls, revocations, late] = [0, 0, 0]
        const acme = vendor({ answer: Acme.late(50) })
        const auth = yield* engine(acme, onDemand)
        let revoked = 0
        const newest = () => acme.sent.length
        const api = HttpClient.make((request) =>
          Effect.gen(function* () {
            const n = Number(/access-(\d+)$/.exec(request.headers["authorization"]!)![1])
            // It is judged when it arrives, and the answer may come long after.
            const status = n > revoked ? 200 : 401
            yield* Effect.sleep(below(2_000))
            if (status === 401 && n < newest()) late++
            return HttpClientResponse.fromWeb(request, new Response(null, { status }))
          })
        )
        const client = yield* AuthHttpClient.fromTag(Tag).pipe(
          Effect.provideService(Tag, auth),
          Effect.provideService(HttpClient.HttpClient, api)
        )
        const callers = []
        while (calls < times(100_000)) {
          for (let i = below(20); i > 0; i--, calls++) callers.push(yield* fork(Effect.exit(client.get("/thing"))))
          if (next() < 0.05 && revoked < newest()) {
            revoked = newest()
            revocations++
          }
          yield* TestClock.adjust(below(200))
          if (next() < 0.01) yield* TestClock.adjust("61 seconds")
        }
        yield* TestClock.adjust("1 minute")
        assert.isTrue((yield* Fiber.joinAll(callers)).every(Exit.isSuccess))
        const refreshes = acme.sent.filter((what) => what !== "login").length
        // None is due: an hour does not pass between two of them.
        assert.isAtMost(refreshes, revocations)
        assert.isAbove(refreshes, revocations / 4)
        assert.isAbove(late, 100)
        assert.strictEqual(acme.sent.filter((what) => what === "login").length, 1)
      }).pipe(Acme.silent),
    patience
  )

  it.effect("A9: a thousand concurrent 401s of one token cost one refresh, and each call is repeated once", () =>
    Effect.gen(function* () {
      const acme = vendor({ answer: Acme.late(100) })
      const auth = yield* engine(acme, onDemand)
      const sent: Array<string> = []
      const api = HttpClient.make((request) =>
        Effect.suspend(() => {
          sent.push(request.headers["authorization"]!)
          const status = request.headers["authorization"] === "Bearer access-1" ? 401 : 200
          // The 401s come in over a second: the last ones when the new token is at hand already.
          return Effect.delay(
            Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status }))),
            sent.length
          )
        })
      )
      const client = yield* AuthHttpClient.fromTag(Tag).pipe(
        Effect.provideService(Tag, auth),
        Effect.provideService(HttpClient.HttpClient, api)
      )
      const calls = []
      for (let i = 0; i < 1_000; i++) calls.push(yield* fork(client.get("/thing")))
      yield* TestClock.adjust("10 seconds")
      assert.isTrue((yield* Fiber.joinAll(calls)).every(({ status }) => status === 200))
      assert.deepStrictEqual(acme.sent, ["login", "refresh-1"])
      assert.strictEqual(sent.length, 2_000)
    }).pipe(Acme.silent)
  )

  it.effect("A10: value, generation, issue and end of a token are of one issue: 20 readers while it rotates", () =>
    Effect.gen(function* () {
      const life = (n: number) => hour + n * 1_000
      const acme = vendor({ answer: (given, n) => Effect.delay(Effect.succeed({ ...given, accessLife: life(n) }), 1) })
      const auth = yield* engine(acme, onDemand)
      yield* TestClock.adjust(1).pipe(Effect.andThen(fork(auth.token)), Effect.andThen(TestClock.adjust(1)))
      const seen = new Set<number>()
      const reader = Effect.gen(function* () {
        for (let i = 0; i < 4_000; i++) {
          const token = yield* auth.token
          const n = token.generation
          seen.add(n)
          assert.strictEqual(value(token), `access-${n}`)
          assert.strictEqual(DateTime.toEpochMillis(token.issuedAt), acme.at[n - 1])
          assert.strictEqual(DateTime.toEpochMillis(Option.getOrThrow(token.expiresAt)), acme.at[n - 1]! + life(n))
          if (i % 7 === 0) yield* Effect.yieldNow
        }
      })
      const readers = []
      for (let i = 0; i < 20; i++) readers.push(yield* fork(reader))
      let isDone = false
      const watch = yield* fork(
        Effect.ensuring(
          Fiber.joinAll(readers),
          Effect.sync(() => (isDone = true))
        )
      )
      while (!isDone) {
        yield* fork(auth.refresh)
        yield* TestClock.adjust(1)
      }
      yield* Fiber.join(watch)
      assert.isAbove(seen.size, 10)
    }).pipe(Acme.silent)
  )
})
