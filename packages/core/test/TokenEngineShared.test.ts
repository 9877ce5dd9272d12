// Several processes with one store: each engine here stands for one. They share the vendor's script, so that what was
// sent is counted for all of them together, and a refresh token that is presented again is seen.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as AuthError from "../src/AuthError.ts"
import type { Shape } from "../src/AuthService.ts"
import * as TokenStore from "../src/TokenStore.ts"
import {
  engine,
  fails,
  fork,
  hour,
  late,
  make,
  onDemand,
  type Script,
  silence,
  slow,
  two,
  value
} from "./ScriptedIssuer.ts"

/** The refresh tokens that were presented more than once. */
const again = (script: Script) => {
  const presented = script.sent.filter((what) => what !== "login")
  return presented.filter((what, index) => presented.indexOf(what) !== index)
}

describe("two processes on one store", () => {
  it.effect("need one login for both: the second adopts", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      const first = yield* a.token
      const second = yield* b.token
      assert.strictEqual(value(second), value(first))
      assert.strictEqual(second.generation, first.generation)
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("need one login for both when they begin together", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(late(2_000))
      const { a, b } = yield* two(script)
      const both = yield* fork(Effect.all([a.token, b.token], { concurrency: 2 }))
      yield* TestClock.adjust("2100 millis")
      const [first, second] = yield* Fiber.join(both)
      assert.strictEqual(value(second), value(first))
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("need one exchange for both also when their intents meet: one wins, the other waits for it", () =>
    Effect.gen(function* () {
      const script = make()
      const store = slow(yield* TokenStore.makeMemory, 50)
      const a = yield* engine(script, store, onDemand)
      const b = yield* engine(script, store, onDemand)
      for (let n = 1; n <= 3; n++) {
        script.next.push(late(1_000))
        const both = yield* fork(Effect.all([a.token, b.token], { concurrency: 2 }))
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual((yield* Fiber.join(both)).map(value), [`access-${n}`, `access-${n}`])
        yield* TestClock.adjust(hour)
      }
      assert.deepStrictEqual(script.sent, ["login", "refresh-1", "refresh-2"])
    })
  )

  it.effect("see each other's refresh", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      yield* a.token
      yield* b.token
      for (let n = 2; n < 12; n++) {
        yield* TestClock.adjust(hour)
        const [one, other] = n % 2 === 0 ? [a, b] : [b, a]
        assert.strictEqual(value(yield* one.token), `access-${n}`)
        assert.strictEqual(value(yield* other.token), `access-${n}`)
      }
      assert.strictEqual(script.sent.length, 11)
      assert.deepStrictEqual(again(script), [])
    })
  )

  it.effect("with schedules refresh once for both", () =>
    Effect.gen(function* () {
      const script = make()
      const store = yield* TokenStore.makeMemory
      const a = yield* engine(script, store)
      const b = yield* engine(script, store)
      yield* a.token
      yield* b.token
      yield* TestClock.adjust("90 minutes")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1", "refresh-2"])
      assert.strictEqual(value(yield* a.token), "access-3")
      assert.strictEqual(value(yield* b.token), "access-3")
    })
  )

  it.effect("a forced `refresh` exchanges, though another process's token is at hand in the store", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      yield* a.token
      assert.strictEqual(value(yield* b.refresh), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    })
  )

  it.effect.each(["Answered", "Refused"] as const)(
    "a forced `refresh` that fails (%s) does not cost a process the good token in the store",
    (outcome) =>
      Effect.gen(function* () {
        const script = make({ login: undefined, refreshToken: Redacted.make("configured") })
        const { a, b } = yield* two(script)
        yield* a.token
        script.next.push(fails(outcome, outcome === "Refused" ? new AuthError.ReauthenticationRequired() : undefined))
        yield* Effect.flip(b.refresh)
        assert.strictEqual(value(yield* a.token), "access-1")
        assert.strictEqual(value(yield* b.token), "access-1")
      })
  )

  it.effect("a forced `refresh` is satisfied by one that another process has in flight", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      yield* a.token
      yield* b.token
      script.next.push(late(1_000))
      const both = yield* fork(Effect.all([a.refresh, b.refresh], { concurrency: 2 }))
      yield* TestClock.adjust("1100 millis")
      const [first, second] = yield* Fiber.join(both)
      assert.strictEqual(second.generation, first.generation)
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    })
  )

  it.effect("a token that one of them rejected is replaced for both by one exchange", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      const bad = yield* a.token
      yield* b.token
      yield* a.invalidate(bad)
      assert.strictEqual(value(yield* a.token), "access-2")
      yield* b.invalidate(bad)
      assert.strictEqual(value(yield* b.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    })
  )
})

describe("a refresh token that may be used once", () => {
  it.effect(
    "is never presented twice, however processes interleave, crash and lose answers",
    () =>
      Effect.gen(function* () {
        const below = (count: number) => Random.nextIntBetween(0, count - 1)
        const lost = fails("Unknown")
        const crash = () => Effect.die("crash")
        const answers = [
          Effect.succeed,
          Effect.succeed,
          late(500),
          late(20_000),
          silence,
          lost,
          late(3_000, lost),
          crash
        ]
        for (let run = 0; run < 60; run++) {
          const script = make({ life: 120_000 })
          for (let i = 0; i < 400; i++) script.next.push(answers[yield* below(answers.length)]!)
          const memory = yield* TokenStore.makeMemory
          const store = run % 2 === 0 ? memory : slow(memory, 300)
          const scope = yield* Scope.make()
          const processes: Array<Shape> = []
          for (let i = 0; i < 3; i++)
            processes.push(yield* Scope.provide(engine(script, store, { timeout: "10 seconds" }), scope))
          for (let step = 0; step < 30; step++) {
            const auth = processes[yield* below(3)]!
            const actions = [
              auth.token,
              auth.token,
              auth.token,
              auth.refresh,
              Effect.flatMap(auth.token, auth.invalidate),
              auth.signOut,
              Effect.void
            ]
            yield* fork(Effect.exit(actions[yield* below(actions.length)]! as Effect.Effect<unknown>))
            yield* TestClock.adjust(yield* below(40_000))
          }
          assert.isAbove(script.sent.length, 1)
          assert.deepStrictEqual(again(script), [], script.sent.join(" "))
          const closing = yield* fork(Scope.close(scope, Exit.void))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(closing)
        }
      }).pipe(Random.withSeed("interleavings")),
    60_000
  )
})
