// ItemPath from the packed packages, against a server written from
// https://itempath.com/docs/itempath-api/authentication (and, for the 404 of a wrong password,
// https://itempath.com/resource-central/api/log-in-to-api) alone: a JSON login, a refresh by header that gives an
// access token only. The verb and key of a refresh and the words of a 401 or 422 are those of its likely framework.
import * as ItemPathAuth from "@vendor-auth/itempath/ItemPathAuth"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import assert from "node:assert/strict"
import { test } from "node:test"
import { reasonOf, run, secret } from "./Run.mjs"
import { answer, jwt, serve } from "./Server.mjs"

const applicationToken = jwt({ type: "access", identity: "app" })

const makeServer = async (t, { delay = 0, dialect = answer(401, { msg: "Token has expired" }) } = {}) => {
  let access
  let refresh
  const mint = (type, life) => {
    const iat = Math.floor(Date.now() / 1000)
    return jwt({ fresh: false, iat, jti: String(Math.random()), type, identity: "me", nbf: iat, exp: iat + life })
  }
  const server = await serve(t, async ({ body, headers, method, path }) => {
    switch (`${method} ${path}`) {
      case "GET /api/stations":
        return [access, applicationToken].some((token) => token && headers.authorization === `Bearer ${token}`)
          ? answer(200, { stations: [] })
          : dialect
      case "POST /api/materials":
        return answer(422, { errors: [{ name: { message: "already exists" } }] })
      case "POST /api/users/login": {
        server.logins++
        if (server.fault !== undefined) return server.fault
        assert.match(headers["content-type"], /^application\/json(;|$)/)
        assert.equal(headers.authorization, undefined)
        const { password, username, ...rest } = JSON.parse(body)
        assert.deepEqual(rest, {})
        if (username !== "me" || password !== "right") return answer(404, "<html>Not Found</html>")
        access = mint("access", 900)
        refresh = mint("refresh", 2_592_000)
        const reply = answer(200, { login: true, accessToken: access, refreshToken: refresh })
        await new Promise((resolve) => setTimeout(resolve, delay))
        return reply
      }
      case "POST /api/users/refresh":
        server.refreshes++
        assert.equal(body, "")
        if (headers.authorization !== `Bearer ${refresh}`)
          return answer(422, { msg: "Only refresh tokens are allowed" })
        access = mint("access", 900)
        return answer(200, { accessToken: access })
      default:
        return assert.fail(`${method} ${path}`)
    }
  })
  return Object.assign(server, { logins: 0, refreshes: 0, fault: undefined, revoke: () => (access = undefined) })
}

const layer = (server, password = "right") =>
  ItemPathAuth.layer({ baseUrl: server.origin, credentials: { username: "me", password: secret(password) } })

test("logs in, calls the API, and refreshes with the refresh token as the bearer", async (t) => {
  const server = await makeServer(t)
  await run(layer(server), function* () {
    const service = yield* ItemPathAuth.ItemPathAuth
    const api = yield* ItemPathAuth.httpClient
    const response = yield* api.get("/stations")
    assert.equal(response.status, 200)
    assert.deepEqual(yield* response.json, { stations: [] })
    yield* service.refresh
    yield* service.refresh
    assert.equal((yield* api.get("/stations")).status, 200)
  })
  assert.deepEqual([server.logins, server.refreshes], [1, 2])
})

for (const [name, dialect] of Object.entries({
  "a 401": answer(401, { msg: "Token has expired" }),
  "a 422 that speaks of the token": answer(422, { msg: "Signature verification failed" })
})) {
  test(`heals ${name} by one refresh and one repetition`, async (t) => {
    const server = await makeServer(t, { dialect })
    await run(layer(server), function* () {
      const api = yield* ItemPathAuth.httpClient
      yield* api.get("/stations")
      server.revoke()
      assert.equal((yield* api.get("/stations")).status, 200)
    })
    assert.deepEqual([server.logins, server.refreshes, server.count("/api/stations")], [1, 1, 3])
  })
}

test("hands on a 422 of ordinary validation, body and all", async (t) => {
  const server = await makeServer(t)
  await run(layer(server), function* () {
    const api = yield* ItemPathAuth.httpClient
    const response = yield* api.post("/materials")
    assert.equal(response.status, 422)
    assert.deepEqual(yield* response.json, { errors: [{ name: { message: "already exists" } }] })
  })
  assert.deepEqual([server.logins, server.refreshes, server.count("/api/materials")], [1, 0, 1])
})

test("sends a wrong password once and takes the 404 for what it is; the second caller fails at once", async (t) => {
  const server = await makeServer(t)
  await run(layer(server, "wrong"), function* () {
    const service = yield* ItemPathAuth.ItemPathAuth
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
  })
  assert.equal(server.requests.length, 1)
})

test("takes an HTML page for no token answer", async (t) => {
  const server = await makeServer(t)
  server.fault = answer(200, "<html>maintenance</html>")
  await run(layer(server), function* () {
    const service = yield* ItemPathAuth.ItemPathAuth
    assert.equal((yield* reasonOf(service.token))._tag, "MalformedResponse")
  })
  assert.equal(server.requests.length, 1)
})

test("runs from an application token alone, with no request but the call", async (t) => {
  const server = await makeServer(t)
  const credentials = { applicationToken: secret(applicationToken) }
  await run(ItemPathAuth.layer({ baseUrl: `${server.origin}/api/`, credentials }), function* () {
    const service = yield* ItemPathAuth.ItemPathAuth
    const api = yield* ItemPathAuth.httpClient
    assert.equal((yield* api.get("/stations")).status, 200)
    assert.equal((yield* service.token).expiresAt._tag, "None")
    assert.equal((yield* reasonOf(service.refresh))._tag, "ReauthenticationRequired")
  })
  assert.equal(server.requests.length, 1)
})

test("an interrupted caller goes at once and the login it began is not lost", async (t) => {
  const server = await makeServer(t, { delay: 400 })
  await run(layer(server), function* () {
    const service = yield* ItemPathAuth.ItemPathAuth
    const callers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(service.token))
    yield* Effect.sleep("100 millis")
    const before = performance.now()
    yield* Fiber.interruptAll(callers)
    assert.ok(performance.now() - before < 200)
    assert.equal((yield* service.token).generation, 1)
  })
  assert.equal(server.logins, 1)
})

test("refuses options that cannot work, by the field's name", async () => {
  const reason = (options) =>
    run(ItemPathAuth.layer(options), function* () {}).then(
      () => assert.fail("the layer was built"),
      ({ reason: { _tag, field } }) => `${_tag} ${field}`
    )
  const credentials = { username: "me", password: secret("p") }
  assert.equal(await reason({ baseUrl: "http://itempath.example.com", credentials }), "InsecureEndpoint baseUrl")
  assert.equal(
    await reason({ baseUrl: "https://x.itempath.com", credentials: { ...credentials, username: "" } }),
    "InvalidOptions credentials.username"
  )
})
