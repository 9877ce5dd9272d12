// A wrong password and processes that share a store: how often it is sent, whatever crashes. Each engine stands for one
// process.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, fork, late, make, onDemand, reason, silence, two, value } from "./ScriptedIssuer.ts"

describe("a wrong password", () => {
  const wrong = fails("Refused")

  it.effect("is sent once by two processes where nothing crashes", () =>
    Effect.gen(function* () {
      const script = make()
      script.outage(late(1_000, wrong))
      const { a, b } = yield* two(script)
      const both = yield* fork(Effect.all([reason(a.token), reason(b.token)], { concurrency: 2 }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(both), ["InvalidCredentials", "InvalidCredentials"])
      yield* TestClock.adjust("1 day")
      assert.strictEqual(yield* reason(b.refresh), "InvalidCredentials")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("is not sent by a process that starts later, until a sign-out", () =>
    Effect.gen(function* () {
      const script = make()
      script.outage(wrong)
      const { a, b, store } = yield* two(script)
      yield* reason(a.token)
      for (let restart = 0; restart < 20; restart++) {
        assert.strictEqual(yield* reason((yield* engine(script, store, onDemand)).token), "InvalidCredentials")
      }
      assert.strictEqual(script.sent.length, 1)
      yield* b.signOut
      yield* reason(b.token)
      assert.strictEqual(script.sent.length, 2)
    })
  )

  it.effect("does not stand in the way of other credentials", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(wrong)
      const corrected = make()
      const { issuer } = corrected
      const login = { ...issuer.login!, secrets: [Redacted.make("another")] }
      const { a, b } = yield* two(script, { ...corrected, issuer: { ...issuer, login } })
      yield* reason(a.token)
      assert.strictEqual(value(yield* b.token), "access-1")
    })
  )

  it.effect("is sent at most twice where no process lives to see the answer, then once every 5 minutes", () =>
    Effect.gen(function* () {
      const script = make()
      script.outage(silence)
      const store = yield* TokenStore.makeMemory
      for (let crash = 0; crash < 12; crash++) {
        const process = yield* engine(script, store, { ...onDemand, timeout: "1 second" })
        yield* fork(Effect.exit(process.token))
        yield* TestClock.adjust("20 seconds")
      }
      assert.strictEqual(script.sent.length, 2)
      const last = yield* engine(script, store, onDemand)
      assert.deepInclude((yield* Effect.flip(last.token)).reason, { _tag: "Unreachable", outcome: "Unknown" })
      assert.deepInclude((yield* Effect.flip(last.refresh)).reason, { _tag: "Unreachable", outcome: "Unknown" })
      assert.strictEqual(script.sent.length, 2)
      for (let minute = 0; minute < 60; minute++) {
        yield* fork(Effect.exit((yield* engine(script, store, { ...onDemand, timeout: "1 second" })).token))
        yield* TestClock.adjust("1 minute")
      }
      assert.isAtMost(script.sent.length, 2 + 12)
      assert.isAtLeast(script.sent.length, 2 + 9)
    })
  )
})
