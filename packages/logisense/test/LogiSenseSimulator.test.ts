import { assert, describe, it } from "@effect/vitest"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

type Sim = LogiSenseSimulator.LogiSenseSimulator

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString())

const form = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" }

const loginPath = "/AuthorizationServer/api/v10/Access/Login"

const token = (sim: Sim, fields: Record<string, string>, path = loginPath, headers: Record<string, string> = form) =>
  Effect.gen(function* () {
    const body = new URLSearchParams(fields).toString()
    const response = yield* sim.handle(new Request(sim.origin + path, { method: "POST", headers, body }))
    const text = yield* Effect.promise(() => response.text())
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text }
  })

const byPassword = (sim: Sim, password = Redacted.value(sim.credentials.password)) => ({
  username: sim.credentials.username,
  password,
  grant_type: "password",
  client_id: sim.credentials.clientId
})

const refreshing = (sim: Sim, refreshToken: string) => ({
  refresh_token: refreshToken,
  grant_type: "refresh_token",
  client_id: sim.credentials.clientId
})

const api = (sim: Sim, bearer?: string, path = sim.resource, init: RequestInit = {}) =>
  Effect.gen(function* () {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const response = yield* sim.handle(new Request(sim.origin + path, { headers, ...init }))
    const text = yield* Effect.promise(() => response.text())
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text }
  })

describe("login", () => {
  it.effect("by user and password gives the documented answer", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      yield* TestClock.adjust("1667332181250 millis")
      const { body, status } = yield* token(sim, byPassword(sim))
      assert.strictEqual(status, 200)
      const { access_token, refresh_token, ...rest } = body
      assert.deepStrictEqual(rest, {
        token_type: "bearer",
        expires_in: 1800,
        audience: sim.credentials.clientId,
        ".issued": "2022-11-01T19:49:41Z",
        ".expires": "2022-11-01T20:19:41Z",
        actingOwnerId: 1
      })
      const access = claimsOf(access_token)
      assert.deepInclude(access, { nbf: 1667332181, exp: 1667333981, aud: sim.credentials.clientId })
      assert.notProperty(access, "iat")
      assert.deepInclude(claimsOf(refresh_token), { iat: 1667332181, nbf: 1667332180, exp: 1667333980 })
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )

  it.effect("by client secret works too, with grant_type=password, but not together with a user", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make({ expiresInAs: "string" })
      const secret = {
        client_secret: Redacted.value(sim.credentials.clientSecret),
        grant_type: "password",
        client_id: sim.credentials.clientId
      }
      const answer = yield* token(sim, secret)
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.body.expires_in, "1800")
      const wrong = yield* token(sim, { ...secret, client_secret: "no" })
      assert.deepStrictEqual([wrong.status, wrong.body.error], [400, "invalid_client"])
      const both = yield* token(sim, { ...secret, ...byPassword(sim) })
      assert.deepStrictEqual([both.status, both.body.error], [400, "invalid_request"])
      assert.lengthOf(yield* sim.violations, 1)
    })
  )

  it.effect("is served at the configured versions only", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make({ versions: ["v9"], unversioned: true })
      assert.strictEqual((yield* token(sim, byPassword(sim))).status, 404)
      const path = "/AuthorizationServer/api/v9/Access/Login"
      assert.strictEqual((yield* token(sim, byPassword(sim), path)).status, 200)
      assert.strictEqual((yield* token(sim, byPassword(sim), "/AuthorizationServer/Access/Login")).status, 200)
      assert.strictEqual(sim.resource, "/ResourceServer/api/v9/Account")
    })
  )

  it.effect("wants a form and accepts nothing but JSON, and says what was wrong", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const asJson = yield* token(sim, byPassword(sim), loginPath, { ...form, "content-type": "application/json" })
      assert.strictEqual(asJson.status, 400)
      const noAccept = yield* token(sim, byPassword(sim), loginPath, { "content-type": form["content-type"] })
      assert.strictEqual(noAccept.status, 406)
      const clientCredentials = yield* token(sim, { ...byPassword(sim), grant_type: "client_credentials" })
      assert.strictEqual(clientCredentials.body.error, "unsupported_grant_type")
      assert.lengthOf(yield* sim.violations, 3)
      const stranger = yield* token(sim, { ...byPassword(sim), client_id: "other" })
      assert.strictEqual(stranger.body.error, "invalid_client")
    })
  )

  it.effect("locks after five wrong passwords in a row: then the right one is refused too, until it is unlocked", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const wrong = token(sim, byPassword(sim, "wrong"))
      yield* Effect.repeat(wrong, { times: 3 })
      assert.strictEqual((yield* token(sim, byPassword(sim))).status, 200)
      yield* Effect.repeat(wrong, { times: 3 })
      assert.isFalse(yield* sim.locked)
      yield* wrong
      assert.isTrue(yield* sim.locked)
      const right = yield* token(sim, byPassword(sim))
      assert.deepStrictEqual([right.status, right.body.error], [400, "invalid_grant"])
      yield* sim.unlock
      assert.strictEqual((yield* token(sim, byPassword(sim))).status, 200)
    })
  )
})

