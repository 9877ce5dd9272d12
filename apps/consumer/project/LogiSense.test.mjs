// LogiSense from the packed packages, against a server written from https://developer.logisense.com/docs/tokens alone.
// Decided here: fields and headers are those of its tables and no other; a refresh token serves once and ends a second
// before its access token. The error answers are an ASP.NET token endpoint's, as no page documents them.
import { LogiSenseAuth } from "@vendor-auth/logisense"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import assert from "node:assert/strict"
import { test } from "node:test"
import { clients, reasonOf, run, secret } from "./Run.mjs"
import { answer, jwt, serve } from "./Server.mjs"

const loginPath = "/AuthorizationServer/api/v10/Access/Login"
const accountPath = "/ResourceServer/api/v10/Account"
const clientId = "0123456789abcdef0123456789abcdef"
const password = "mypa$$word &+=% ä"
const refused = (error) => answer(400, { error, error_description: "…" })

const makeServer = async (t, { life = 1800, delay = 0 } = {}) => {
  const access = new Map()
  const refresh = new Map()
  const server = await serve(t, async ({ body, headers, method, path }) => {
    const now = Date.now()
    if (path === accountPath && method === "GET") {
      const [scheme, token] = (headers.authorization ?? "").split(" ")
      return scheme === "Bearer" && now < (access.get(token) ?? 0) && headers.accept === "application/json"
        ? answer(200, { trackingId: "t", totalCount: 1, items: [{ id: 1 }] })
        : answer(401, { message: "Authorization has been denied for this request." })
    }
    assert.equal(path, loginPath)
    assert.equal(method, "POST")
    assert.equal(headers.accept, "application/json")
    assert.match(headers["content-type"], /^application\/x-www-form-urlencoded(;|$)/)
    assert.equal(headers.authorization, undefined)
    const fields = Object.fromEntries(new URLSearchParams(body))
    if (server.fault !== undefined) return server.fault
    if (fields.client_id !== clientId) return refused("invalid_client")
    if (fields.grant_type === "refresh_token") {
      assert.deepEqual(Object.keys(fields).toSorted(), ["client_id", "grant_type", "refresh_token"])
      const endsAt = refresh.get(fields.refresh_token) ?? 0
      refresh.delete(fields.refresh_token)
      server.refreshes++
      if (now >= endsAt) return refused("invalid_grant")
    } else {
      server.logins++
      assert.equal(fields.grant_type, "password")
      const names = Object.keys(fields).toSorted().join()
      assert.ok(names === "client_id,grant_type,password,username" || names === "client_id,client_secret,grant_type")
      if (fields.username !== undefined && (fields.username !== "myusername" || fields.password !== password)) {
        return refused("invalid_grant")
      }
    }
    const iat = Math.floor(now / 1000)
    const tokens = {
      access_token: jwt({ sub: "myusername", nbf: iat, exp: iat + life }),
      refresh_token: jwt({ sub: "myusername", iat, nbf: iat - 1, exp: iat + life - 1 })
    }
    access.set(tokens.access_token, (iat + life) * 1000)
    refresh.set(tokens.refresh_token, (iat + life - 1) * 1000)
    await new Promise((resolve) => setTimeout(resolve, delay))
    const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z")
    return answer(200, {
      ...tokens,
      token_type: "bearer",
      expires_in: life,
      audience: clientId,
      ".issued": iso(iat),
      ".expires": iso(iat + life),
      actingOwnerId: 1
    })
  })
  return Object.assign(server, { logins: 0, refreshes: 0, fault: undefined, revoke: () => access.clear() })
}

const layer = (server, options = {}) =>
  LogiSenseAuth.layer({
    baseUrl: server.origin,
    version: "v10",
    clientId,
    credentials: { username: "myusername", password: secret(password) },
    ...options
  })

