// A refresh token that may be used once was sent and nobody knows what came of it: the ways out, in one process and in
// the next one, and configured refresh tokens, which have no other way out.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import * as AuthError from "../src/AuthError.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, fork, hour, late, make, onDemand, reason, silence, value } from "./ScriptedIssuer.ts"

const lost = fails("Unknown")
const refused = fails("Refused", new AuthError.ReauthenticationRequired())
const presentAgain = { ...onDemand, onUnresolved: "presentAgain" } as const

/** A vendor whose user configured a refresh token and nothing else. */
const seeded = (token = "configured", refreshTokenUse: "once" | "many" = "once") =>
  make({ login: undefined, refreshToken: Redacted.make(token), refreshTokenUse })

describe("an unknown outcome", () => {
  it.effect(
    "of a refresh is healed by one login in the same flight, and its refresh token is not presented again",
    () =>
      Effect.gen(function* () {
        const script = make()
        const auth = yield* engine(script, undefined, onDemand)
        yield* auth.token
        yield* TestClock.adjust(hour)
        script.next.push(lost)
        assert.strictEqual(value(yield* auth.token), "access-3")
        assert.deepStrictEqual(script.sent, ["login", "refresh-1", "login"])
      })
  )

  it.effect("that took the whole timeout fails, and the next try logs in without waiting for its own intent", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, undefined, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(silence)
      const caller = yield* fork(Effect.flip(auth.token))
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude((yield* Fiber.join(caller)).reason, { _tag: "Unreachable", outcome: "Unknown" })
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(value(yield* auth.token), "access-3")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1", "login"])
    })
  )

  it.effect("of a refresh token that may be used many times keeps it: it is presented again", () =>
    Effect.gen(function* () {
      const script = make({ refreshTokenUse: "many" })
      const auth = yield* engine(script, undefined, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(lost)
      assert.strictEqual(yield* reason(auth.token), "Unreachable")
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(value(yield* auth.token), "access-3")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1", "refresh-1"])
    })
  )

  it.effect(
    "leaves the good token in service while it lives, then `UnresolvedExchange`: reads and `refresh` send nothing",
    () =>
      Effect.gen(function* () {
        const script = seeded()
        const auth = yield* engine(script)
        const good = yield* auth.token
        script.next.push(lost)
        yield* TestClock.adjust("45 minutes")
        assert.strictEqual((yield* auth.status)._tag, "Unresolved")
        assert.strictEqual(yield* auth.token, good)
        yield* TestClock.adjust("14 minutes")
        assert.strictEqual(yield* auth.token, good)
        assert.strictEqual(yield* reason(auth.refresh), "UnresolvedExchange")
        yield* TestClock.adjust("1 minute")
        for (let day = 0; day < 10; day++) {
          assert.strictEqual(yield* reason(auth.token), "UnresolvedExchange")
          assert.strictEqual(yield* reason(auth.refresh), "UnresolvedExchange")
          yield* TestClock.adjust("1 day")
        }
        assert.deepStrictEqual(script.sent, ["configured", "refresh-1"])
      })
  )

  it.effect("is known to the next process: it presents nothing either", () =>
    Effect.gen(function* () {
      const script = seeded()
      const store = yield* TokenStore.makeMemory
      const first = yield* engine(script, store, onDemand)
      yield* first.token
      yield* TestClock.adjust(hour)
      script.next.push(lost)
      assert.strictEqual(yield* reason(first.token), "UnresolvedExchange")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reason((yield* engine(script, store, onDemand)).token), "UnresolvedExchange")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1"])
    })
  )

  it.effect("is presented again once, where the policy says so, and heals", () =>
    Effect.gen(function* () {
      const script = seeded()
      const auth = yield* engine(script, undefined, presentAgain)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(lost)
      assert.strictEqual(value(yield* auth.token), "access-3")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1", "refresh-1"])
    })
  )

  it.effect("of that second presentation ends it: `UnresolvedExchange`, here and in the next process", () =>
    Effect.gen(function* () {
      const script = seeded()
      const store = yield* TokenStore.makeMemory
      const auth = yield* engine(script, store, presentAgain)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(lost, lost)
      assert.strictEqual(yield* reason(auth.token), "UnresolvedExchange")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reason((yield* engine(script, store, presentAgain)).token), "UnresolvedExchange")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1", "refresh-1"])
    })
  )

  it.effect("is left by `signOut`: the session is over, and its token is not presented", () =>
    Effect.gen(function* () {
      const script = seeded()
      const auth = yield* engine(script, undefined, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(lost)
      yield* reason(auth.token)
      yield* auth.signOut
      assert.strictEqual((yield* auth.status)._tag, "SignedOut")
      assert.strictEqual(yield* reason(auth.token), "ReauthenticationRequired")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1"])
    })
  )

  it.effect("is left by a layer with another refresh token", () =>
    Effect.gen(function* () {
      const script = seeded()
      const store = yield* TokenStore.makeMemory
      const account = { refreshToken: Redacted.make("another") }
      const auth = yield* engine(script, store, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      script.next.push(lost)
      yield* reason(auth.token)
      yield* TestClock.adjust("1 minute")
      const next = yield* engine({ ...script, issuer: { ...script.issuer, ...account } }, store, onDemand)
      assert.strictEqual(value(yield* next.token), "access-3")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1", "another"])
    })
  )
})

