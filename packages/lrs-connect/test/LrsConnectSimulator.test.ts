import { assert, describe, it } from "@effect/vitest"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

type Sim = LrsConnectSimulator.LrsConnectSimulator

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString())

const token = (sim: Sim, body: unknown, headers: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const response = yield* sim.handle(
      new Request(`${sim.origin}/rest/v4/oauth/token`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body)
      })
    )
    const text = yield* Effect.promise(() => response.text())
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text }
  })

const byPassword = (sim: Sim) => ({
  scope: "OFFLINE_ACCESS",
  grantType: "PASSWORD",
  userName: sim.credentials.username,
  password: Redacted.value(sim.credentials.password)
})

const refreshing = (refreshToken: string) => ({ scope: "OFFLINE_ACCESS", grantType: "REFRESH_TOKEN", refreshToken })

const api = (sim: Sim, bearer?: string, path = sim.resource) =>
  Effect.map(
    sim.handle(
      new Request(sim.origin + path, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } })
    ),
    (response) => response.status
  )

describe("login", () => {
  it.effect("gives the documented answer, with expiresIn a string", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      yield* TestClock.adjust("10 seconds")
      const { body, status } = yield* token(sim, byPassword(sim))
      assert.strictEqual(status, 200)
      const { accessToken, refreshToken, ...rest } = body
      assert.deepStrictEqual(rest, { tokenType: "Bearer", expiresIn: "3600", scope: "offline_access" })
      assert.deepInclude(claimsOf(accessToken), { iat: 10, exp: 3610 })
      assert.match(refreshToken, /^[\w-]{42}$/)
      assert.strictEqual(yield* api(sim, accessToken), 200)
      assert.strictEqual(yield* api(sim, accessToken, "/rest/v3/locations"), 200)
      assert.strictEqual(yield* api(sim, accessToken, "/rest/v3/nowhere"), 404)
      assert.deepStrictEqual(yield* sim.violations, [])
    })
  )

  it.effect("without the scope OFFLINE_ACCESS gives no refresh token", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      for (const scope of [undefined, "offline_access"]) {
        const answer = yield* token(sim, { ...byPassword(sim), scope })
        assert.strictEqual(answer.status, 200)
        assert.notProperty(answer.body, "refreshToken")
      }
    })
  )

  it.effect("with a wrong password is an invalid_grant", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const answer = yield* token(sim, { ...byPassword(sim), password: "wrong" })
      assert.deepStrictEqual([answer.status, answer.body.error], [400, "invalid_grant"])
      yield* sim.setPassword(Redacted.make("wrong"))
      assert.strictEqual((yield* token(sim, { ...byPassword(sim), password: "wrong" })).status, 200)
    })
  )

  it.effect("in any other form than the documented one is refused and noted", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const refusals: ReadonlyArray<readonly [unknown, Record<string, string>, number, string]> = [
        [{ ...byPassword(sim), grantType: "password" }, {}, 400, "another grantType"],
        [{ ...byPassword(sim), userName: undefined, username: "x" }, {}, 400, "keys that are not its own"],
        [{ ...byPassword(sim), password: undefined }, {}, 400, "without password"],
        [{ ...refreshing("x"), password: "swordfish" }, {}, 400, "keys that are not its own"],
        ["grantType=PASSWORD", {}, 400, "no JSON object"],
        [byPassword(sim), { "content-type": "application/x-www-form-urlencoded" }, 415, "not application/json"],
        [byPassword(sim), { authorization: "Basic eDp5" }, 200, "an Authorization header"]
      ]
      for (const [body, headers, status, violation] of refusals) {
        assert.strictEqual((yield* token(sim, body, headers)).status, status, violation)
        assert.include((yield* sim.violations).at(-1), violation)
      }
      assert.lengthOf(yield* sim.violations, refusals.length)
    })
  )
})

describe("refresh", () => {
  it.effect("gives a new refresh token, and the old one presented again revokes the whole family", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      const second = (yield* token(sim, refreshing(first.refreshToken))).body
      assert.notStrictEqual(second.refreshToken, first.refreshToken)
      assert.strictEqual(yield* api(sim, second.accessToken), 200)
      const again = yield* token(sim, refreshing(first.refreshToken))
      assert.deepStrictEqual([again.status, again.body.error], [400, "invalid_grant"])
      assert.strictEqual(yield* sim.reuses, 1)
      assert.strictEqual((yield* token(sim, refreshing(second.refreshToken))).status, 400)
      assert.strictEqual(yield* api(sim, second.accessToken), 401)
    })
  )

  it.effect("may be set up to give the same refresh token again", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make({ refreshTokens: "repeat" })
      const { refreshToken } = (yield* token(sim, byPassword(sim))).body
      for (let i = 0; i < 3; i++) {
        assert.strictEqual((yield* token(sim, refreshing(refreshToken))).body.refreshToken, refreshToken)
      }
      assert.strictEqual(yield* sim.reuses, 0)
    })
  )

  it.effect("does not move the end of the session", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      yield* TestClock.adjust("29 days")
      const second = (yield* token(sim, refreshing(first.refreshToken))).body
      yield* TestClock.adjust("1 day")
      assert.strictEqual((yield* token(sim, refreshing(second.refreshToken))).body.error, "invalid_grant")
    })
  )

  it.effect("is refused once the refresh tokens are revoked, and for an access token", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const { accessToken, refreshToken } = (yield* token(sim, byPassword(sim))).body
      yield* sim.revokeRefreshTokens
      assert.strictEqual((yield* token(sim, refreshing(refreshToken))).status, 400)
      assert.strictEqual(yield* api(sim, accessToken), 200)
      assert.strictEqual((yield* token(sim, refreshing(accessToken))).status, 400)
      assert.deepStrictEqual(yield* sim.violations, ["an access token in a refresh request"])
      assert.strictEqual(yield* sim.reuses, 0)
    })
  )
})

describe("the API", () => {
  it.effect("refuses a missing, a revoked, an expired and a refresh token with 401", () =>
    Effect.gen(function* () {
      const sim = yield* LrsConnectSimulator.make()
      const first = (yield* token(sim, byPassword(sim))).body
      assert.strictEqual(yield* api(sim), 401)
      assert.strictEqual(yield* api(sim, first.refreshToken), 401)
      yield* sim.revokeAccessTokens
      assert.strictEqual(yield* api(sim, first.accessToken), 401)
      yield* sim.setLives({ access: "10 seconds" })
      const second = (yield* token(sim, refreshing(first.refreshToken))).body
      assert.strictEqual(second.expiresIn, "10")
      assert.strictEqual(yield* api(sim, second.accessToken), 200)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* api(sim, second.accessToken), 401)
    })
  )
})
