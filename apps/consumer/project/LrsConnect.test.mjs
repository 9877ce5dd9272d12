// LRS Connect from the packed packages, against a server written from
// https://lrsconnect.readme.io/docs/bearer-token-using-refresh-token (and, for the password, its sister page
// https://lrsconnect.readme.io/docs/authentication-v4) alone: JSON, capitals, a life that is a string, and a new refresh
// token with each answer. That an old one presented again kills the session is not documented; it is the strictest case.
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import assert from "node:assert/strict"
import { test } from "node:test"
import { reasonOf, run, secret } from "./Run.mjs"
import { answer, serve } from "./Server.mjs"

const tokenPath = "/rest/v4/oauth/token"
const accountsPath = "/rest/v3/accounts"
const refused = answer(400, { error: "invalid_grant", error_description: "…" })

const makeServer = async (t, { delay = 0 } = {}) => {
  let issued = 0
  let current = "configured-refresh-token"
  let access
  const server = await serve(t, async ({ body, headers, method, path }) => {
    if (path === accountsPath && method === "GET") {
      return access !== undefined && headers.authorization === `Bearer ${access}` ? answer(200, []) : answer(401, {})
    }
    assert.equal(path, tokenPath)
    assert.equal(method, "POST")
    assert.match(headers["content-type"], /^application\/json(;|$)/)
    assert.equal(headers.authorization, undefined)
    if (server.fault !== undefined) return server.fault
    const { grantType, scope, ...rest } = JSON.parse(body)
    assert.equal(scope, "OFFLINE_ACCESS")
    if (grantType === "REFRESH_TOKEN") {
      server.refreshes++
      assert.deepEqual(Object.keys(rest), ["refreshToken"])
      if (rest.refreshToken !== current) {
        server.reuses++
        current = undefined
        return refused
      }
    } else {
      server.logins++
      assert.equal(grantType, "PASSWORD")
      assert.deepEqual(Object.keys(rest).toSorted(), ["password", "userName"])
      if (rest.password !== "right") return refused
    }
    issued++
    access = `lrs-access-${issued}`
    current = `lrs-refresh-${issued}`
    const reply = answer(200, {
      tokenType: "Bearer",
      expiresIn: "3600",
      accessToken: access,
      scope: "offline_access",
      refreshToken: current
    })
    await new Promise((resolve) => setTimeout(resolve, delay))
    return reply
  })
  return Object.assign(server, {
    logins: 0,
    refreshes: 0,
    reuses: 0,
    fault: undefined,
    revoke: () => (access = undefined)
  })
}

const fromRefreshToken = (server) =>
  LrsConnectAuth.layer({ baseUrl: server.origin, credentials: { refreshToken: secret("configured-refresh-token") } })

const fromPassword = (server, password) =>
  LrsConnectAuth.layer({ baseUrl: server.origin, credentials: { userName: "me", password: secret(password) } })

test("begins from a refresh token and presents each new one once", async (t) => {
  const server = await makeServer(t)
  await run(fromRefreshToken(server), function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    const locations = yield* LrsConnectAuth.httpClient
    assert.equal((yield* locations.get("/v3/accounts")).status, 200)
    yield* service.refresh
    yield* service.refresh
    server.revoke()
    assert.equal((yield* locations.get("/v3/accounts")).status, 200)
  })
  assert.deepEqual([server.logins, server.refreshes, server.reuses], [0, 4, 0])
  assert.deepEqual(
    server.requests.filter(({ path }) => path === accountsPath).map(({ status }) => status),
    [200, 401, 200]
  )
})

test("logs in by password once and refreshes from then on", async (t) => {
  const server = await makeServer(t)
  await run(fromPassword(server, "right"), function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    yield* Effect.all([service.token, service.token, service.token], { concurrency: "unbounded" })
    yield* service.refresh
  })
  assert.deepEqual([server.logins, server.refreshes, server.reuses], [1, 1, 0])
})

test("sends a wrong password once; the second caller fails at once", async (t) => {
  const server = await makeServer(t)
  await run(fromPassword(server, "wrong"), function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
  })
  assert.equal(server.requests.length, 1)
})

test("says that a person has to sign in when a dead refresh token is all there is", async (t) => {
  const server = await makeServer(t)
  const layer = LrsConnectAuth.layer({ baseUrl: server.origin, credentials: { refreshToken: secret("dead") } })
  await run(layer, function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    assert.equal((yield* reasonOf(service.token))._tag, "ReauthenticationRequired")
    assert.equal((yield* reasonOf(service.token))._tag, "ReauthenticationRequired")
  })
  assert.equal(server.requests.length, 1)
})

test("takes an HTML page for no token answer", async (t) => {
  const server = await makeServer(t)
  server.fault = answer(200, "<html>maintenance</html>")
  await run(fromPassword(server, "right"), function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    assert.equal((yield* reasonOf(service.token))._tag, "MalformedResponse")
  })
  assert.equal(server.requests.length, 1)
})

test("callers interrupted while the refresh token is being replaced do not lose the new one", async (t) => {
  const server = await makeServer(t, { delay: 300 })
  await run(fromRefreshToken(server), function* () {
    const service = yield* LrsConnectAuth.LrsConnectAuth
    const first = yield* service.token
    const callers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(service.refresh))
    yield* Effect.sleep("100 millis")
    yield* Fiber.interruptAll(callers)
    yield* Effect.sleep("400 millis")
    const second = yield* service.token
    assert.equal(second.generation, first.generation + 1)
    yield* service.refresh
  })
  assert.deepEqual([server.logins, server.refreshes, server.reuses], [0, 3, 0])
})

test("refuses options that cannot work, by the field's name", async () => {
  const reason = (options) =>
    run(LrsConnectAuth.layer(options), function* () {}).then(
      () => assert.fail("the layer was built"),
      ({ reason: { _tag, field } }) => `${_tag} ${field}`
    )
  const credentials = { refreshToken: secret("r") }
  assert.equal(await reason({ baseUrl: "http://connect.example.com", credentials }), "InsecureEndpoint baseUrl")
  assert.match(await reason({ credentials: { refreshToken: secret("") } }), /^InvalidOptions credentials/)
})

test("has LRS's own address where none is given", async () => {
  await run(LrsConnectAuth.layer({ credentials: { refreshToken: secret("r") } }), function* () {
    assert.equal((yield* LrsConnectAuth.LrsConnectAuth).api, "https://connect.lrsus.com/rest")
  })
})
