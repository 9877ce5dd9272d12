// Several processes with one store: each engine here stands for one. They share the vendor's script, so that what was
// sent is counted for all of them together, and a refresh token that is presented again is seen.
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import type { Shape } from "../src/AuthService.ts"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, hour, late, make, type Script, silence, value } from "./ScriptedIssuer.ts"

const onDemand = { refresh: RefreshPolicy.onDemand }

/** Two processes on one store, neither with background work. */
const two = Effect.fnUntraced(function*(script: Script, other: Script = script) {
  const store = yield* TokenStore.makeMemory
  return { store, a: yield* engine(script, store, onDemand), b: yield* engine(other, store, onDemand) }
})

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })
const tag = (auth: Shape) => Effect.map(auth.status, ({ _tag }) => _tag)
const reason = <A, E extends { readonly reason: { readonly _tag: string } }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag)

/** The refresh tokens that were presented more than once. */
const again = (script: Script) => {
  const presented = script.sent.filter((what) => what !== "login")
  return presented.filter((what, index) => presented.indexOf(what) !== index)
}

describe("two processes on one store", () => {
  it.effect("need one login for both: the second adopts", () =>
    Effect.gen(function*() {
      const script = make()
      const { a, b } = yield* two(script)
      const first = yield* a.token
      const second = yield* b.token
      assert.strictEqual(value(second), value(first))
      assert.strictEqual(second.generation, first.generation)
      assert.deepStrictEqual(script.sent, ["login"])
    }))

  it.effect("need one login for both when they begin together", () =>
    Effect.gen(function*() {
      const script = make()
      script.next.push(late(2_000))
      const { a, b } = yield* two(script)
      const both = yield* fork(Effect.all([a.token, b.token], { concurrency: 2 }))
      yield* TestClock.adjust("2100 millis")
      const [first, second] = yield* Fiber.join(both)
      assert.strictEqual(value(second), value(first))
      assert.deepStrictEqual(script.sent, ["login"])
    }))

  it.effect("see each other's refresh", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("with schedules refresh once for both", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("a forced `refresh` exchanges, though another process's token is at hand in the store", () =>
    Effect.gen(function*() {
      const script = make()
      const { a, b } = yield* two(script)
      yield* a.token
      assert.strictEqual(value(yield* b.refresh), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    }))

  it.effect("a forced `refresh` is satisfied by one that another process has in flight", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("a token that one of them rejected is replaced for both by one exchange", () =>
    Effect.gen(function*() {
      const script = make()
      const { a, b } = yield* two(script)
      const bad = yield* a.token
      yield* b.token
      yield* a.invalidate(bad)
      assert.strictEqual(value(yield* a.token), "access-2")
      yield* b.invalidate(bad)
      assert.strictEqual(value(yield* b.token), "access-2")
      assert.deepStrictEqual(script.sent, ["login", "refresh-1"])
    }))
})

describe("an open intent", () => {
  it.effect("of another process is waited for, with a look every 100 ms", () =>
    Effect.gen(function*() {
      const script = make()
      script.next.push(late(5_000))
      const { a, b, store } = yield* two(script)
      const owner = yield* fork(a.token)
      let reads = 0
      const counted = TokenStore.TokenStore.of({
        ...store,
        read: (account) => Effect.andThen(Effect.sync(() => void reads++), store.read(account))
      })
      const c = yield* engine(script, counted, onDemand)
      const waiters = yield* fork(Effect.all([b.token, c.token], { concurrency: 2 }))
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(reads >= 50 && reads <= 52, String(reads))
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual((yield* Fiber.join(waiters)).map(value), ["access-1", "access-1"])
      yield* Fiber.join(owner)
      assert.deepStrictEqual(script.sent, ["login"])
    }))

  it.effect("is taken over only after timeout + 5 s, and by login", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("that outlasts the timeout fails the waiter with `NotSent`; no back-off begins, the next read waits again", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("does not cost a waiter its good token", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("that ends with little time left begins no exchange that cannot be answered in time", () =>
    Effect.gen(function*() {
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
    }))
})

describe("a sign-out in another process", () => {
  it.effect("is seen at the next read of the store; until then what is held is served", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("ends a flight begun before it with `ReauthenticationRequired`, and a later call may log in", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("is not undone by background work: a schedule never logs in from a signed-out record", () =>
    Effect.gen(function*() {
      const script = make()
      const store = yield* TokenStore.makeMemory
      const a = yield* engine(script, store)
      const b = yield* engine(script, store)
      yield* a.token
      yield* b.signOut
      yield* TestClock.adjust("2 days")
      assert.deepStrictEqual(script.sent, ["login"])
      assert.strictEqual((yield* store.read("[\"Acme\",\"user\"]")).session?.tokens, null)
    }))
})

describe("a wrong password", () => {
  const wrong = fails("Refused")

  it.effect("is sent once by two processes where nothing crashes", () =>
    Effect.gen(function*() {
      const script = make()
      script.outage(late(1_000, wrong))
      const { a, b } = yield* two(script)
      const both = yield* fork(Effect.all([reason(a.token), reason(b.token)], { concurrency: 2 }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(both), ["InvalidCredentials", "InvalidCredentials"])
      yield* TestClock.adjust("1 day")
      assert.strictEqual(yield* reason(b.refresh), "InvalidCredentials")
      assert.deepStrictEqual(script.sent, ["login"])
    }))

  it.effect("is not sent by a process that starts later, until a sign-out", () =>
    Effect.gen(function*() {
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
    }))

  it.effect("does not stand in the way of other credentials", () =>
    Effect.gen(function*() {
      const script = make()
      script.next.push(wrong)
      const corrected = make()
      const { issuer } = corrected
      const login = { ...issuer.login!, secrets: [Redacted.make("another")] }
      const { a, b } = yield* two(script, { ...corrected, issuer: { ...issuer, login } })
      yield* reason(a.token)
      assert.strictEqual(value(yield* b.token), "access-1")
    }))

  it.effect("is sent at most twice where no process lives to see the answer, then once every 5 minutes", () =>
    Effect.gen(function*() {
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
    }))
})

describe("a refresh token that may be used once", () => {
  it.effect("is never presented twice, however processes interleave, crash and lose answers", () =>
    Effect.gen(function*() {
      const below = (count: number) => Random.nextIntBetween(0, count - 1)
      const lost = fails("Unknown")
      const crash = () => Effect.die("crash")
      const answers = [Effect.succeed, Effect.succeed, late(500), late(20_000), silence, lost, late(3_000, lost), crash]
      for (let run = 0; run < 60; run++) {
        const script = make({ life: 120_000 })
        for (let i = 0; i < 400; i++) script.next.push(answers[yield* below(answers.length)]!)
        const store = yield* TokenStore.makeMemory
        const processes: Array<Shape> = []
        for (let i = 0; i < 3; i++) processes.push(yield* engine(script, store, { timeout: "10 seconds" }))
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
        assert.isAbove(script.sent.length, 3)
        assert.deepStrictEqual(again(script), [], script.sent.join(" "))
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Random.withSeed("interleavings")))
})
