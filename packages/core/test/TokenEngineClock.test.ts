// Clocks that are set, and records that other clocks wrote: no token lives longer for it, and nothing loops.
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fork, hour, late, make, onDemand, value } from "./ScriptedIssuer.ts"

describe("a wall clock that is set", () => {
  const start = 20 * 365 * 24 * hour

  const jump = Effect.fnUntraced(function* (by: number) {
    yield* TestClock.setTime(start)
    const script = make()
    const auth = yield* engine(script)
    yield* auth.token
    yield* TestClock.setTime(start + by)
    for (let i = 0; i < 100; i++) {
      yield* auth.token
      yield* TestClock.adjust(1)
    }
    return script.sent.length - 1
  })

  it.effect.each([1_000, hour, -1_000, -hour, -10 * 365 * 24 * hour])("by %d ms costs at most 2 requests", (by) =>
    Effect.gen(function* () {
      assert.isAtMost(yield* jump(by), 2)
    })
  )

  it.effect("back by years does not make a token live for years: it is refreshed", () =>
    Effect.gen(function* () {
      assert.isAtLeast(yield* jump(-10 * 365 * 24 * hour), 1)
    })
  )
})

describe("a record from the future", () => {
  it.effect("by more than a day is not trusted: the token is refreshed", () =>
    Effect.gen(function* () {
      const script = make({ life: 10 * 24 * hour })
      const store = yield* TokenStore.makeMemory
      yield* TestClock.setTime(30 * 24 * hour)
      yield* (yield* engine(script, store, onDemand)).token
      yield* TestClock.setTime(24 * hour)
      const other = yield* engine(script, store, onDemand)
      assert.strictEqual(value(yield* other.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    })
  )

  it.effect("by a clock's usual skew is trusted", () =>
    Effect.gen(function* () {
      const script = make()
      const store = yield* TokenStore.makeMemory
      yield* TestClock.setTime(hour)
      yield* (yield* engine(script, store, onDemand)).token
      yield* TestClock.setTime(hour - 300_000)
      assert.strictEqual(value(yield* (yield* engine(script, store, onDemand)).token), "access-1")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )
})

/** A wall clock that jumps while timers stand still, as on a machine that was suspended; it counts those who sleep. */
const suspending = Effect.map(Clock.Clock, (clock) => {
  const slept = { millis: 0, sleeps: 0, ever: 0 }
  const now = () => clock.currentTimeMillisUnsafe() + slept.millis
  const suspended: Clock.Clock = {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          slept.sleeps++
          slept.ever++
        }),
        () => clock.sleep(duration),
        () => Effect.sync(() => slept.sleeps--)
      )
  }
  return { slept, suspended }
})

describe("a process that sleeps", () => {
  it.effect("between its intent and its request for longer than the intent's grace does not send it", () =>
    Effect.gen(function* () {
      const { slept, suspended } = yield* suspending
      const script = make()
      const memory = yield* TokenStore.makeMemory
      const store = TokenStore.TokenStore.of({
        ...memory,
        write: (account, version, session) =>
          Effect.tap(memory.write(account, version, session), () => Effect.sync(() => (slept.millis += 6_000)))
      })
      const auth = yield* Effect.provideService(engine(script, store, onDemand), Clock.Clock, suspended)
      const error = yield* Effect.flip(auth.token)
      assert.deepInclude(error.reason, { _tag: "Unreachable", outcome: "NotSent" })
      assert.deepStrictEqual(script.sent, [])
    })
  )

  it.effect("past its token's end refreshes before it serves, and its schedule notices within a minute", () =>
    Effect.gen(function* () {
      const { slept, suspended } = yield* suspending
      const script = make()
      const auth = yield* Effect.provideService(engine(script), Clock.Clock, suspended)
      yield* auth.token
      slept.millis += 8 * hour
      assert.strictEqual(value(yield* auth.token), "access-2")
      slept.millis += 8 * hour
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1", "refresh-2"])
    })
  )

  it.effect("has one timer armed, however often its token was exchanged", () =>
    Effect.gen(function* () {
      const { slept, suspended } = yield* suspending
      const auth = yield* Effect.provideService(engine(make()), Clock.Clock, suspended)
      yield* auth.token
      for (let i = 0; i < 100; i++) {
        yield* auth.refresh
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(slept.sleeps, 1)
      yield* auth.signOut
      yield* TestClock.adjust(1)
      assert.strictEqual(slept.sleeps, 0)
    })
  )
})

describe("a slow answer", () => {
  it.effect("does not lengthen a life: it counts from when the request was sent", () =>
    Effect.gen(function* () {
      const script = make({ life: 60_000 })
      const auth = yield* engine(script, undefined, onDemand)
      script.next.push(late(20_000))
      const waiting = yield* fork(auth.token)
      yield* TestClock.adjust("20 seconds")
      const token = yield* Fiber.join(waiting)
      assert.strictEqual(DateTime.toEpochMillis(token.issuedAt), 0)
      assert.strictEqual(DateTime.toEpochMillis(Option.getOrThrow(token.expiresAt)), 60_000)
      // 6 s, a tenth of the life, are left 54 s after it was sent.
      yield* TestClock.adjust("34 seconds")
      assert.strictEqual(value(yield* auth.token), "access-2")
    })
  )
})

describe("a clock that stands a fraction of a nanosecond before a moment", () => {
  it.effect("does not make the timer sleep for nothing again and again", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(7e-7)
      const { slept, suspended } = yield* suspending
      const script = make()
      yield* Effect.provideService(
        Effect.flatMap(engine(script), (auth) => auth.token),
        Clock.Clock,
        suspended
      )
      yield* TestClock.adjust(hour)
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
      assert.isAtMost(slept.ever, 100)
    })
  )
})
