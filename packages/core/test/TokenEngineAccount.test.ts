// Accounts that are nothing but a token, and what an account remembers of its failures.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"
import * as TokenEngine from "../src/TokenEngine.ts"
import * as TokenStore from "../src/TokenStore.ts"
import { engine, fails, hour, make, onDemand, value } from "./ScriptedIssuer.ts"

describe("an application token", () => {
  const application = () =>
    make({ applicationToken: Redacted.make("application"), login: undefined, refreshTokenUse: "many" })

  it.effect("is served for ever, and nothing is exchanged", () =>
    Effect.gen(function* () {
      const script = application()
      const auth = yield* engine(script)
      for (let day = 0; day < 10; day++) {
        assert.strictEqual(value(yield* auth.token), "application")
        yield* TestClock.adjust("1 day")
      }
      assert.strictEqual((yield* auth.status)._tag, "Fresh")
      assert.deepStrictEqual(script.sent, [])
    })
  )

  it.effect("cannot be refreshed: `ReauthenticationRequired`, and it is served all the same", () =>
    Effect.gen(function* () {
      const auth = yield* engine(application())
      yield* auth.token
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "ReauthenticationRequired")
      assert.strictEqual(value(yield* auth.token), "application")
    })
  )

  it.effect("is served after a `refresh` that came before its first read", () =>
    Effect.gen(function* () {
      const auth = yield* engine(application())
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "ReauthenticationRequired")
      assert.strictEqual(value(yield* auth.token), "application")
    })
  )

  it.effect("that the API rejected is over: every read fails at once with `ReauthenticationRequired`", () =>
    Effect.gen(function* () {
      const auth = yield* engine(application())
      yield* auth.invalidate(yield* auth.token)
      assert.strictEqual((yield* Effect.flip(auth.token)).reason._tag, "ReauthenticationRequired")
      assert.strictEqual((yield* Effect.flip(auth.token)).reason._tag, "ReauthenticationRequired")
      assert.strictEqual((yield* auth.status)._tag, "Refused")
    })
  )
})

describe("an account", () => {
  it.effect("with an empty name is refused when the engine is made", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(TokenEngine.make(make().issuer, { account: "" }))
      assert.deepInclude(error.reason, { _tag: "InvalidOptions", field: "account" })
    })
  )

  it.effect("backs off anew after each success", () =>
    Effect.gen(function* () {
      const script = make()
      const auth = yield* engine(script, undefined, { refresh: RefreshPolicy.onDemand })
      for (let round = 0; round < 5; round++) {
        script.next.push(fails("Answered"), fails("Answered"))
        yield* Effect.flip(auth.token)
        yield* TestClock.adjust("1200 millis")
        yield* Effect.flip(auth.token)
        yield* TestClock.adjust("2400 millis")
        yield* auth.token
        yield* TestClock.adjust(hour)
      }
      assert.strictEqual(script.sent.length, 15)
    })
  )
})

describe("accounts that look alike", () => {
  const pairs: ReadonlyArray<readonly [ReadonlyArray<string>, ReadonlyArray<string>]> = [
    [
      ["a", "b::c"],
      ["a::b", "c"]
    ],
    [["a,b"], ["a", "b"]],
    [['a","b'], ["a", "b"]],
    [["a", ""], ["a"]]
  ]
  it.effect.each(pairs)("share no session: %o and %o", ([one, other]) =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const [first, second] = [make({ account: one }), make({ account: other })]
      yield* (yield* engine(first, store, onDemand)).token
      yield* (yield* engine(second, store, onDemand)).token
      assert.deepStrictEqual([first.sent, second.sent], [["login"], ["login"]])
    })
  )
})
