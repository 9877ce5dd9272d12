/**
 * The simulator itself: it answers as the standards say, and notes what they forbid.
 */
import { assert, describe, it } from "@effect/vitest"
import { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

type Sim = OAuth2Simulator.OAuth2Simulator
type Form = ReadonlyArray<readonly [string, string]> | Record<string, string>

const form = (text: string) => new URLSearchParams([["", text]]).toString().slice(1)

const basic = ({ credentials: { clientId, clientSecret } }: Sim, secret = Redacted.value(clientSecret)) => ({
  authorization: `Basic ${btoa(`${form(clientId)}:${form(secret)}`)}`
})

const post = (sim: Sim, url: string, body: Form | string, headers: Record<string, string> = basic(sim)) =>
  Effect.gen(function* () {
    const type = typeof body === "string" ? "application/json" : "application/x-www-form-urlencoded"
    const response = yield* sim.handle(
      new Request(url, {
        method: "POST",
        headers: { accept: "application/json", "content-type": type, ...headers },
        body: typeof body === "string" ? body : new URLSearchParams(body as Record<string, string>)
      })
    )
    const text = yield* Effect.promise(() => response.text())
    return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) }
  })

const token = (sim: Sim, body: Form | string, headers?: Record<string, string>) =>
  post(sim, sim.tokenEndpoint, body, headers)

const byPassword = ({ credentials: { password, username } }: Sim) => ({
  grant_type: "password",
  username,
  password: Redacted.value(password)
})

const refreshing = (refresh_token: string) => ({ grant_type: "refresh_token", refresh_token })

const api = (sim: Sim, bearer?: string, path = sim.resource) =>
  sim.handle(
    new Request(sim.origin + path, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } })
  )

describe("a grant", () => {
  it.effect("of a user's password gives both tokens; of the client's own credentials no refresh token", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const { body, headers, status } = yield* token(sim, { ...byPassword(sim), scope: "read" })
      const { access_token, refresh_token, ...rest } = body
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("cache-control"), "no-store")
      assert.deepStrictEqual(rest, { token_type: "Bearer", expires_in: 3600, scope: "read" })
      assert.match(refresh_token, /^[\w-]{43}$/)
      assert.strictEqual((yield* api(sim, access_token)).status, 200)
      const own = yield* token(sim, { grant_type: "client_credentials" })
      assert.deepStrictEqual(Object.keys(own.body).toSorted(), ["access_token", "expires_in", "token_type"])
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )

  it.effect("is refused by the standard's words", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const said = (answer: { readonly status: number; readonly body: { readonly error?: string } }) => [
        answer.status,
        answer.body.error
      ]
      assert.deepStrictEqual(said(yield* token(sim, { ...byPassword(sim), password: "x" })), [400, "invalid_grant"])
      assert.deepStrictEqual(said(yield* token(sim, refreshing("unknown"))), [400, "invalid_grant"])
      assert.deepStrictEqual(said(yield* token(sim, { grant_type: "x" })), [400, "unsupported_grant_type"])
      const wrong = yield* token(sim, byPassword(sim), basic(sim, "wrong"))
      assert.deepStrictEqual(said(wrong), [401, "invalid_client"])
      assert.match(wrong.headers.get("www-authenticate")!, /^Basic /)
      const open = yield* OAuth2Simulator.make({ authentication: "none" })
      const own = { grant_type: "client_credentials", client_id: open.credentials.clientId }
      assert.deepStrictEqual(said(yield* token(open, own, {})), [400, "unauthorized_client"])
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )

  it.effect("ignores a parameter that it does not know, and takes `resource` several times", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const resources = ["https://a.test/", "https://b.test/"].map((each) => ["resource", each] as const)
      const { status } = yield* token(sim, [["grant_type", "client_credentials"], ["x", "y"], ...resources])
      assert.strictEqual(status, 200)
      assert.deepStrictEqual((yield* sim.asked)[0]!.resource, ["https://a.test/", "https://b.test/"])
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )
})

