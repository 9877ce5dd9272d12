// One engine over a scripted issuer: how many exchanges time costs, what becomes of a flight that its callers or its
// scope left. What several processes do with one store stands in TokenEngineShared.test.ts.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"
import * as TokenEngine from "../src/TokenEngine.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, hour, late, make, tokens, value } from "./ScriptedIssuer.ts"

const minute = 60_000

describe("the schedule", () => {
  it.effect(
    "refreshes a token of 15 minutes exactly 1,280 times in 10 days, with no caller asking",
    () =>
      Effect.gen(function* () {
        const script = make({ life: 15 * minute })
        const auth = yield* engine(script)
        yield* auth.token
        yield* TestClock.adjust("10 days")
        // Due with 25 % left: one exchange every 11 min 15 s.
        assert.strictEqual(script.sent.length, 1 + (10 * 24 * 60) / 11.25)
        assert.deepStrictEqual(script.sent.slice(0, 3), ["login", "refresh-1", "refresh-2"])
        assert.strictEqual((yield* auth.status)._tag, "Fresh")
      }),
    60_000
  )

  it.effect("does nothing before the first read", () =>
    Effect.gen(function* () {
      const script = make()
      yield* engine(script)
      yield* TestClock.adjust("10 days")
      assert.deepStrictEqual(script.sent, [])
    })
  )

  it.effect("works the thousandth time: 1,000 expiries in a row cost 1,001 requests and no error", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, undefined, { refresh: RefreshPolicy.onDemand })
      yield* auth.token
      for (let n = 2; n <= 1_001; n++) {
        yield* TestClock.adjust(hour)
        assert.strictEqual(value(yield* auth.token), `access-${n}`)
      }
      assert.strictEqual(script.sent.length, 1_001)
    })
  )

  it.effect(
    "spreads an expiry storm: of 1,000 accounts issued in one second at most 10 refresh in any one second",
    () =>
      Effect.gen(function* () {
        const refreshedAt: Array<number> = []
        const clock = yield* Effect.clockWith(Effect.succeed)
        for (let n = 0; n < 1_000; n++) {
          const script = make({
            account: [`user ${n}`],
            refresh: () =>
              Effect.sync(() => {
                refreshedAt.push(clock.currentTimeMillisUnsafe())
                return tokens(2)
              })
          })
          yield* Effect.flatMap(TokenEngine.make(script.issuer, {}), ({ shape }) => shape.token)
        }
        yield* TestClock.adjust("50 minutes")
        assert.strictEqual(refreshedAt.length, 1_000)
        const first = Math.min(...refreshedAt)
        assert.isAtLeast(first, 39 * minute)
        assert.isAtMost(Math.max(...refreshedAt), 45 * minute)
        assert.isAtLeast(Math.max(...refreshedAt) - first, 5 * minute)
        const seconds = new Map<number, number>()
        for (const at of refreshedAt) {
          const second = Math.floor(at / 1_000)
          seconds.set(second, (seconds.get(second) ?? 0) + 1)
        }
        assert.isAtMost(Math.max(...seconds.values()), 10)
      }).pipe(Random.withSeed("storm")),
    60_000
  )

  it.effect("of the user's own is obeyed", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, undefined, { refresh: Schedule.spaced("10 minutes") })
      yield* auth.token
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(script.sent.length, 7)
    })
  )

  it.effect.each([
    { life: 1_000, refreshLife: undefined },
    { life: 2_000, refreshLife: undefined },
    { life: hour, refreshLife: 1_500 },
    { life: hour, refreshLife: 10 },
    { life: hour, refreshLife: 0 },
    { life: hour, refreshLife: -hour }
  ])("never runs background refreshes under 1 s apart: %o", ({ life, refreshLife }) =>
    Effect.gen(function* () {
      const script = make({ life })
      for (let i = 0; i < 100; i++) script.next.push((set) => Effect.succeed({ ...set, refreshLife }))
      // A loop would never give the clock back: after 100 answers there are none.
      script.outage(fails("Answered"))
      const auth = yield* engine(script)
      yield* auth.token
      for (let i = 0; i < 600; i++) yield* TestClock.adjust("100 millis")
      assert.isAtMost(script.sent.length, 61)
    })
  )

  it.effect("of a life of 100 years neither fires early nor loops", () =>
    Effect.gen(function* () {
      const script = make({ life: 100 * 365 * 24 * hour })
      const auth = yield* engine(script)
      yield* auth.token
      yield* TestClock.adjust("40 days")
      assert.deepStrictEqual(script.sent, ["login"])
      assert.strictEqual((yield* auth.status)._tag, "Fresh")
    })
  )
})

