// What programs can watch: statuses as they change, spans and counts of exchanges. No secret stands in any of them. Log
// lines have a file of their own.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import type { Shape } from "../src/AuthService.ts"
import * as TokenEngine from "../src/TokenEngine.ts"
import { engine, fails, fork, hour, late, make, onDemand, silence } from "./ScriptedIssuer.ts"

const spansOf = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const named = (name: string) =>
    spans.filter((span) => span.name === name).map(({ attributes }) => Object.fromEntries(attributes))
  return { spans, named, layer: Layer.succeed(Tracer.Tracer, tracer) }
}

/** The state of a metric for these attributes, "0" where it was never touched. */
const metric = Effect.fnUntraced(function* (id: string, attributes: Record<string, string>) {
  const found = (yield* Metric.snapshot).find(
    (snapshot) =>
      snapshot.id === id &&
      Object.entries(attributes).every(
        ([key, value]) => (snapshot.attributes as Record<string, string>)?.[key] === value
      )
  )
  const state = found?.state as { readonly count?: number; readonly value?: number } | undefined
  return state?.count ?? state?.value ?? 0
})

const watch = (auth: Shape, count: number) =>
  fork(
    auth.changes.pipe(
      Stream.map(({ _tag }) => _tag),
      Stream.changes,
      Stream.take(count),
      Stream.runCollect
    )
  )

describe("`changes`", () => {
  it.effect("tells the current status, then each change, also those that time alone makes", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(Effect.succeed, late(10_000, fails("Answered")))
      script.outage(fails("Answered"))
      const auth = yield* engine(script)
      const watcher = yield* watch(auth, 4)
      yield* TestClock.adjust(1)
      yield* auth.token
      yield* TestClock.adjust(hour)
      assert.deepStrictEqual(yield* Fiber.join(watcher), ["SignedOut", "Fresh", "Due", "BackingOff"])
    })
  )

  it.effect("tells of a refresh that fails while the good token is served, once for each failure", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script)
      const errors: Array<string> = []
      yield* fork(
        Stream.runForEach(auth.changes, (status) =>
          Effect.sync(() => {
            if (status._tag === "Due" && Option.isSome(status.error)) errors.push(status.error.value.reason._tag)
          })
        )
      )
      yield* auth.token
      script.next.push(fails("Answered"), fails("NotSent"))
      yield* TestClock.adjust("46 minutes")
      assert.deepStrictEqual(errors, ["Unreachable", "Unreachable"])
      assert.strictEqual((yield* auth.status)._tag, "Fresh")
    })
  )

  it.effect("tells each new token, by its generation", () =>
    Effect.gen(function* () {
      const auth = yield* engine(make())
      const watcher = yield* fork(
        auth.changes.pipe(
          Stream.filter((status) => status._tag === "Fresh"),
          Stream.map(({ generation }) => generation),
          Stream.take(4),
          Stream.runCollect
        )
      )
      yield* auth.token
      yield* TestClock.adjust("3 hours")
      assert.deepStrictEqual(yield* Fiber.join(watcher), [1, 2, 3, 4])
    })
  )

  it.effect("tells a late watcher where the account stands", () =>
    Effect.gen(function* () {
      const script = make()
      script.next.push(fails("Refused"))
      const auth = yield* engine(script)
      yield* Effect.flip(auth.token)
      const watcher = yield* watch(auth, 2)
      yield* TestClock.adjust(1)
      yield* auth.signOut
      assert.deepStrictEqual(yield* Fiber.join(watcher), ["Refused", "SignedOut"])
    })
  )

  it.effect("tells nothing while nothing changes: 1,000 reads", () =>
    Effect.gen(function* () {
      const auth = yield* engine(make())
      yield* auth.token
      let told = 0
      yield* fork(Stream.runForEach(auth.changes, () => Effect.sync(() => void told++)))
      yield* TestClock.adjust(1)
      for (let i = 0; i < 1_000; i++) yield* auth.token
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(told, 1)
    })
  )
})