for (const [name, client] of Object.entries(clients)) {
  test(`logs in once and calls the API, over ${name}`, async (t) => {
    const server = await makeServer(t)
    await run(
      layer(server),
      function* () {
        const accounts = yield* LogiSenseAuth.httpClient
        assert.equal(server.requests.length, 0, "building the layer sends nothing")
        const response = yield* accounts.get("/Account")
        assert.equal(response.status, 200)
        assert.deepEqual((yield* response.json).items, [{ id: 1 }])
        yield* Effect.all([accounts.get("/Account"), accounts.get("/Account")], { concurrency: "unbounded" })
      },
      client
    )
    assert.equal(server.logins, 1)
    assert.equal(server.count(accountPath), 3)
  })

  test(`heals a 401 by one refresh and one repetition, over ${name}`, async (t) => {
    const server = await makeServer(t)
    await run(
      layer(server),
      function* () {
        const accounts = yield* LogiSenseAuth.httpClient
        yield* accounts.get("/Account")
        server.revoke()
        assert.equal((yield* accounts.get("/Account")).status, 200)
      },
      client
    )
    assert.deepEqual([server.logins, server.refreshes], [1, 1])
    assert.deepEqual(
      server.requests.filter(({ path }) => path === accountPath).map(({ status }) => status),
      [200, 401, 200]
    )
  })
}

test("logs in with a client secret, which a refresh does not send", async (t) => {
  const server = await makeServer(t)
  await run(layer(server, { credentials: { clientSecret: secret("made-up") } }), function* () {
    const service = yield* LogiSenseAuth.LogiSenseAuth
    const first = yield* service.token
    const second = yield* service.refresh
    assert.ok(second.generation > first.generation)
  })
  assert.deepEqual([server.logins, server.refreshes], [1, 1])
})

test("sends a wrong password once; the second caller fails at once", async (t) => {
  const server = await makeServer(t)
  await run(layer(server, { credentials: { username: "myusername", password: secret("wrong") } }), function* () {
    const service = yield* LogiSenseAuth.LogiSenseAuth
    const accounts = yield* LogiSenseAuth.httpClient
    for (const call of [service.token, service.token, service.refresh, accounts.get("/Account")]) {
      assert.equal((yield* reasonOf(call))._tag, "InvalidCredentials")
    }
  })
  assert.equal(server.requests.length, 1)
})

test("takes an HTML page for no token answer, and does not repeat the login", async (t) => {
  const server = await makeServer(t)
  server.fault = answer(200, "<html>maintenance</html>")
  await run(layer(server), function* () {
    const service = yield* LogiSenseAuth.LogiSenseAuth
    assert.equal((yield* reasonOf(service.token))._tag, "MalformedResponse")
    assert.equal((yield* reasonOf(service.token))._tag, "MalformedResponse")
  })
  assert.equal(server.requests.length, 1)
})

test("refuses options that cannot work, by the field's name", async () => {
  const reason = (options) =>
    run(layer({ origin: "https://billing.example.com" }, options), function* () {}).then(
      () => assert.fail("the layer was built"),
      ({ reason: { _tag, field } }) => `${_tag} ${field}`
    )
  assert.equal(await reason({ baseUrl: "http://billing.example.com" }), "InsecureEndpoint baseUrl")
  assert.equal(await reason({ baseUrl: "https://me:secret@billing.example.com" }), "InsecureEndpoint baseUrl")
  assert.equal(await reason({ clientId: "" }), "InvalidOptions clientId")
  assert.equal(await reason({ credentials: {} }), "InvalidOptions credentials")
})

test("an interrupted caller goes at once and the login it began is not lost", async (t) => {
  const server = await makeServer(t, { delay: 400 })
  await run(layer(server), function* () {
    const service = yield* LogiSenseAuth.LogiSenseAuth
    const callers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(service.token))
    yield* Effect.sleep("100 millis")
    const before = performance.now()
    yield* Fiber.interruptAll(callers)
    assert.ok(performance.now() - before < 200)
    assert.equal((yield* service.token).generation, 1)
  })
  assert.equal(server.logins, 1)
})

test("tokens of 4 s serve 9 s: one login, no failure, at most 9 refreshes, and some with no caller asking", async (t) => {
  const server = await makeServer(t, { life: 4 })
  await run(layer(server), function* () {
    const accounts = yield* LogiSenseAuth.httpClient
    const call = Effect.map(accounts.get("/Account"), ({ status }) => assert.equal(status, 200))
    const began = performance.now()
    while (performance.now() - began < 4500) {
      yield* call
      yield* Effect.sleep("100 millis")
    }
    const [seen, refreshes] = [server.count(accountPath), server.refreshes]
    yield* Effect.sleep("4500 millis")
    assert.equal(server.count(accountPath), seen)
    assert.ok(server.refreshes > refreshes, "nobody asked, and it was refreshed")
    yield* call
  })
  assert.equal(server.logins, 1)
  assert.ok(server.refreshes <= 9, `${server.refreshes} refreshes`)
  assert.ok(server.requests.every(({ status }) => status === 200))
})
