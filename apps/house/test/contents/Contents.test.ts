// Hostile contents of token answers, for each of the three vendors and at a login and a refresh: what is due, that
// nothing of an answer is in anything an app can print, and that nothing is sent again before its time.
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { bodies } from "./Bodies.ts"
import { fields } from "./Fields.ts"
import { listen, print } from "./Outputs.ts"
import type { Due, Row } from "./Row.ts"
import { type Contents, mark, password, serve, type Vendor, vendors } from "./Vendors.ts"

/** Milliseconds that one answer may take at most, on a machine that has much else to do. */
const longest = 5_000

const pathsOf = ({ fields }: Vendor, { malformed }: Extract<Due, { readonly malformed: unknown }>) =>
  malformed.map((path) => (path === "access.exp" ? `${fields.access}.exp` : (fields[path as "access"] ?? path)))

const says = (vendor: Vendor, due: Exclude<Due, { readonly life?: unknown }>, at: "login" | "refresh") =>
  "malformed" in due ? `MalformedResponse ${JSON.stringify({ paths: pathsOf(vendor, due) })}` : due[at]

/** How many requests one failed exchange takes: what was refused, or spent on an unknown outcome, costs a login. */
const cost = (vendor: Vendor, due: Due, at: "login" | "refresh"): number => {
  if (at === "login") return 1
  if ("malformed" in due) return vendor.refreshTokenUse === "once" ? 2 : 1
  return "refresh" in due && due.refresh.startsWith("InvalidCredentials") ? 2 : 1
}

const attempt = (vendor: Vendor, contents: Contents, { due }: Row, at: "login" | "refresh") => {
  const { during, lines } = listen()
  return Effect.gen(function* () {
    const { auth, wire } = yield* serve(vendor)
    if (at === "refresh") yield* auth.token
    const before = wire.sent.length
    wire.answer = contents
    const began = performance.now()
    const exit = yield* Effect.exit(at === "login" ? auth.token : auth.refresh)
    assert.isBelow(performance.now() - began, longest)
    const sent = wire.sent.length
    assert.strictEqual(sent - before, cost(vendor, due, at))

    const printed = [print(exit), ...lines, print(Exit.succeed([auth, yield* auth.status]))].join("\n")
    for (const secret of [mark, password, JSON.stringify(password).slice(1, -1)]) assert.notInclude(printed, secret)

    if (Exit.isSuccess(exit)) {
      assert.isFalse("malformed" in due || "login" in due, "it was accepted")
      const { access = `access-${mark}`, life = vendor.fields.life === undefined ? "documented" : 3600 } = due as {
        readonly access?: unknown
        readonly life?: number | "documented"
      }
      assert.strictEqual(Redacted.value(exit.value.value), access)
      const until = DateTime.toEpochMillis(Option.getOrThrow(exit.value.expiresAt))
      const seconds = life === "documented" ? vendor.defaultLife : life
      assert.strictEqual(until - (yield* Clock.currentTimeMillis), seconds * 1_000)
      for (let n = 0; n < 5; n++) yield* auth.token
      assert.strictEqual(wire.sent.length, sent)
      return
    }
    assert.strictEqual(exit.cause.reasons.length, 1)
    const error = Option.getOrThrow(Exit.findErrorOption(exit))
    assert.instanceOf(error, AuthError.AuthError)
    assert.strictEqual(error.vendor, vendor.name)
    const { _tag, ...rest } = error.reason
    assert.isTrue("malformed" in due || "login" in due, `it was not accepted: ${error.message}`)
    assert.strictEqual(`${_tag} ${JSON.stringify({ ...rest, name: undefined })}`, says(vendor, due as never, at))

    // Not again before its time, however often it is asked for; what is refused, never.
    for (const wait of [0, 350, 349]) {
      yield* TestClock.adjust(wait)
      for (let n = 0; n < 5; n++) {
        const again = yield* Effect.exit(auth.token)
        // Where there was a good token it is served.
        assert.strictEqual(Exit.isSuccess(again), at === "refresh")
        if (Exit.isSuccess(again)) assert.strictEqual(Redacted.value(again.value.value), `access-${mark}`)
      }
      assert.strictEqual(wire.sent.length, sent)
    }
    yield* TestClock.adjust("1 minute")
    yield* Effect.exit(auth.token)
    if (error.isFinal) assert.strictEqual(wire.sent.length, sent)
    else assert.isAbove(wire.sent.length, sent)
  }).pipe(during)
}

let count = 0
const prototype = Reflect.ownKeys(Object.prototype)

for (const [group, rows] of Object.entries({ ...bodies, ...fields })) {
  describe(group, () => {
    for (const row of rows) {
      for (const vendor of vendors) {
        const contents = row.contents(vendor)
        if (contents === undefined) continue
        count++
        it.effect(`${vendor.name}: ${row.title}`, () =>
          Effect.andThen(attempt(vendor, contents, row, "login"), attempt(vendor, contents, row, "refresh"))
        )
      }
    }
  })
}

describe("the table", () => {
  it("has at least 120 rows, and leaves Object.prototype as it was", () => {
    assert.isAtLeast(count, 120)
    assert.deepStrictEqual(Reflect.ownKeys(Object.prototype), prototype)
  })
})
