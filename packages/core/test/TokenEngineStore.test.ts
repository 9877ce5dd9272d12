// A store that fails, stalls or forgets: what is served, what is not sent, and what is owed to it. The rule behind all:
// no exchange without its record, and no caller sees a token that is not in the store.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import * as AuthError from "../src/AuthError.ts"
import type { Session } from "../src/Session.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, fork, hour, make, onDemand, reason, silence, value } from "./ScriptedIssuer.ts"

type Fault = "down" | "silent" | "deaf"

/** A store whose reads and writes fail as they are told. "deaf": the write happens, and its answer is lost. */
const faulty = Effect.map(TokenStore.makeMemory, (memory) => {
  const fault: { read?: Fault | undefined; write?: Fault | undefined; writes: number; allow: number } = {
    writes: 0,
    allow: 0
  }
  const down = Effect.fail(new AuthError.StoreFailure({ problem: "Unavailable" }))
  const store = TokenStore.TokenStore.of({
    ...memory,
    read: (account) =>
      Effect.suspend(() =>
        fault.read === "down" ? down : fault.read === "silent" ? Effect.never : memory.read(account)
      ),
    write: (account, version, session: Session) =>
      Effect.suspend(() => {
        fault.writes++
        if (fault.allow-- > 0 || fault.write === undefined) return memory.write(account, version, session)
        if (fault.write === "silent") return Effect.never
        return fault.write === "down" ? down : Effect.andThen(memory.write(account, version, session), down)
      })
  })
  return { store, fault }
})

describe("a store that is down", () => {
  it.effect("makes a first read fail with `StoreFailure`, and nothing is sent", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      fault.read = "down"
      assert.strictEqual(yield* reason(auth.token), "StoreFailure")
      assert.deepStrictEqual(script.sent, [])
      fault.read = undefined
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(value(yield* auth.token), "access-1")
    })
  )

  it.effect("costs nothing while the token in memory lives; then reads fail, and nothing is sent", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store)
      const good = yield* auth.token
      fault.read = fault.write = "down"
      for (let minute = 0; minute < 59; minute++) {
        assert.strictEqual(yield* auth.token, good)
        yield* TestClock.adjust("1 minute")
      }
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* reason(auth.token), "StoreFailure")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("heals without a call: the schedule goes on when it is back", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store)
      yield* auth.token
      fault.read = "down"
      yield* TestClock.adjust("46 minutes")
      fault.read = undefined
      yield* TestClock.adjust("6 minutes")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
      assert.strictEqual(value(yield* auth.token), "access-2")
    })
  )

  it.effect("for writes only: the intent cannot be written, so nothing is sent", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      fault.write = "down"
      assert.strictEqual(yield* reason(auth.token), "StoreFailure")
      for (let minute = 0; minute < 60; minute++) {
        yield* fork(Effect.exit(auth.token))
        yield* TestClock.adjust("1 minute")
      }
      assert.deepStrictEqual(script.sent, [])
      fault.write = undefined
      assert.strictEqual(value(yield* auth.refresh), "access-1")
    })
  )

  it.effect("when a 429 is to be written down: what the vendor said of the wait is obeyed all the same", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      script.next.push(fails("Answered", new AuthError.Throttled({ retryAfter: Duration.minutes(10) })))
      // The intent is written, and then the store is gone for a minute.
      fault.allow = 1
      fault.write = "down"
      const refused = yield* fork(Effect.flip(auth.token))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(refused)).reason._tag, "Throttled")
      fault.write = undefined
      for (let second = 0; second < 500; second++) {
        assert.strictEqual(yield* reason(auth.token), "Throttled")
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(script.sent, ["login"])
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(value(yield* auth.token), "access-2")
    })
  )

  it.effect("or stalled is given 5 seconds", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const auth = yield* engine(make(), store, onDemand)
      fault.read = "silent"
      const caller = yield* fork(Effect.flip(auth.token))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(caller)).reason._tag, "StoreFailure")
    })
  )

  it.effect("makes `signOut` fail, and the session stays as it was", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const auth = yield* engine(make(), store, onDemand)
      const good = yield* auth.token
      fault.write = "down"
      assert.strictEqual(yield* reason(auth.signOut), "StoreFailure")
      assert.strictEqual(yield* auth.token, good)
      fault.write = undefined
      yield* auth.signOut
      assert.strictEqual((yield* auth.status)._tag, "SignedOut")
    })
  )
})

describe("an intent whose write has no answer", () => {
  it.effect("sends nothing, is given back, and the next try sends: the refresh token is presented once", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      fault.write = "deaf"
      assert.strictEqual(yield* reason(auth.token), "StoreFailure")
      assert.deepStrictEqual(script.sent, ["login"])
      fault.write = undefined
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    })
  )
})