describe("spans", () => {
  it.effect("`vendor-auth.exchange` has vendor, kind and outcome, one for each exchange", () => {
    const traced = spansOf()
    return Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, undefined, { ...onDemand, timeout: "1 second" })
      script.next.push(Effect.succeed, fails("Answered"), fails("NotSent"), fails("Unknown"), fails("Refused"))
      yield* auth.token
      for (let i = 0; i < 3; i++) yield* Effect.exit(auth.refresh)
      assert.deepStrictEqual(
        traced.named("vendor-auth.exchange"),
        [
          ["login", "Issued"],
          ["refresh", "Answered"],
          ["refresh", "NotSent"],
          ["refresh", "Unknown"],
          ["login", "Refused"]
        ].map(([kind, outcome]) => ({ vendor: "Acme", kind, outcome }))
      )
    }).pipe(Effect.provide(traced.layer))
  })

  it.effect("`vendor-auth.token` stands only where a caller waits", () => {
    const traced = spansOf()
    return Effect.gen(function* () {
      const auth = yield* engine(make(), undefined, onDemand)
      yield* auth.token
      for (let i = 0; i < 100; i++) yield* auth.token
      yield* auth.refresh
      assert.deepStrictEqual(traced.named("vendor-auth.token"), [{ vendor: "Acme" }, { vendor: "Acme" }])
    }).pipe(Effect.provide(traced.layer))
  })

  it.effect("hold no secret", () => {
    const traced = spansOf()
    return Effect.gen(function* () {
      const auth = yield* engine(make({ account: ["secret-user-name"] }), undefined, onDemand)
      yield* auth.token
      yield* auth.refresh
      const all = JSON.stringify(traced.spans.map((span) => [span.name, [...span.attributes], span.events]))
      assert.notMatch(all, /access-|refresh-|"password|secret-user-name/)
    }).pipe(Effect.provide(traced.layer))
  })
})

describe("metrics", () => {
  it.effect("count exchanges by vendor, kind and outcome", () =>
    Effect.gen(function* () {
      const script = make({ vendor: "AcmeExchanges" })
      const auth = yield* engine(script, undefined, { ...onDemand, timeout: "1 second" })
      script.next.push(Effect.succeed, Effect.succeed, fails("Answered"), silence)
      yield* auth.token
      yield* auth.refresh
      yield* Effect.exit(auth.refresh)
      const silent = yield* fork(Effect.exit(auth.refresh))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(silent)
      const count = (kind: string, outcome: string) =>
        metric("vendor_auth_exchanges_total", { vendor: "AcmeExchanges", kind, outcome })
      assert.strictEqual(yield* count("login", "Issued"), 1)
      assert.strictEqual(yield* count("refresh", "Issued"), 1)
      assert.strictEqual(yield* count("refresh", "Answered"), 1)
      assert.strictEqual(yield* count("refresh", "Unknown"), 1)
      assert.strictEqual(yield* count("refresh", "Refused"), 0)
    })
  )

  it.effect("count the callers who joined, not the one who began", () =>
    Effect.gen(function* () {
      const script = make({ vendor: "AcmeJoined" })
      script.next.push(late(1_000))
      const auth = yield* engine(script, undefined, onDemand)
      const callers = yield* fork(
        Effect.all(
          Array.from({ length: 100 }, () => auth.token),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(callers)
      yield* auth.token
      assert.strictEqual(yield* metric("vendor_auth_waiters_joined_total", { vendor: "AcmeJoined" }), 99)
    })
  )

  it.effect("give the life of the token, by vendor and account", () =>
    Effect.gen(function* () {
      const { shape } = yield* TokenEngine.make(make({ vendor: "AcmeLife", life: 1_800_000 }).issuer, {
        account: "billing"
      })
      yield* shape.token
      const life = yield* metric("vendor_auth_token_life_seconds", { vendor: "AcmeLife", account: "billing" })
      assert.strictEqual(life, Duration.toSeconds("30 minutes"))
    })
  )
})
