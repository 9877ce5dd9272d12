// A sign-out that meets other processes, background work and flights under way. Each engine stands for one process.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, fork, hour, late, make, onDemand, two, value } from "./ScriptedIssuer.ts"

describe("a sign-out in another process", () => {
  it.effect("is seen at the next read of the store; until then what is held is served", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      const held = yield* a.token
      yield* b.token
      yield* b.signOut
      assert.strictEqual(yield* a.token, held)
      yield* TestClock.adjust(hour)
      const next = yield* a.token
      assert.deepStrictEqual(script.sent, ["login", "login"])
      assert.isAbove(next.generation, held.generation + 1)
    })
  )

  it.effect("ends a flight begun before it with `ReauthenticationRequired`, and a later call may log in", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      script.next.push(late(2_000))
      const caller = yield* fork(Effect.flip(a.token))
      yield* TestClock.adjust("1 second")
      yield* b.signOut
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(caller)).reason._tag, "ReauthenticationRequired")
      assert.deepStrictEqual(script.sent, ["login"])
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(value(yield* a.token), "access-2")
    })
  )

  it.effect("is not undone by background work: a schedule never logs in from a signed-out record", () =>
    Effect.gen(function* () {
      const script = make()
      const store = yield* TokenStore.makeMemory
      const a = yield* engine(script, store)
      const b = yield* engine(script, store)
      yield* a.token
      yield* b.signOut
      yield* TestClock.adjust("2 days")
      assert.deepStrictEqual(script.sent, ["login"])
      assert.strictEqual((yield* store.read('["Acme","user"]')).session?.tokens, null)
    })
  )
})

describe("a configured refresh token that may be used many times", () => {
  it.effect("is not presented by background work after a sign-out in another process", () =>
    Effect.gen(function* () {
      const script = make({ login: undefined, refreshToken: Redacted.make("configured"), refreshTokenUse: "many" })
      const store = yield* TokenStore.makeMemory
      const a = yield* engine(script, store)
      const b = yield* engine(script, store)
      yield* a.token
      yield* b.signOut
      yield* TestClock.adjust("2 days")
      assert.deepStrictEqual(script.sent, ["configured"])
    })
  )
})

describe("a flight overtaken", () => {
  it.effect("by a sign-out while its request was out does not commit: its caller gets what came after it", () =>
    Effect.gen(function* () {
      const script = make()
      const store = yield* TokenStore.makeMemory
      const auth = yield* engine(script, store, onDemand)
      script.next.push(late(5_000), late(1_000))
      const old = yield* fork(auth.token)
      yield* TestClock.adjust("1 second")
      yield* auth.signOut
      const young = yield* fork(auth.token)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(value(yield* Fiber.join(young)), "access-2")
      yield* TestClock.adjust("10 seconds")
      // A newer session is there to adopt by then.
      assert.strictEqual(value(yield* Fiber.join(old)), "access-2")
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.strictEqual((yield* auth.status)._tag, "Fresh")
      const { session } = yield* store.read('["Acme","user"]')
      assert.strictEqual(Redacted.value(session!.tokens!.access), "access-2")
      assert.strictEqual(Redacted.value(session!.refreshToken!), "refresh-2")
    })
  )

  it.effect.each(["Issued", "Answered", "NotSent", "Unknown", "Refused"] as const)(
    "by a sign-out leaves no trace, whatever its outcome (%s): the next read logs in at once",
    (outcome) =>
      Effect.gen(function* () {
        const script = make()
        const auth = yield* engine(script, undefined, onDemand)
        script.next.push(late(5_000, outcome === "Issued" ? Effect.succeed : fails(outcome)))
        const old = yield* fork(Effect.flip(auth.token))
        yield* TestClock.adjust("1 second")
        yield* auth.signOut
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(old)
        assert.strictEqual((yield* auth.status)._tag, "SignedOut")
        assert.strictEqual(value(yield* auth.token), "access-2")
      })
  )

  it.effect("by a sign-out between its read of the store and the answer does not adopt what was signed out", () =>
    Effect.gen(function* () {
      const script = make()
      const store = yield* TokenStore.makeMemory
      yield* (yield* engine(script, store, onDemand)).token
      let delay = 3_000
      const auth = yield* engine(
        script,
        { ...store, read: (account) => Effect.tap(store.read(account), () => Effect.sleep(delay)) },
        onDemand
      )
      const old = yield* fork(Effect.flip(auth.token))
      delay = 0
      yield* TestClock.adjust("1 second")
      yield* auth.signOut
      // The answer on its way says "here is a good token"; it was read before the sign-out.
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(old)).reason._tag, "ReauthenticationRequired")
      assert.strictEqual((yield* auth.status)._tag, "SignedOut")
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "login"])
    })
  )
})

describe("a flight overtaken by this process's own sign-out", () => {
  it.effect("brings its caller what another process began, and signed out it stays here", () =>
    Effect.gen(function* () {
      const script = make()
      const { a, b } = yield* two(script)
      script.next.push(late(5_000))
      const old = yield* fork(a.token)
      yield* TestClock.adjust("1 second")
      yield* a.signOut
      assert.strictEqual(value(yield* b.token), "access-2")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(value(yield* Fiber.join(old)), "access-2")
      assert.strictEqual((yield* a.status)._tag, "SignedOut")
    })
  )
})

describe("a sign-out that comes between any two steps of a flight", () => {
  it.effect("is not undone by a token that the flight had read before it", () =>
    Effect.gen(function* () {
      for (let steps = 0; steps < 150; steps++) {
        const script = make()
        const { a, b } = yield* two(script)
        yield* a.token
        // Any fiber may be put aside after each operation.
        const flight = yield* fork(Effect.provideService(b.token, References.MaxOpsBeforeYield, 3))
        for (let step = 0; step < steps; step++) yield* Effect.yieldNow
        yield* b.signOut
        assert.strictEqual((yield* b.status)._tag, "SignedOut", `after ${steps} steps`)
        yield* Fiber.await(flight)
        assert.strictEqual(value(yield* b.token), "access-2", `after ${steps} steps`)
      }
    })
  )
})