describe("an exchange", () => {
  /** Writes its calls down; versions grow by so many. */
  const counted = (by: number) =>
    Effect.map(TokenStore.makeMemory, (memory) => {
      const calls: Array<string> = []
      const store = TokenStore.TokenStore.of({
        ...memory,
        read: (account) =>
          Effect.map(memory.read(account), (row) => {
            calls.push("read")
            return { ...row, version: row.version * by }
          }),
        write: (account, version, session) =>
          Effect.tap(memory.write(account, version / by, session), (isWritten) =>
            Effect.sync(() => calls.push(`${session.intent === null ? "commit" : "intent"}: ${isWritten}`))
          )
      })
      return { store, calls }
    })

  for (const [what, by, calls] of [
    ["takes three calls of the store: a read, the intent and the commit", 1, ["read", "intent: true", "commit: true"]],
    [
      "whose next version is not the one it thought commits at the one that it reads",
      3,
      ["read", "intent: true", "commit: false", "read", "commit: true"]
    ]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { calls: seen, store } = yield* counted(by)
        const script = make()
        const auth = yield* engine(script, store, onDemand)
        assert.strictEqual(value(yield* auth.token), "access-1")
        assert.deepStrictEqual(seen, [...calls])
        assert.strictEqual(value(yield* auth.refresh), "access-2")
        assert.deepStrictEqual(seen, [...calls, ...calls])
        assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
      })
    )
  }
})

describe("a commit that the store does not take", () => {
  it.effect("is tried until the deadline while the callers wait, and none of them sees the token before", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      fault.write = "down"
      fault.allow = 1
      const caller = yield* fork(auth.token)
      yield* TestClock.adjust("10 seconds")
      assert.isUndefined(caller.pollUnsafe())
      assert.deepStrictEqual(script.sent, ["login"])
      fault.write = undefined
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(value(yield* Fiber.join(caller)), "access-1")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )

  it.effect("is owed after the deadline, and written first by the next flight: nothing is lost or sent again", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      yield* auth.token
      yield* TestClock.adjust(hour)
      fault.write = "down"
      fault.allow = 1
      const caller = yield* fork(Effect.flip(auth.token))
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual((yield* Fiber.join(caller)).reason._tag, "StoreFailure")

      // While it is owed, no caller sees the token and nothing is sent.
      yield* TestClock.adjust("2 seconds")
      const next = yield* fork(Effect.flip(auth.refresh))
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual((yield* Fiber.join(next)).reason._tag, "StoreFailure")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])

      fault.write = undefined
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
      const row = yield* store.read('["Acme","user"]')
      assert.strictEqual(Redacted.value(row.session!.refreshToken!), "refresh-2")
    })
  )

  it.effect("and whose answer was lost is not written twice", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      fault.write = "deaf"
      fault.allow = 1
      const caller = yield* fork(auth.token)
      yield* TestClock.adjust("200 millis")
      assert.strictEqual((yield* Fiber.join(caller)).generation, 1)
      assert.strictEqual((yield* store.read('["Acme","user"]')).session!.generation, 1)
    })
  )

  it.effect("is dropped by `signOut`", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      const auth = yield* engine(script, store, onDemand)
      fault.write = "down"
      fault.allow = 1
      const caller = yield* fork(Effect.exit(auth.token))
      yield* TestClock.adjust("31 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(caller)))
      fault.write = undefined
      yield* auth.signOut
      assert.strictEqual(value(yield* auth.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "login"])
    })
  )

  it.effect("of a refusal is owed too: the wrong password is not sent again", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      script.outage(fails("Refused"))
      const auth = yield* engine(script, store, onDemand)
      fault.write = "down"
      fault.allow = 1
      const caller = yield* fork(Effect.flip(auth.token))
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual((yield* Fiber.join(caller)).reason._tag, "StoreFailure")
      fault.write = undefined
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* reason(auth.token), "InvalidCredentials")
      assert.deepStrictEqual(script.sent, ["login"])
    })
  )
})

describe("a store that stalls", () => {
  it.effect("in the background delays no reader of a good token", () =>
    Effect.gen(function* () {
      const { fault, store } = yield* faulty
      const script = make()
      script.next.push(Effect.succeed, silence)
      const auth = yield* engine(script, store)
      const good = yield* auth.token
      fault.read = "silent"
      yield* TestClock.adjust("45 minutes")
      for (let i = 0; i < 1_000; i++) assert.strictEqual(yield* auth.token, good)
      yield* TestClock.adjust("1 minute")
    })
  )
})