describe("a configured refresh token", () => {
  it.effect("begins the session, and a stored session wins over it in the next process", () =>
    Effect.gen(function* () {
      const script = seeded()
      const store = yield* TokenStore.makeMemory
      yield* (yield* engine(script, store, onDemand)).token
      yield* TestClock.adjust(hour)
      const next = yield* engine(script, store, onDemand)
      assert.strictEqual(value(yield* next.token), "access-2")
      assert.deepStrictEqual(script.sent, ["configured", "refresh-1"])
    })
  )

  it.effect("beside credentials: a refused one falls back to one login", () =>
    Effect.gen(function* () {
      const script = make({ refreshToken: Redacted.make("configured") })
      script.next.push(refused)
      const auth = yield* engine(script, undefined, onDemand)
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["configured", "login"])
    })
  )

  it.effect("without credentials: a refused one is `ReauthenticationRequired`, and nothing more is sent", () =>
    Effect.gen(function* () {
      const script = seeded()
      script.outage(refused)
      const auth = yield* engine(script, undefined, onDemand)
      for (let day = 0; day < 10; day++) {
        assert.strictEqual(yield* reason(auth.token), "ReauthenticationRequired")
        assert.strictEqual(yield* reason(auth.refresh), "ReauthenticationRequired")
        yield* TestClock.adjust("1 day")
      }
      assert.deepStrictEqual(script.sent, ["configured"])
    })
  )

  it.effect("that could not be sent is at hand for the next try", () =>
    Effect.gen(function* () {
      const script = seeded()
      script.next.push(fails("NotSent"), fails("Answered"))
      const auth = yield* engine(script, undefined, onDemand)
      yield* reason(auth.token)
      yield* reason(auth.refresh)
      assert.strictEqual(value(yield* auth.refresh), "access-3")
      assert.deepStrictEqual(script.sent, ["configured", "configured", "configured"])
    })
  )

  it.effect("that may be used once and was presented is no longer at hand, after `signOut` too", () =>
    Effect.gen(function* () {
      const script = seeded()
      const auth = yield* engine(script, undefined, onDemand)
      yield* auth.token
      yield* auth.signOut
      assert.strictEqual(yield* reason(auth.token), "ReauthenticationRequired")
      assert.deepStrictEqual(script.sent, ["configured"])
    })
  )

  it.effect("that may be used many times begins again after `signOut`", () =>
    Effect.gen(function* () {
      const script = seeded("configured", "many")
      const auth = yield* engine(script, undefined, onDemand)
      yield* auth.token
      yield* auth.signOut
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["configured", "configured"])
    })
  )

  it.effect("is presented once by two processes that begin together", () =>
    Effect.gen(function* () {
      const script = seeded()
      script.next.push(late(1_000))
      const store = yield* TokenStore.makeMemory
      const [a, b] = [yield* engine(script, store, onDemand), yield* engine(script, store, onDemand)]
      const both = yield* fork(Effect.all([a.token, b.token], { concurrency: 2 }))
      yield* TestClock.adjust("1100 millis")
      assert.deepStrictEqual((yield* Fiber.join(both)).map(value), ["access-1", "access-1"])
      assert.deepStrictEqual(script.sent, ["configured"])
    })
  )
})
