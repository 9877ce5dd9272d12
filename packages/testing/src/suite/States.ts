/**
 * The states of the table, one `describe` each: what a read does there, and what leaves it.
 *
 * Decided here: the sentences. Not here: how one is set up (`Sentence`), exchanges and calls (their own files).
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import * as Simulator from "../Simulator.ts"
import type { Sentences } from "./Sentence.ts"

/** Runs these sentences for a vendor. */
export const run = <Self, S extends Simulator.Simulator>(sentences: Sentences<Self, S>): void => {
  const { reason, requests, sent, sentence, settle, tagOf, untilDue, untilExpired } = sentences

  describe("signed out", () => {
    sentence("building the layer sends nothing", (auth, simulator) =>
      Effect.gen(function* () {
        yield* settle
        assert.strictEqual((yield* simulator.seen).length, 0)
        assert.strictEqual(yield* tagOf(auth.status), "SignedOut")
      })
    )

    sentence("a read starts the flight and waits", (auth, simulator) =>
      Effect.gen(function* () {
        const token = yield* auth.token
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 0 })
        assert.isAbove(Redacted.value(token.value).length, 10)
        assert.strictEqual(yield* tagOf(auth.status), "Fresh")
      })
    )

    sentence("1,000 cold callers cause one exchange and get the same token", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.delay("2 seconds"))
        const callers = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 1_000 }, () => auth.token),
            { concurrency: "unbounded" }
          )
        )
        yield* sent(simulator)
        yield* TestClock.adjust("2 seconds")
        const tokens = yield* Fiber.join(callers)
        assert.strictEqual(new Set(tokens.map(({ value }) => Redacted.value(value))).size, 1)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 0 })
      })
    )

    sentence("a transient failure leads to backing off", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(500))
        assert.strictEqual(yield* reason(auth.token), "Unreachable")
        assert.strictEqual(yield* tagOf(auth.status), "BackingOff")
      })
    )
  })

  describe("fresh", () => {
    sentence("a read answers at once", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        for (let i = 0; i < 100; i++) assert.strictEqual(yield* auth.token, first)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 0 })
      })
    )

    sentence("its own 401 makes it expired", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* auth.invalidate(first)
        assert.strictEqual(yield* tagOf(auth.status), "Expired")
        const second = yield* auth.token
        assert.isAbove(second.generation, first.generation)
        assert.notStrictEqual(Redacted.value(second.value), Redacted.value(first.value))
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )

    sentence("a late complaint about an older token changes nothing", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* auth.invalidate(first)
        const second = yield* auth.token
        yield* auth.invalidate(first)
        assert.strictEqual(yield* auth.token, second)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )

    sentence("`refresh` exchanges now, and joins a running exchange", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* simulator.failNext(Simulator.delay("1 second"))
        const callers = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 50 }, () => auth.refresh),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("1 second")
        const tokens = yield* Fiber.join(callers)
        assert.isTrue(tokens.every(({ generation }) => generation === first.generation + 1))
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )
  })

  describe("due", () => {
    sentence("the schedule refreshes with no caller asking", (auth, simulator) =>
      Effect.gen(function* () {
        yield* auth.token
        yield* untilDue
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
        assert.strictEqual(yield* tagOf(auth.status), "Fresh")
      })
    )

    sentence("a read answers at once and refreshes behind", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* simulator.failNext(Simulator.delay("5 seconds"))
        yield* untilDue
        assert.strictEqual(yield* tagOf(auth.status), "Due")
        assert.strictEqual(yield* auth.token, first)
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* auth.token).generation, first.generation + 1)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )

    sentence("a failure leaves it due, and the next try comes by the retry schedule", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* simulator.outage(Simulator.answer(500))
        yield* untilDue
        const before = yield* simulator.count("refresh")
        assert.isAbove(before, 0)
        assert.strictEqual(yield* tagOf(auth.status), "Due")
        assert.strictEqual(yield* auth.token, first)
        assert.strictEqual(yield* simulator.count("refresh"), before)
        yield* simulator.outage(undefined)
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual(yield* simulator.count("refresh"), before + 1)
        assert.strictEqual(yield* tagOf(auth.status), "Fresh")
        assert.strictEqual(yield* simulator.count("login"), 1)
      })
    )

    sentence("time makes it expired", (auth, simulator) =>
      Effect.gen(function* () {
        yield* auth.token
        yield* simulator.outage(Simulator.answer(500))
        yield* untilExpired
        assert.strictEqual(yield* tagOf(auth.status), "BackingOff")
      })
    )
  })

  describe("expired", () => {
    sentence("a read joins the flight and waits", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* auth.invalidate(first)
        yield* simulator.failNext(Simulator.delay("3 seconds"))
        const readers = yield* Effect.forkChild(
          Effect.all(
            Array.from({ length: 100 }, () => auth.token),
            { concurrency: "unbounded" }
          )
        )
        yield* TestClock.adjust("2 seconds")
        const late = yield* Effect.forkChild(auth.token)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(late)).generation, first.generation + 1)
        assert.isTrue((yield* Fiber.join(readers)).every(({ generation }) => generation === first.generation + 1))
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
      })
    )

    sentence("a refused refresh falls back to one login", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* simulator.revokeRefreshTokens
        yield* auth.invalidate(first)
        assert.isAbove((yield* auth.token).generation, first.generation)
        assert.deepStrictEqual(yield* requests(simulator), { logins: 2, refreshes: 1 })
      })
    )

    sentence("a refused refresh and a refused login make it refused", (auth, simulator) =>
      Effect.gen(function* () {
        const first = yield* auth.token
        yield* simulator.revokeRefreshTokens
        yield* simulator.setPassword(Redacted.make("another"))
        yield* auth.invalidate(first)
        assert.strictEqual(yield* reason(auth.token), "InvalidCredentials")
        assert.strictEqual(yield* tagOf(auth.status), "Refused")
        assert.deepStrictEqual(yield* requests(simulator), { logins: 2, refreshes: 1 })
      })
    )
  })

  describe("backing off", () => {
    sentence("a read fails at once with that error and sends nothing", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(500))
        const first = yield* Effect.flip(auth.token)
        for (let i = 0; i < 100; i++) assert.strictEqual(yield* Effect.flip(auth.token), first)
        assert.strictEqual(yield* simulator.count("login"), 1)
      })
    )

    sentence("the next read after the retry schedule's time starts the flight", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(500))
        yield* Effect.flip(auth.token)
        yield* TestClock.adjust("1300 millis")
        assert.strictEqual(yield* simulator.count("login"), 1)
        yield* auth.token
        assert.strictEqual(yield* simulator.count("login"), 2)
      })
    )

    sentence("`refresh` starts it now", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(500))
        yield* Effect.flip(auth.token)
        yield* auth.refresh
        assert.strictEqual(yield* simulator.count("login"), 2)
      })
    )

    sentence("an hour of outage costs at most 32 requests, however many calls are made", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.outage(Simulator.answer(500))
        for (let second = 0; second < 3_600; second++) {
          yield* Effect.flip(auth.token)
          yield* TestClock.adjust("1 second")
        }
        const { logins } = yield* requests(simulator)
        assert.isAtMost(logins, 32)
        assert.isAtLeast(logins, 12)
      })
    )

    sentence("a throttled vendor is left alone for as long as it asks", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.throttle(120))
        assert.strictEqual(yield* reason(auth.token), "Throttled")
        yield* TestClock.adjust("119 seconds")
        assert.strictEqual(yield* reason(auth.token), "Throttled")
        assert.strictEqual(yield* simulator.count("login"), 1)
        yield* TestClock.adjust("1 second")
        yield* auth.token
      })
    )
  })

  describe("refused", () => {
    sentence("a wrong password is sent once; then every caller fails at once, `refresh` too", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.setPassword(Redacted.make("another"))
        const callers = yield* Effect.all(
          Array.from({ length: 100 }, () => Effect.exit(auth.token)),
          {
            concurrency: "unbounded"
          }
        )
        assert.isTrue(callers.every(Exit.isFailure))
        for (let hour = 0; hour < 24; hour++) {
          yield* TestClock.adjust("1 hour")
          assert.strictEqual(yield* reason(auth.token), "InvalidCredentials")
          assert.strictEqual(yield* reason(auth.refresh), "InvalidCredentials")
        }
        assert.strictEqual(yield* tagOf(auth.status), "Refused")
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 0 })
      })
    )

    sentence("`signOut` leaves it", (auth, simulator) =>
      Effect.gen(function* () {
        yield* simulator.failNext(Simulator.answer(401))
        assert.strictEqual(yield* reason(auth.token), "InvalidCredentials")
        yield* auth.signOut
        assert.strictEqual(yield* tagOf(auth.status), "SignedOut")
        yield* auth.token
        assert.strictEqual(yield* simulator.count("login"), 2)
      })
    )
  })
}
