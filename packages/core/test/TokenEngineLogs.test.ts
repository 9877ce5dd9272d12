// One log line for each change of state and none for a read; no secret and no account's own name stands in them.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import * as AuthError from "../src/AuthError.ts"
import * as TokenEngine from "../src/TokenEngine.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, make, onDemand } from "./ScriptedIssuer.ts"

/** A sink for log lines of "Info" and above, with their level and annotations. */
const logs = () => {
  const lines: Array<string> = []
  const annotations: Array<Record<string, unknown>> = []
  const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
    lines.push(`${logLevel} ${(Array.isArray(message) ? message : [message]).join(" ")}`)
    annotations.push({ ...fiber.getRef(References.CurrentLogAnnotations) })
  })
  return { lines, annotations, layer: Logger.layer([logger]) }
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

describe("log lines", () => {
  it.effect("are one for each change of state, and none for a read", () => {
    const log = logs()
    return Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, { ...(yield* TokenStore.makeMemory), isLasting: true }, onDemand)
      for (let i = 0; i < 100; i++) yield* auth.token
      yield* auth.invalidate(yield* auth.token)
      script.next.push(fails("Answered"))
      for (let i = 0; i < 100; i++) yield* Effect.flip(auth.token)
      yield* auth.refresh
      yield* auth.signOut
      script.next.push(fails("Refused"))
      for (let i = 0; i < 100; i++) yield* Effect.flip(auth.token)
      const expected = [
        /^Info Acme: fresh, generation 1, until 1970-01-01T01:00:00/,
        /^Info Acme: expired$/,
        /^Warn Acme: the token endpoint failed; next try at 1970-01-01T00:00:0/,
        /^Info Acme: fresh, generation 2/,
        /^Info Acme: signed out$/,
        /^Error Acme: the login was refused \(401\): correct the credentials/
      ]
      assert.strictEqual(log.lines.length, expected.length, log.lines.join("\n"))
      expected.forEach((line, index) => assert.match(log.lines[index]!, line))
    }).pipe(Effect.provide(log.layer))
  })

  it.effect("tell once that a refresh fails while the good token is served", () => {
    const log = logs()
    return Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script)
      yield* auth.token
      script.outage(fails("Answered"))
      yield* TestClock.adjust("55 minutes")
      assert.isAbove(script.sent.length, 3)
      const told = log.lines.filter((line) => line.includes("the good token is served meanwhile"))
      assert.strictEqual(told.length, 1, log.lines.join("\n"))
    }).pipe(Effect.provide(log.layer))
  })

  it.effect("of an hour's outage are at most 10", () => {
    const log = logs()
    return Effect.gen(function* () {
      const script = make()
      script.outage(fails("Answered"))
      const auth = yield* engine(script)
      for (let second = 0; second < 3_600; second++) {
        yield* Effect.flip(auth.token)
        yield* TestClock.adjust("1 second")
      }
      assert.isAtMost(log.lines.length, 10)
      assert.isAtLeast(log.lines.length, 1)
    }).pipe(Effect.provide(log.layer))
  })

  it.effect("of an unresolved session are an error, once", () => {
    const log = logs()
    return Effect.gen(function* () {
      const script = make({ vendor: "AcmeUnresolved", login: undefined, refreshToken: Redacted.make("configured") })
      const auth = yield* engine(script)
      yield* auth.token
      script.next.push(fails("Unknown"))
      yield* TestClock.adjust("2 hours")
      const told = log.lines.filter((line) => line.includes("a refresh token that may be used once was sent"))
      assert.strictEqual(told.length, 1, log.lines.join("\n"))
      assert.match(told[0]!, /^Error/)
      assert.strictEqual(yield* metric("vendor_auth_unresolved_total", { vendor: "AcmeUnresolved" }), 1)
    }).pipe(Effect.provide(log.layer))
  })

  it.effect(
    "warn once, at the first refresh, that a session does not last; not where it does or need not",
    () =>
      Effect.gen(function* () {
        const warnings = Effect.fnUntraced(function* (use: "once" | "many", isLasting: boolean) {
          const log = logs()
          const told = () => log.lines.filter((line) => line.includes("Provide a TokenStore that lasts")).length
          return yield* Effect.gen(function* () {
            const script = make({ refreshTokenUse: use })
            const auth = yield* engine(script, { ...(yield* TokenStore.makeMemory), isLasting })
            yield* auth.token
            assert.strictEqual(told(), 0)
            yield* TestClock.adjust("3 hours")
            assert.isAbove(script.sent.length, 3)
            return told()
          }).pipe(Effect.provide(log.layer))
        })
        assert.strictEqual(yield* warnings("once", false), 1)
        assert.strictEqual(yield* warnings("once", true), 0)
        assert.strictEqual(yield* warnings("many", false), 0)
      }),
    60_000
  )

  it.effect("name an account by a fingerprint, or as the user named it; no secret stands in them", () => {
    const log = logs()
    return Effect.gen(function* () {
      const script = make({ account: ["secret-user-name"] })
      const anonymous = yield* TokenEngine.make(script.issuer, {})
      const named = yield* TokenEngine.make(script.issuer, { account: "billing" })
      yield* anonymous.shape.token
      yield* named.shape.token
      yield* anonymous.shape.refresh
      script.next.push(fails("Refused", new AuthError.ReauthenticationRequired()), fails("Refused"))
      yield* Effect.flip(named.shape.refresh)
      assert.match(String(log.annotations[0]!.account), /^[0-9a-f]{12}$/)
      assert.deepInclude(log.annotations[1], { vendor: "Acme", account: "billing" })
      const all = JSON.stringify([log.lines, log.annotations])
      for (const secret of ["secret-user-name", "access-", "refresh-", '"password']) assert.notInclude(all, secret)
    }).pipe(Effect.provide(log.layer))
  })
})
