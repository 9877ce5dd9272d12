// Any OAuth 2.0 server from the packed packages, against a server written from RFC 6749, 7009 and 8414 alone: a vendor
// of one's own in a few lines, found by its issuer, whose client secret is form-encoded before base64.
import { OAuth2Auth } from "@vendor-auth/oauth2"
import assert from "node:assert/strict"
import { test } from "node:test"
import { clients, reasonOf, run, secret } from "./Run.mjs"
import { answer, serve } from "./Server.mjs"

class Acme extends OAuth2Auth.Service()("stranger/Acme") {}

const makeServer = async (t) => {
  let issued = 0
  const server = await serve(t, async ({ body, headers, method, path }) => {
    if (path === "/.well-known/oauth-authorization-server") {
      const { origin: issuer } = server
      return answer(200, { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` })
    }
    if (path === "/api/things") {
      return answer(headers.authorization === `Bearer access-${issued}` ? 200 : 401, [])
    }
    assert.equal(method, "POST")
    assert.match(headers["content-type"], /^application\/x-www-form-urlencoded(;|$)/)
    const [id, password] = atob(headers.authorization.replace(/^Basic /, "")).split(":")
    if (id !== "my+client" || password !== "a%3Ab") return answer(401, { error: "invalid_client" })
    const form = Object.fromEntries(new URLSearchParams(body))
    if (path === "/revoke") {
      assert.deepEqual(form, { token: `access-${issued}`, token_type_hint: "access_token" })
      return answer(200, "")
    }
    assert.equal(path, "/token")
    assert.deepEqual(form, { grant_type: "client_credentials", scope: "read write" })
    issued++
    return answer(200, { access_token: `access-${issued}`, token_type: "Bearer", expires_in: 3600 })
  })
  return server
}

const acme = ({ origin }, text) =>
  OAuth2Auth.layer(Acme, {
    issuer: origin,
    client: { id: "my client", secret: secret(text) },
    grant: { type: "client_credentials" },
    scope: ["read", "write"],
    api: `${origin}/api`
  })

for (const [name, client] of Object.entries(clients)) {
  test(`finds the endpoints, authenticates, calls the API and revokes, over ${name}`, async (t) => {
    const server = await makeServer(t)
    const body = function* () {
      assert.equal((yield* (yield* OAuth2Auth.httpClient(Acme)).get("/things")).status, 200)
      yield* (yield* Acme).signOut
    }
    await run(acme(server, "a:b"), body, client)
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ["/.well-known/oauth-authorization-server", "/token", "/api/things", "/revoke"]
    )
  })
}

test("sends a wrong secret once; the second caller fails at once", async (t) => {
  const server = await makeServer(t)
  await run(acme(server, "wrong"), function* () {
    const service = yield* Acme
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
    assert.equal((yield* reasonOf(service.token))._tag, "InvalidCredentials")
  })
  assert.equal(server.count("/token"), 1)
})
