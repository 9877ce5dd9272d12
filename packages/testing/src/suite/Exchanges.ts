/**
 * What holds for any exchange with the token endpoint: nobody's interruption loses it, it ends, it is judged, and a
 * sign-out overtakes it.
 *
 * Decided here: the sentences. Not here: how one is set up (`Sentence`), states and calls (their own files).
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Simulator from "../Simulator.ts"
import type { Sentences } from "./Sentence.ts"

/** Runs these sentences for a vendor. */
export const run = <Self, S extends Simulator.Simulator>(sentences: Sentences<Self, S>): void => {
  const { reason, requests, sent, sentence, tagOf, vendor } = sentences

  describe("an exchange", () => {
    sentence("is not lost when all its callers are interrupted, and they return at once", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* auth.invalidate(first)
        yield* simulator.failNext(Simulator.delay("10 seconds"))
        const callers = yield* Effect.forEach(Array.from({ length: 1_000 }), () => Effect.forkChild(auth.token))
        yield* TestClock.adjust("1 second")
        // The clock stands still: an interruption that waited for the exchange would never return.
        yield* Fiber.interruptAll(callers)
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual((yield* auth.token).generation, first.generation + 1)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )

    sentence(
      "answered with 5xx was not carried out: the refresh token is kept and nothing logs in",
      (auth, simulator) =>
        Effect.gen(function* () {
          const first = yield* auth.token
          yield* auth.invalidate(first)
          yield* simulator.failNext(Simulator.answer(500))
          assert.strictEqual(yield* reason(auth.token), "Unreachable")
          yield* auth.refresh
          assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 2 })
        })
    )

    sentence(
      "of a refresh whose outcome is unknown is not repeated with a token that may be used once",
      (auth, simulator) =>
        Effect.gen(function* () {
          const first = yield* auth.token
          yield* auth.invalidate(first)
          yield* simulator.failNext(Simulator.drop({ carriedOut: true }), { kind: "refresh" })
          if (vendor.refreshTokenUse === "once") {
            yield* auth.token
            assert.deepStrictEqual(yield* requests(simulator), { logins: 2, refreshes: 1 })
          } else {
            assert.strictEqual(yield* reason(auth.token), "Unreachable")
            yield* auth.refresh
            assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 2 })
          }
        })
    )

    sentence("ends by the policy's timeout", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.delay("10 minutes"))
        const caller = yield* Effect.forkChild(Effect.flip(auth.token))
        yield* sent(simulator)
        yield* TestClock.adjust("30 seconds")
        const error = yield* Fiber.join(caller)
        assert.deepInclude(error.reason, { _tag: "Unreachable", outcome: "Unknown" })
      })
    )

    sentence("that is no token answer is malformed, by field names only", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(200, { body: "<html>SECRET</html>" }))
        const error = yield* Effect.flip(auth.token)
        assert.deepInclude(error.reason, { _tag: "MalformedResponse" })
        assert.notInclude(JSON.stringify(error) + String(error), "SECRET")
      })
    )

    sentence("never follows a redirect", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(307, { headers: { location: "https://elsewhere.test/" } }))
        assert.strictEqual(yield* reason(auth.token), "MalformedResponse")
        assert.strictEqual((yield* simulator.seen).length, 1)
      })
    )
  })

  describe("signing out", () => {
    sentence("forgets the session and stops the schedule; the next read logs in again", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* auth.signOut
        yield* TestClock.adjust("2 days")
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 0 })
        assert.isAbove((yield* auth.token).generation, first.generation)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 2, refreshes: 0 })
      })
    )

    sentence("is not undone by a flight that was begun before it", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.delay("5 seconds"))
        const caller = yield* Effect.forkChild(Effect.flip(auth.token))
        yield* sent(simulator)
        yield* TestClock.adjust("1 second")
        yield* auth.signOut
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* Fiber.join(caller)).reason._tag, "ReauthenticationRequired")
        assert.strictEqual(yield* tagOf(auth.status), "SignedOut")
      })
    )
  })
}