describe("a request in any other form than the standard's", () => {
  it.effect("is refused and noted", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const own = { grant_type: "client_credentials" }
      const { clientId: client_id, clientSecret } = sim.credentials
      const client_secret = Redacted.value(clientSecret)
      const plain = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` }
      const refusals: ReadonlyArray<readonly [Form | string, Record<string, string> | undefined, string]> = [
        [JSON.stringify(own), undefined, "a body that is no form"],
        [own, { ...basic(sim), accept: "text/html" }, "JSON is not accepted"],
        [[...Object.entries(own), ["scope", "a"], ["scope", "b"]], undefined, "the parameter scope more than once"],
        [{ ...own, scope: "" }, undefined, "the parameter scope without a value"],
        [{ ...own, client_id, client_secret }, undefined, "a client secret in header and form"],
        [{ ...own, client_id, client_secret }, {}, "authenticates by client_secret_post"],
        [{ ...own, client_id }, {}, "authenticates by none"],
        [own, plain, "not form-encoded"],
        [own, { authorization: "Bearer x" }, "a header that is not Basic"],
        [{ ...own, password: "x" }, undefined, "password beside the grant"],
        [{ ...refreshing("x"), username: "x" }, undefined, "username beside the grant"],
        [{ grant_type: "password", username: "x" }, undefined, "without password"]
      ]
      for (const [body, headers, violation] of refusals) {
        assert.isAtLeast((yield* token(sim, body, headers)).status, 400, violation)
        assert.include((yield* sim.violations).at(-1), violation)
      }
      assert.lengthOf(yield* sim.violations, refusals.length)
      yield* sim.handle(new Request(`${sim.tokenEndpoint}?a=b`, { headers: { accept: "application/json" } }))
      assert.include(yield* sim.violations, "a token request by GET")
      assert.strictEqual((yield* sim.asked).length, 0)
    })
  )
})

describe("a refresh", () => {
  it.effect("rotates, and a token that comes again costs its whole family", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      const second = (yield* token(sim, refreshing(first.refresh_token))).body
      assert.notStrictEqual(second.refresh_token, first.refresh_token)
      assert.strictEqual((yield* token(sim, refreshing(first.refresh_token))).status, 400)
      assert.strictEqual(yield* sim.reuses, 1)
      assert.strictEqual((yield* token(sim, refreshing(second.refresh_token))).status, 400)
      assert.strictEqual((yield* api(sim, second.access_token)).status, 401)
    })
  )

  it.effect("does not move the end of the session", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      yield* TestClock.adjust("23 hours")
      const second = (yield* token(sim, refreshing(first.refresh_token))).body
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* token(sim, refreshing(second.refresh_token))).status, 400)
    })
  )

  it.effect("may be set up to give the same refresh token again, or none", () =>
    Effect.gen(function* () {
      for (const refreshTokens of ["repeat", "omit"] as const) {
        const sim = yield* OAuth2Simulator.make({ refreshTokens })
        const { refresh_token } = (yield* token(sim, byPassword(sim))).body
        const expected = refreshTokens === "repeat" ? refresh_token : undefined
        for (let i = 0; i < 3; i++) {
          assert.strictEqual((yield* token(sim, refreshing(refresh_token))).body.refresh_token, expected)
        }
      }
    })
  )
})

describe("a revocation", () => {
  it.effect("of a refresh token ends the session and its access tokens; of an access token that one alone", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const revoke = (token: string, token_type_hint: string) =>
        Effect.map(post(sim, sim.revocationEndpoint, { token, token_type_hint }), ({ status }) => status)
      const first = (yield* token(sim, byPassword(sim))).body
      const second = (yield* token(sim, byPassword(sim))).body
      assert.strictEqual(yield* revoke(first.access_token, "access_token"), 200)
      assert.strictEqual((yield* api(sim, first.access_token)).status, 401)
      const third = (yield* token(sim, refreshing(first.refresh_token))).body
      assert.strictEqual(yield* revoke(third.refresh_token, "refresh_token"), 200)
      assert.strictEqual((yield* api(sim, third.access_token)).status, 401)
      assert.strictEqual((yield* token(sim, refreshing(third.refresh_token))).body.error, "invalid_grant")
      assert.strictEqual((yield* api(sim, second.access_token)).status, 200)
      assert.strictEqual(yield* revoke("unknown", "access_token"), 200)
      assert.deepStrictEqual(yield* sim.violations, [])
      yield* revoke(second.access_token, "refresh_token")
      assert.deepStrictEqual(yield* sim.violations, ["a wrong token_type_hint"])
      assert.deepStrictEqual(yield* sim.revoked, ["access", "refresh", "unknown", "access"])
    })
  )
})

describe("the API", () => {
  it.effect("challenges as RFC 6750 has it", () =>
    Effect.gen(function* () {
      const sim = yield* OAuth2Simulator.make()
      const said = (response: Response) => [response.status, response.headers.get("www-authenticate")]
      assert.deepStrictEqual(said(yield* api(sim)), [401, 'Bearer realm="api"'])
      assert.deepStrictEqual(said(yield* api(sim, "x")), [401, 'Bearer realm="api", error="invalid_token"'])
      const { access_token } = (yield* token(sim, byPassword(sim))).body
      const [status, challenge] = said(yield* api(sim, access_token, "/api/admin"))
      assert.strictEqual(status, 403)
      assert.include(challenge, 'error="insufficient_scope"')
    })
  )
})
