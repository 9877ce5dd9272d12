import { assert, describe, it } from "@effect/vitest"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

type Sim = ItemPathSimulator.ItemPathSimulator

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString())

const call = (sim: Sim, method: string, path: string, token?: string, scheme = "Bearer") =>
  Effect.gen(function* () {
    const headers = token === undefined ? {} : { authorization: `${scheme} ${token}` }
    const response = yield* sim.handle(new Request(sim.origin + path, { method, headers }))
    const text = yield* Effect.promise(() => response.text())
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  })

const login = (sim: Sim, password = Redacted.value(sim.credentials.password), contentType = "application/json") =>
  Effect.gen(function* () {
    const response = yield* sim.handle(
      new Request(`${sim.origin}/api/users/login`, {
        method: "POST",
        headers: { "content-type": contentType },
        body: JSON.stringify({ username: sim.credentials.username, password })
      })
    )
    return { status: response.status, body: (yield* Effect.promise(() => response.json())) as any }
  })

describe("login", () => {
  it.effect("gives an access token of 15 minutes and a refresh token of 30 days, with the documented claims", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      yield* TestClock.adjust("90500 millis")
      const { body, status } = yield* login(sim)
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(Object.keys(body), ["login", "accessToken", "refreshToken"])
      const access = claimsOf(body.accessToken)
      assert.deepStrictEqual(Object.keys(access), ["fresh", "iat", "jti", "type", "identity", "nbf", "exp"])
      assert.deepInclude(access, { fresh: false, iat: 90, nbf: 90, exp: 990, type: "access" })
      assert.deepInclude(claimsOf(body.refreshToken), { iat: 90, exp: 90 + 2_592_000, type: "refresh" })
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )

  it.effect("refuses a wrong password with 404, and takes a changed one", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      assert.strictEqual((yield* login(sim, "wrong")).status, 404)
      yield* sim.setPassword(Redacted.make("next"))
      assert.strictEqual((yield* login(sim)).status, 404)
      assert.strictEqual((yield* login(sim, "next")).status, 200)
    })
  )

  it.effect("takes only JSON", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      assert.strictEqual((yield* login(sim, undefined, "text/plain")).status, 415)
      assert.deepStrictEqual(yield* sim.violations, ["a login that is not application/json"])
    })
  )
})

describe("refresh", () => {
  it.effect("answers with an access token only, as often as it is asked within 30 days", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      const { refreshToken } = (yield* login(sim)).body
      const first = yield* call(sim, "POST", "/api/users/refresh", refreshToken)
      assert.deepStrictEqual(Object.keys(first.body), ["accessToken"])
      yield* TestClock.adjust("2591999 seconds")
      const last = yield* call(sim, "POST", "/api/users/refresh", refreshToken)
      assert.strictEqual((yield* call(sim, "GET", sim.resource, last.body.accessToken)).status, 200)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* call(sim, "POST", "/api/users/refresh", refreshToken), {
        status: 401,
        body: { msg: "Token has expired" }
      })
      assert.strictEqual(yield* sim.reuses, 0)
    })
  )

  it.effect("refuses an access token, and calls it a violation", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      const { accessToken } = (yield* login(sim)).body
      assert.deepStrictEqual(yield* call(sim, "POST", "/api/users/refresh", accessToken), {
        status: 422,
        body: { msg: "Only refresh tokens are allowed" }
      })
      assert.lengthOf(yield* sim.violations, 1)
      assert.notInclude((yield* sim.violations).join(), accessToken)
    })
  )
})

describe("the API", () => {
  it.effect("tells apart an expired, a revoked, a wrong and a malformed token", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      const { accessToken, refreshToken } = (yield* login(sim)).body
      const get = (token?: string, scheme?: string) => call(sim, "GET", "/api/stations", token, scheme)
      assert.deepStrictEqual(Object.keys((yield* get(accessToken)).body), ["stations"])
      const said = (answer: { status: number; body: any }) => `${answer.status} ${answer.body.msg}`
      assert.strictEqual(said(yield* get()), "401 Missing Authorization Header")
      assert.strictEqual(
        said(yield* get(accessToken, "bearer")),
        "401 Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"
      )
      assert.strictEqual((yield* get(`${accessToken} twice`)).status, 422)
      assert.strictEqual(said(yield* get(refreshToken)), "422 Only non-refresh tokens are allowed")
      assert.strictEqual(said(yield* get("opaque")), "422 Not enough segments")
      assert.strictEqual(said(yield* get("a.b.c")), "422 Signature verification failed")
      yield* sim.revokeAccessTokens
      assert.strictEqual(said(yield* get(accessToken)), "401 Token has been revoked")
      const next = yield* call(sim, "POST", "/api/users/refresh", refreshToken)
      assert.strictEqual((yield* get(next.body.accessToken)).status, 200)
      yield* TestClock.adjust("15 minutes")
      assert.strictEqual(said(yield* get(next.body.accessToken)), "401 Token has expired")
      yield* sim.revokeRefreshTokens
      const revoked = yield* call(sim, "POST", "/api/users/refresh", refreshToken)
      assert.strictEqual(said(revoked), "401 Token has been revoked")
    })
  )

  it.effect("uses 422 and 400 for ordinary validation too, and 404 for unknown paths", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      const { accessToken } = (yield* login(sim)).body
      const material = yield* call(sim, "POST", "/api/materials", accessToken)
      assert.strictEqual(material.status, 422)
      assert.include(material.body.errors[0].name.message, "already exists")
      assert.deepStrictEqual(yield* call(sim, "POST", "/api/orders", accessToken), {
        status: 400,
        body: "Order must have at least one order line."
      })
      assert.strictEqual((yield* call(sim, "GET", "/api/nowhere", accessToken)).status, 404)
    })
  )

  it.effect("issues tokens of other lives once it is told to", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make()
      yield* sim.setLives({ access: "30 seconds" })
      const { accessToken } = (yield* login(sim)).body
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* call(sim, "GET", "/api/stations", accessToken)).status, 200)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* call(sim, "GET", "/api/stations", accessToken)).status, 401)
    })
  )
})

describe("application tokens", () => {
  it.effect("never expire, and are given for a refresh token of an application user only", () =>
    Effect.gen(function* () {
      const sim = yield* ItemPathSimulator.make({ userType: "application" })
      const { accessToken, refreshToken } = (yield* login(sim)).body
      const refused = yield* call(sim, "POST", "/api/users/application-token", accessToken)
      assert.strictEqual(refused.status, 422)
      const { token } = (yield* call(sim, "POST", "/api/users/application-token", refreshToken)).body
      assert.notProperty(claimsOf(token), "exp")
      yield* TestClock.adjust("3650 days")
      assert.strictEqual((yield* call(sim, "GET", "/api/stations", token)).status, 200)
      assert.strictEqual(yield* sim.count("applicationToken"), 2)
      const standard = yield* ItemPathSimulator.make()
      const session = (yield* login(standard)).body
      const denied = yield* call(standard, "POST", "/api/users/application-token", session.refreshToken)
      assert.strictEqual(denied.status, 403)
    })
  )
})
