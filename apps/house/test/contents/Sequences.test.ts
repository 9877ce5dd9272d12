// Contents that are hostile only after what was said before: a refresh token that is missing or empty, and a token that
// was said already. And the one token that never expires.
import { assert, describe, it } from "@effect/vitest"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import { ItemPathAuth } from "@vendor-auth/itempath"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import { print } from "./Outputs.ts"
import { itemPath, json, jwt, mark, members, Raw, type Sent, serve, type Vendor, vendors } from "./Vendors.ts"

const silent = Effect.provideService(References.MinimumLogLevel, "None")
const good = (vendor: Vendor, changes = {}) => ({ body: json(members(vendor, changes)) })
/** Whether a request presents a refresh token: in its body, or as ItemPath does in its header. */
const presents = (sent: Sent | undefined, token: string): boolean =>
  sent !== undefined && (sent.authorization === `Bearer ${token}` || sent.body.includes(token))

for (const vendor of vendors) {
  describe(vendor.name, () => {
    it.effect("C14: a refresh answer without a refresh token keeps the old one", () =>
      Effect.gen(function* () {
        const { auth, wire } = yield* serve(vendor)
        yield* auth.token
        for (const [n, refresh] of [undefined, null, undefined].entries()) {
          wire.answer = good(vendor, { access: `access-${n}`, refresh })
          assert.strictEqual(Redacted.value((yield* auth.refresh).value), `access-${n}`)
          assert.strictEqual(wire.sent.length, n + 2)
          assert.isTrue(presents(wire.sent.at(-1), `refresh-${mark}`))
        }
      }).pipe(silent)
    )

    it.effect("C15: a refresh answer with an empty refresh token replaces nothing, and the good token is served", () =>
      Effect.gen(function* () {
        const { auth, wire } = yield* serve(vendor)
        const before = yield* auth.token
        wire.answer = good(vendor, { access: "another", refresh: "" })
        const error = yield* Effect.flip(auth.refresh)
        assert.deepInclude(error.reason, { _tag: "MalformedResponse", paths: [vendor.fields.refresh] })
        assert.strictEqual(Redacted.value((yield* auth.token).value), Redacted.value(before.value))
        wire.answer = good(vendor, { access: "third" })
        const sent = wire.sent.length
        assert.strictEqual(Redacted.value((yield* auth.refresh).value), "third")
        assert.strictEqual(wire.sent.length, sent + 1)
        // One that may be used once was spent on an answer that says nothing: a login takes its place.
        assert.strictEqual(presents(wire.sent.at(-1), `refresh-${mark}`), vendor.refreshTokenUse === "many")
      }).pipe(silent)
    )

    it.effect("C12: what an answer nests 100,000 deep is not kept: the session can be written down", () =>
      Effect.gen(function* () {
        const deep = new Raw("[".repeat(100_000) + "]".repeat(100_000))
        const memory = yield* TokenStore.makeMemory
        const kept: Array<number> = []
        const store = TokenStore.TokenStore.of({
          ...memory,
          write: (account, version, session) => {
            kept.push(JSON.stringify(session.tokens?.details ?? null).length)
            return memory.write(account, version, session)
          }
        })
        const { auth, wire } = yield* Effect.provideService(serve(vendor), TokenStore.TokenStore, store)
        const more = Object.fromEntries(Object.keys(vendor.more).map((key) => [key, deep]))
        wire.answer = good(vendor, { more })
        yield* auth.token
        assert.isAtLeast(kept.length, 2)
        assert.isTrue(kept.every((length) => length < 1_000))
      }).pipe(silent)
    )

    it.effect("C17: a token equal to the old one, with an earlier end, is accepted, and there is no refresh loop", () =>
      Effect.gen(function* () {
        const { auth, wire } = yield* serve(vendor)
        const access = (seconds: number) => ({
          access: vendor.fields.life ? `access-${mark}` : jwtOf(seconds),
          life: seconds
        })
        wire.answer = good(vendor, access(3600))
        const first = yield* auth.token
        wire.answer = good(vendor, access(60))
        const second = yield* auth.refresh
        if (vendor.fields.life !== undefined)
          assert.strictEqual(Redacted.value(second.value), Redacted.value(first.value))
        assert.strictEqual(second.generation, first.generation + 1)
        const ends = [first, second].map(({ expiresAt }) => DateTime.toEpochMillis(Option.getOrThrow(expiresAt)))
        assert.isBelow(ends[1]!, ends[0]!)
        const before = wire.sent.length
        for (let n = 0; n < 3_600; n++) {
          yield* auth.token
          yield* TestClock.adjust("1 second")
        }
        // Of 60 seconds 39 to 45 have passed when it is due.
        assert.isAtLeast(wire.sent.length - before, 3_600 / 46)
        assert.isAtMost(wire.sent.length - before, 3_600 / 38)
      }).pipe(silent)
    )
  })
}

function jwtOf(seconds: number): string {
  return jwt({ iat: 0, exp: seconds })
}

describe("ItemPath's application token", () => {
  const ask = (body: string) =>
    Effect.gen(function* () {
      const client = HttpClient.make((request, { pathname }) => {
        const text = pathname.endsWith("application-token") ? body : good(itemPath).body
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(text)))
      })
      const auth = yield* ItemPathAuth.make({
        baseUrl: "https://vendor.test",
        credentials: { username: "user", password: Redacted.make("pw") }
      }).pipe(Effect.provideService(HttpClient.HttpClient, client))
      return yield* auth.createApplicationToken
    }).pipe(silent)

  it.effect("C7: is the only one that never expires", () =>
    Effect.gen(function* () {
      const token = yield* ask(json({ token: jwt({ iat: 5, type: "access" }) }))
      assert.isTrue(Option.isNone(token.expiresAt))
      assert.isTrue(Option.isSome((yield* ask(json({ token: jwt({ iat: 5, exp: 65 }) }))).expiresAt))
    })
  )

  const hostile: ReadonlyArray<readonly [string, unknown]> = [
    ["missing", undefined],
    ["null", null],
    ["a number", 5],
    ["empty", ""],
    ["one that breaks a header", `${mark}\r\nx: 1`],
    ["100,000 lists", new Raw("[".repeat(100_000) + "]".repeat(100_000))]
  ]
  for (const [title, token] of hostile) {
    it.effect(`is MalformedResponse where it is ${title}`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(ask(json({ token, accessToken: mark })))
        const error = Option.getOrThrow(Exit.findErrorOption(exit))
        assert.deepInclude(error.reason, { _tag: "MalformedResponse", paths: ["token"] })
        assert.notInclude(print(exit), mark)
      })
    )
  }
})