describe("refresh", () => {
  it.effect("gives a new refresh token, and the old one presented again revokes the whole family", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      const other = (yield* token(sim, byPassword(sim))).body
      const second = (yield* token(sim, refreshing(sim, first.refresh_token))).body
      assert.notStrictEqual(second.refresh_token, first.refresh_token)
      assert.strictEqual((yield* api(sim, second.access_token)).status, 200)
      const again = yield* token(sim, refreshing(sim, first.refresh_token))
      assert.deepStrictEqual([again.status, again.body.error], [400, "invalid_grant"])
      assert.strictEqual(yield* sim.reuses, 1)
      assert.lengthOf(yield* sim.violations, 1)
      assert.strictEqual((yield* token(sim, refreshing(sim, second.refresh_token))).status, 400)
      assert.strictEqual((yield* api(sim, second.access_token)).status, 401)
      assert.strictEqual(yield* sim.reuses, 1)
      assert.strictEqual((yield* api(sim, other.access_token)).status, 200)
      assert.strictEqual((yield* token(sim, refreshing(sim, other.refresh_token))).status, 200)
    })
  )

  it.effect("of many at once succeeds for one alone", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const { refresh_token } = (yield* token(sim, byPassword(sim))).body
      const answers = yield* Effect.all(
        Array.from({ length: 8 }, () => token(sim, refreshing(sim, refresh_token))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(answers.filter((answer) => answer.status === 200).length, 1)
      assert.strictEqual(yield* sim.reuses, 7)
    })
  )

  it.effect("is refused one second before the access token dies", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make({ refreshTokens: "repeat" })
      const { access_token, refresh_token } = (yield* token(sim, byPassword(sim))).body
      yield* TestClock.adjust("1798 seconds")
      const repeated = yield* token(sim, refreshing(sim, refresh_token))
      assert.strictEqual(repeated.body.refresh_token, refresh_token)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* token(sim, refreshing(sim, refresh_token))).body.error, "invalid_grant")
      assert.strictEqual((yield* api(sim, access_token)).status, 200)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* api(sim, access_token)).status, 401)
    })
  )

  it.effect("may be set up to answer without a refresh token, which leaves the old one good", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make({ refreshTokens: "omit" })
      const { refresh_token } = (yield* token(sim, byPassword(sim))).body
      yield* token(sim, refreshing(sim, refresh_token))
      const answer = yield* token(sim, refreshing(sim, refresh_token))
      assert.strictEqual(answer.status, 200)
      assert.notProperty(answer.body, "refresh_token")
    })
  )

  it.effect("with a username, a password or a client secret is refused, and noted without them", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const { refresh_token } = (yield* token(sim, byPassword(sim))).body
      const answer = yield* token(sim, { ...byPassword(sim, "swordfish"), ...refreshing(sim, refresh_token) })
      assert.deepStrictEqual([answer.status, answer.body.error], [400, "invalid_request"])
      yield* token(sim, { ...refreshing(sim, refresh_token), client_secret: "swordfish" })
      const violations = yield* sim.violations
      assert.deepStrictEqual(violations, [
        "username in a refresh request",
        "password in a refresh request",
        "client_secret in a refresh request"
      ])
      assert.strictEqual((yield* token(sim, refreshing(sim, refresh_token))).status, 200)
    })
  )
})

describe("the resource server", () => {
  it.effect("answers in its envelopes, and denies what it does not know", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const { access_token, refresh_token } = (yield* token(sim, byPassword(sim))).body
      const list = (yield* api(sim, access_token)).body
      assert.deepStrictEqual(Object.keys(list), ["trackingId", "totalCount", "items"])
      assert.strictEqual((yield* api(sim, access_token, `${sim.resource}/2`)).body.instance.id, 2)
      assert.strictEqual((yield* api(sim, access_token, "/ResourceServer/api/v9/Account")).status, 404)
      for (const bearer of [undefined, "opaque", refresh_token]) {
        assert.deepStrictEqual(yield* api(sim, bearer), {
          status: 401,
          body: { message: "Authorization has been denied for this request." }
        })
      }
      assert.deepStrictEqual(yield* sim.violations, ["a refresh token on an API request"])
    })
  )

  it.effect("refuses invalid data with 400 and its errors envelope", () =>
    Effect.gen(function* () {
      const sim = yield* LogiSenseSimulator.make()
      const { access_token } = (yield* token(sim, byPassword(sim))).body
      const headers = { authorization: `Bearer ${access_token}` }
      const post = (body: string) => api(sim, undefined, sim.resource, { method: "POST", body, headers })
      const invalid = yield* post("{}")
      assert.strictEqual(invalid.status, 400)
      assert.strictEqual(invalid.body.type, "create")
      assert.strictEqual(invalid.body.errors[0].code, 11900000)
      const valid = yield* post(`{"name":"Third"}`)
      assert.strictEqual(valid.status, 201)
      assert.strictEqual(valid.body.results.items[0].instance.name, "Third")
    })
  )
})