describe("a flight", () => {
  it.effect(
    "begun by a caller who is interrupted at any step is neither lost nor left without an end",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler.Scheduler
        let isDone = false
        for (let step = 1; !isDone; step++) {
          const script = make()
          const auth = yield* engine(script)
          let steps = 0
          // The caller pauses at its `step`-th operation, and never comes back from that pause.
          const pausing = Effect.provideService(Effect.andThen(Effect.void, auth.token), Scheduler.Scheduler, {
            executionMode: scheduler.executionMode,
            makeDispatcher: () => scheduler.makeDispatcher(),
            shouldYield: (fiber) => fiber.id === caller && ++steps === step
          })
          let caller = -1
          const fiber = yield* Effect.forkChild(
            Effect.withFiber((self) => {
              caller = self.id
              return pausing
            }),
            { startImmediately: true }
          )
          isDone = fiber.pollUnsafe() !== undefined || step > 500
          yield* Fiber.interrupt(fiber)
          const reader = yield* Effect.forkChild(auth.token)
          yield* TestClock.adjust("1 minute")
          assert.isDefined(reader.pollUnsafe(), `a reader hangs after an interruption at operation ${step}`)
          assert.strictEqual(value(yield* Fiber.join(reader)), "access-1")
          assert.deepStrictEqual(script.sent, ["login"])
          yield* TestClock.adjust("50 minutes")
          assert.strictEqual(script.sent.length, 2, `no schedule after an interruption at operation ${step}`)
        }
      }),
    60_000
  )

  it.effect("is finished and stored when the scope closes; its callers end, and nothing hangs", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const script = make()
      script.next.push(late(5_000))
      const scope = yield* Scope.make()
      const auth = yield* Scope.provide(engine(script, store), scope)
      const caller = yield* Effect.forkChild(Effect.exit(auth.token), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(closing)
      yield* Fiber.await(caller)

      const other = yield* engine(script, store)
      assert.strictEqual(value(yield* other.token), "access-1")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("does not begin after the scope is closed: `token` ends, nothing is sent, no timer is left", () =>
    Effect.gen(function* () {
      const script = make()
      const scope = yield* Scope.make()
      const auth = yield* Scope.provide(engine(script), scope)
      const unused = yield* Scope.provide(engine(script), scope)
      yield* auth.token
      yield* Scope.close(scope, Exit.void)
      const reader = yield* Effect.forkChild(unused.token, { startImmediately: true })
      yield* TestClock.adjust("2 days")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(reader)))
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("that dies is one more failure: its callers see the defect, and the next try heals", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(() => Effect.die("a bug in a vendor"))
      const auth = yield* engine(script)
      assert.isTrue(Exit.hasDies(yield* Effect.exit(auth.token)))
      assert.strictEqual((yield* auth.status)._tag, "BackingOff")
      // Whether it was carried out nobody knows: the next try comes after the intent's deadline.
      yield* TestClock.adjust("36 seconds")
      assert.strictEqual(value(yield* auth.token), "access-2")
    })
  )

  it.effect("never accepts a value that the API rejected, not even after another one", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script)
      const first = yield* auth.token
      yield* auth.invalidate(first)
      const second = yield* auth.token
      yield* auth.invalidate(second)
      script.next.push((set) => Effect.succeed({ ...set, accessToken: first.value }))
      assert.strictEqual((yield* Effect.flip(auth.token)).reason._tag, "MalformedResponse")
    })
  )

  it.effect(
    "that brings the rejected value again is an error that backs off, not a loop; its refresh token is kept",
    () =>
      Effect.gen(function* () {
        const script = make()
        const auth = yield* engine(script)
        const first = yield* auth.token
        yield* auth.invalidate(first)
        script.next.push((set) => Effect.succeed({ ...set, accessToken: first.value }))
        assert.strictEqual((yield* Effect.flip(auth.token)).reason._tag, "MalformedResponse")
        for (let i = 0; i < 100; i++) yield* Effect.flip(auth.token)
        assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(value(yield* auth.token), "access-3")
        assert.deepStrictEqual(script.sent, ["login", "refresh-1", "refresh-2"])
      })
  )
})
