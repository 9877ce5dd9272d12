// Guarantees of group A, correctness under concurrency: the named ones. One account, one process.
// Not here: A12 (many processes, the shared store), A14 to A16 (many accounts). A7 to A10 stand in
// ConcurrencyModels.test.ts, A11 to A17 in ConcurrencyRecords.test.ts.
import { assert, describe, it } from "@effect/vitest"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Acme from "./Acme.ts"
import { engine, fork, hour, minute, onDemand, patience, times, value, vendor } from "./Acme.ts"

/** A token endpoint on loopback that answers after a pause, or when it is told to; it sees requests that are broken off. */
const tokenServer = (pause: number | "held") =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly origin: string
      readonly seen: { requests: number; aborted: number; inHand: number; mostInHand: number }
      readonly release: () => void
      readonly close: () => void
    }>((resume) => {
      const seen = { requests: 0, aborted: 0, inHand: 0, mostInHand: 0 }
      const held: Array<() => void> = []
      const reply = (response: ServerResponse, n: number) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: 3_600 }))
      const server = createServer((request, response) => {
        const n = ++seen.requests
        seen.mostInHand = Math.max(seen.mostInHand, ++seen.inHand)
        response.on("close", () => {
          seen.inHand--
          if (!response.writableFinished) seen.aborted++
        })
        request.resume().on("end", () => {
          if (pause !== "held") return void setTimeout(() => reply(response, n), pause)
          return n === 1 ? reply(response, n) : held.push(() => reply(response, n))
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            seen,
            release: () => held.splice(0).forEach((answer) => answer()),
            close: () => {
              server.close()
              server.closeAllConnections()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )

const until = (condition: () => boolean) =>
  Effect.gen(function* () {
    while (!condition()) yield* Effect.sleep(1)
  })

describe("A. Correctness under concurrency", () => {
  it.effect(
    "A1: one token request per account and need, however many callers",
    () =>
      Effect.gen(function* () {
        const acme = vendor({ answer: Acme.late(20) })
        const auth = yield* engine(acme, onDemand)
        for (let round = 1; round <= times(100); round++) {
          const callers = []
          for (let i = 0; i < 1_000; i++) callers.push(yield* fork(auth.token))
          yield* TestClock.adjust(20)
          const values = new Set((yield* Fiber.joinAll(callers)).map(value))
          assert.deepStrictEqual([...values], [`access-${round}`])
          assert.strictEqual(acme.sent.length, round)
          yield* TestClock.adjust(hour)
        }
      }),
    patience
  )

  it.live(
    "A2: interrupting callers never cancels the shared exchange",
    () =>
      Effect.gen(function* () {
        const { below, next } = Acme.dice(2)
        const server = yield* tokenServer(3)
        const issuer = yield* Acme.overHttp(server.origin)
        const auth = yield* engine({ issuer }, onDemand)
        const rounds = times(1_000)
        for (let round = 1; round <= rounds; round++) {
          const callers = []
          for (let i = 0; i < 1_000; i++) callers.push(yield* fork(auth.refresh))
          yield* until(() => server.seen.requests === round)
          const share = [0, next(), 1][round % 3]!
          const first = below(3) === 0 ? 0 : -1
          const isLeaving = callers.map((_, index) => share === 1 || index === first || next() < share)
          yield* Fiber.interruptAll(callers.filter((_, index) => isLeaving[index]))
          const staying = yield* Fiber.joinAll(callers.filter((_, index) => !isLeaving[index]))
          assert.isTrue(staying.every((token) => value(token) === `access-${round}`))
          // Where nobody stayed it lands all the same.
          yield* until(() => server.seen.inHand === 0)
          yield* Effect.sleep(1)
          assert.strictEqual(value(yield* auth.token), `access-${round}`)
        }
        assert.deepInclude(server.seen, { requests: rounds, aborted: 0, mostInHand: 1 })
      }).pipe(Effect.provide(FetchHttpClient.layer), Acme.silent),
    patience
  )

  for (const victim of ["its caller", "its scope"] as const) {
    it.effect(
      `A3: send, read, parse and persist are one section: interrupting ${victim} at every step loses none`,
      () =>
        Effect.gen(function* () {
          const scheduler = yield* Scheduler.Scheduler
          let points = 0
          for (let isDone = false; !isDone; points++) {
            const acme = vendor({ login: undefined, refreshToken: Redacted.make("seed"), answer: slowly })
            const store = yield* TokenStore.makeMemory
            const scope = yield* Scope.make()
            let steps = 0
            const stepping: Scheduler.Scheduler = {
              executionMode: scheduler.executionMode,
              makeDispatcher: () => scheduler.makeDispatcher(),
              shouldYield: () => steps++ === points
            }
            const auth = yield* Scope.provide(engine(acme, onDemand, store), scope).pipe(
              Effect.provideService(Scheduler.Scheduler, victim === "its scope" ? stepping : scheduler)
            )
            const caller = yield* fork(
              victim === "its scope" ? auth.token : Effect.provideService(auth.token, Scheduler.Scheduler, stepping)
            )
            for (let i = 0; i < 20 && steps <= points; i++) yield* TestClock.adjust(1)
            isDone = steps <= points
            const end = victim === "its scope" ? Scope.close(scope, Exit.void) : Fiber.interrupt(caller)
            yield* fork(end)
            yield* TestClock.adjust(20)
            // The next process finds it stored, or finds that nothing was sent.
            const other = yield* fork(Effect.exit((yield* engine(acme, onDemand, store)).token))
            yield* TestClock.adjust("1 second")
            const exit = yield* Fiber.join(other)
            assert(Exit.isSuccess(exit), `sent and not stored, after an interruption at step ${points}`)
            assert.strictEqual(value(exit.value), "access-1")
            assert.deepStrictEqual(acme.sent, ["seed"])
          }
          assert.isAbove(points, 20)
        })
    )
  }

  it.effect("A4: a failure is not cached: it begins the back-off window only", () =>
    Effect.gen(function* () {
      const acme = vendor()
      const auth = yield* engine(acme)
      acme.answer = Acme.fails("Answered")
      for (let i = 0; i < 1_000; i++) assert.strictEqual(yield* Acme.reasonOf(auth.token), "Unreachable")
      assert.strictEqual(acme.sent.length, 1)
      acme.answer = Effect.succeed
      // The first pause is 1 s, 20 % more or less.
      yield* TestClock.adjust(1_200)
      assert.strictEqual(value(yield* auth.token), "access-2")
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual(acme.sent, ["login", "login"])
    }).pipe(Acme.silent)
  )

  it.effect("A5: it works the thousandth time: 1,000 expiries cost 1,001 token requests and no error", () =>
    Effect.gen(function* () {
      const sim = yield* Acme.simulator
      yield* Effect.gen(function* () {
        const auth = yield* engine({ issuer: yield* Acme.overHttp(sim.origin) }, onDemand)
        yield* auth.token
        for (let n = 2; n <= 1_001; n++) {
          yield* TestClock.adjust(hour)
          assert.strictEqual(value(yield* auth.token), `access-${n}`)
        }
      }).pipe(Effect.provide(Simulator.httpClient(sim)))
      assert.deepStrictEqual([yield* sim.count("login"), yield* sim.count("refresh")], [1, 1_000])
      assert.strictEqual(yield* sim.reuses, 0)
    }).pipe(Acme.silent)
  )

  it.live("A6: while a token is due callers never wait for its refresh", () =>
    Effect.gen(function* () {
      const server = yield* tokenServer("held")
      const { clock, set } = yield* Acme.wall
      const issuer = yield* Acme.overHttp(server.origin)
      const auth = yield* Effect.provideService(engine({ issuer }, onDemand), Clock.Clock, clock)
      assert.strictEqual(value(yield* auth.token), "access-1")
      set.by = 50 * minute
      let longest = 0
      for (let i = 0; i < 10_000; i++) {
        const before = performance.now()
        assert.strictEqual(value(yield* auth.token), "access-1")
        longest = Math.max(longest, performance.now() - before)
        if (i % 100 === 0) yield* Effect.sleep(1)
      }
      // 5 ms, with a margin for a busy machine.
      assert.isBelow(longest, 50)
      assert.deepInclude(server.seen, { requests: 2, inHand: 1, aborted: 0 })
      server.release()
      yield* until(() => server.seen.inHand === 0)
      yield* Effect.sleep(20)
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.strictEqual(server.seen.requests, 2)
    }).pipe(Effect.provide(FetchHttpClient.layer), Acme.silent)
  )
})

/** An exchange with pauses of several kinds in it. */
const slowly: Acme.Exchanged = (given) =>
  Effect.succeed(given).pipe(Effect.tap(Effect.yieldNow), Effect.delay(3), Effect.tap(Effect.promise(async () => {})))
