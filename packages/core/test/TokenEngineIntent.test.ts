// An open intent in a store that processes share: who waits for it and how long, who takes over and when. Each engine
// stands for one process.
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { Shape } from "../src/AuthService.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, fork, hour, late, make, onDemand, two, value } from "./ScriptedIssuer.ts"

const tag = (auth: Shape) => Effect.map(auth.status, ({ _tag }) => _tag)
describe("an open intent", () => {
  it.effect("of another process is waited for, with a look every 100 ms", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(late(5_000))
      const { a, b, store } = yield* two(script)
      const owner = yield* fork(a.token)
      let reads = 0
      const counted = TokenStore.TokenStore.of({
        ...store,
        read: (account) =>
          Effect.andThen(
            Effect.sync(() => void reads++),
            store.read(account)
          )
      })
      const c = yield* engine(script, counted, onDemand)
      const waiters = yield* fork(Effect.all([b.token, c.token], { concurrency: 2 }))
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(reads >= 50 && reads <= 52, String(reads))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual((yield* Fiber.join(waiters)).map(value), ["access-1", "access-1"])
      yield* Fiber.join(owner)
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("is taken over only after timeout + 5 s, and by login", () =>
    Effect.gen(function* () {
      const script = make()
      const dead = make()
      const { a, b } = yield* two(dead, script)
      yield* a.token
      dead.next.push(() => Effect.die("the process ends between send and commit"))
      yield* TestClock.adjust(hour)
      yield* Effect.exit(a.token)
      const begunAt = yield* Clock.currentTimeMillis
      while (script.sent.length === 0) {
        yield* fork(Effect.exit(b.token))
        yield* TestClock.adjust("100 millis")
        assert.isBelow((yield* Clock.currentTimeMillis) - begunAt, 40_000)
      }
      assert.isAtLeast((yield* Clock.currentTimeMillis) - begunAt, 35_000)
      assert.isAtMost((yield* Clock.currentTimeMillis) - begunAt, 35_300)
      assert.deepStrictEqual(dead.sent, ["login", "refresh-1"])
      assert.deepStrictEqual(script.sent, ["login"])
      yield* TestClock.adjust("1 minute")
    })
  )

  it.effect(
    "that outlasts the timeout fails the waiter with `NotSent`; no back-off begins, the next read waits again",
    () =>
      Effect.gen(function* () {
        const script = make()
        const dead = make()
        const { a, b } = yield* two(dead, script)
        dead.next.push(() => Effect.die("the process ends between send and commit"))
        yield* Effect.exit(a.token)
        const waiter = yield* fork(Effect.flip(b.token))
        yield* TestClock.adjust("30 seconds")
        assert.deepInclude((yield* Fiber.join(waiter)).reason, { _tag: "Unreachable", outcome: "NotSent" })
        assert.strictEqual(yield* tag(b), "SignedOut")
        const next = yield* fork(b.token)
        yield* TestClock.adjust("5100 millis")
        assert.strictEqual(value(yield* Fiber.join(next)), "access-1")
      })
  )

  it.effect("does not cost a waiter its good token", () =>
    Effect.gen(function* () {
      const script = make()
      const dead = make()
      const { a, b } = yield* two(dead, script)
      yield* a.token
      const good = yield* b.token
      dead.next.push(() => Effect.die("the process ends between send and commit"))
      yield* TestClock.adjust("45 minutes")
      yield* a.token
      for (let i = 0; i < 600; i++) {
        assert.isAtLeast((yield* b.token).generation, good.generation)
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("that ends with little time left begins no exchange that cannot be answered in time", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      yield* a.token
      yield* b.token
      yield* TestClock.adjust(hour)
      script.next.push(late(29_950, fails("Answered")), late(1_000))
      const both = yield* fork(Effect.all([Effect.exit(a.token), Effect.exit(b.token)], { concurrency: 2 }))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(both)
      // The refresh token was not carried out the first time; it must not be spent for want of time the second.
      yield* fork(b.token)
      yield* TestClock.adjust("2 minutes")
      assert.notInclude(script.sent.slice(1), "login")
    })
  )
})
