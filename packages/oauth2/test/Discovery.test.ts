/**
 * An issuer's endpoints: which addresses are asked, when, and what of the answers is believed.
 */
import { assert, describe, it } from "@effect/vitest"
import { type AuthError, TokenStore } from "@vendor-auth/core"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { Effect, Fiber, Layer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Acme, keptRefreshToken, over, reason, refresh, signOut, token } from "./Acme.ts"

const paths = (simulator: Simulator.Simulator) =>
  Effect.map(simulator.seen, (seen) => seen.map(({ method, path }) => `${method} ${path}`))

const byRfc8414 = "GET /.well-known/oauth-authorization-server"

describe("metadata", () => {
  it.effect("are asked for at the first exchange, not before, and kept for all that follow", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const program = Effect.gen(function* () {
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* paths(simulator), [])
        yield* token
        yield* refresh
        yield* signOut
      })
      yield* over(simulator, { issuer: simulator.issuer }, program)
      const expected = [byRfc8414, "POST /token", "POST /token", "POST /revoke", "POST /revoke"]
      assert.deepStrictEqual(yield* paths(simulator), expected)
    })
  )

  for (const path of ["", "/tenant/a"]) {
    it.effect(`of the issuer "${path}" stand behind RFC 8414's word, or behind the issuer if that is 404`, () =>
      Effect.gen(function* () {
        const first = yield* OAuth2Simulator.make({ path, metadata: "oauth-authorization-server" })
        yield* over(first, { issuer: first.issuer }, token)
        assert.deepStrictEqual(yield* paths(first), [`${byRfc8414}${path}`, `POST ${path}/token`])

        const second = yield* OAuth2Simulator.make({ path, metadata: "openid-configuration" })
        yield* over(second, { issuer: second.issuer }, token)
        assert.deepStrictEqual(yield* paths(second), [
          `${byRfc8414}${path}`,
          `GET ${path}/.well-known/openid-configuration`,
          `POST ${path}/token`
        ])
      })
    )
  }

  it.effect("an answer other than 404 is not looked for elsewhere", () =>
    Effect.gen(function* () {
      for (const status of [400, 401, 403, 410, 500]) {
        const simulator = yield* OAuth2Simulator.make()
        yield* simulator.failNext(Simulator.answer(status), { kind: "unknown" })
        yield* over(simulator, { issuer: simulator.issuer }, reason(token))
        assert.deepStrictEqual(yield* paths(simulator), [byRfc8414])
      }
    })
  )

  it.effect("must name the issuer exactly as it is configured, or nothing is sent to their endpoints", () =>
    Effect.gen(function* () {
      const issuer = "https://oauth2.test"
      const others = [`${issuer}/`, "https://OAUTH2.test", `${issuer}:443`, "https://evil.test", "", null, 5, undefined]
      for (const other of others) {
        const simulator = yield* OAuth2Simulator.make({ misstated: { issuer: other } })
        const said = yield* over(simulator, { issuer }, reason(token))
        assert.deepInclude(said, { _tag: "MalformedResponse", paths: ["issuer"] })
        assert.deepStrictEqual(yield* paths(simulator), [byRfc8414])
      }
      const withSlash = yield* OAuth2Simulator.make({ misstated: { issuer: `${issuer}/` } })
      yield* over(withSlash, { issuer: `${issuer}/` }, token)
    })
  )

  it.effect("whose endpoints are missing, are no addresses or would send a secret in the clear are not believed", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<[string, unknown]> = [
        ["token_endpoint", undefined],
        ["token_endpoint", 5],
        ["token_endpoint", "/token"],
        ["token_endpoint", "http://oauth2.test/token"],
        ["token_endpoint", "https://user:word@oauth2.test/token"],
        ["token_endpoint", "https://oauth2.test/token#part"],
        ["revocation_endpoint", "http://oauth2.test/revoke"],
        ["revocation_endpoint", null],
        ["token_endpoint_auth_methods_supported", "client_secret_basic"],
        ["token_endpoint_auth_methods_supported", [5]]
      ]
      for (const [field, value] of wrong) {
        const simulator = yield* OAuth2Simulator.make({ misstated: { [field]: value } })
        const said = yield* over(simulator, { issuer: simulator.issuer }, reason(token))
        assert.deepInclude(said, { _tag: "MalformedResponse", paths: [field] }, String(value))
        assert.deepStrictEqual(yield* paths(simulator), [byRfc8414])
      }
    })
  )

  it.effect("may leave out revocation: a sign-out is one here alone", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make({ misstated: { revocation_endpoint: undefined } })
      yield* over(simulator, { issuer: simulator.issuer }, Effect.andThen(token, signOut))
      assert.deepStrictEqual(yield* simulator.revoked, [])
    })
  )

  it.effect("are asked for by a sign-out that finds its session in the store", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      yield* over(simulator, { issuer: simulator.issuer }, token, store)
      yield* over(simulator, { issuer: simulator.issuer }, signOut, store)
      assert.deepStrictEqual(yield* simulator.revoked, ["refresh", "access"])
    })
  )
})

describe("the way to authenticate", () => {
  const registered = ["client_secret_basic", "client_secret_post"] as const
  const listings: ReadonlyArray<[unknown, (typeof registered)[number]]> = [
    [undefined, "client_secret_basic"],
    [["client_secret_basic"], "client_secret_basic"],
    [["client_secret_post"], "client_secret_post"],
    [["private_key_jwt", "client_secret_post"], "client_secret_post"],
    [["client_secret_post", "client_secret_basic"], "client_secret_basic"]
  ]
  for (const [listed, authentication] of listings) {
    it.effect(`is ${authentication} where the metadata list ${JSON.stringify(listed) ?? "none"}`, () =>
      Effect.gen(function* () {
        const misstated = { token_endpoint_auth_methods_supported: listed }
        const simulator = yield* OAuth2Simulator.make({ authentication, misstated })
        yield* over(simulator, { issuer: simulator.issuer }, Effect.andThen(token, signOut))
        assert.deepStrictEqual(yield* simulator.revoked, ["refresh", "access"])
      })
    )
  }

  for (const authentication of registered) {
    it.effect(`is ${authentication} if that is configured, whatever the metadata list`, () =>
      Effect.gen(function* () {
        for (const listed of [...registered.map((method) => [method]), ["private_key_jwt"], []]) {
          const misstated = { token_endpoint_auth_methods_supported: listed }
          const simulator = yield* OAuth2Simulator.make({ authentication, misstated })
          const { clientId: id, clientSecret: secret } = simulator.credentials
          yield* over(simulator, { issuer: simulator.issuer, client: { id, secret, authentication } }, token)
        }
      })
    )
  }

  it.effect("is none where there is no secret, whatever the metadata list", () =>
    Effect.gen(function* () {
      const misstated = { token_endpoint_auth_methods_supported: ["client_secret_basic"] }
      const simulator = yield* OAuth2Simulator.make({ authentication: "none", misstated })
      yield* over(simulator, { issuer: simulator.issuer, client: { id: simulator.credentials.clientId } }, token)
    })
  )

  it.effect("that is not known here is malformed, by the metadata's field", () =>
    Effect.gen(function* () {
      const field = "token_endpoint_auth_methods_supported"
      const simulator = yield* OAuth2Simulator.make({ misstated: { [field]: ["private_key_jwt"] } })
      const said = yield* over(simulator, { issuer: simulator.issuer }, reason(token))
      assert.deepInclude(said, { _tag: "MalformedResponse", paths: [field] })
    })
  )

  it.effect("for a revocation is the one that the metadata list for it", () =>
    Effect.gen(function* () {
      const ways: Array<string> = []
      const misstated = { revocation_endpoint_auth_methods_supported: ["client_secret_post"] }
      const simulator = yield* OAuth2Simulator.make({ misstated })
      const handle: Simulator.Simulator["handle"] = (request) => {
        if (request.method === "POST") ways.push(request.headers.has("authorization") ? "header" : "form")
        return simulator.handle(request)
      }
      const program = Effect.andThen(token, signOut)
      // The simulator's client is registered for one way: it is the way that counts here, not what it says.
      yield* Effect.ignoreCause(over({ ...simulator, handle }, { issuer: simulator.issuer }, program))
      assert.deepStrictEqual(ways, ["header", "form", "form"])
    })
  )
})

describe("a look-up that fails", () => {
  const fails: ReadonlyArray<[string, Simulator.Fault, AuthError.Reason["_tag"]]> = [
    ["a lost connection", Simulator.drop({ carriedOut: false }), "Unreachable"],
    ["500", Simulator.answer(500), "Unreachable"],
    ["502", Simulator.answer(502), "Unreachable"],
    ["429", Simulator.throttle(5), "Throttled"],
    ["403", Simulator.answer(403), "RequestRefused"],
    ["a redirect", Simulator.answer(302, { headers: { location: "https://elsewhere.test/" } }), "MalformedResponse"],
    ["a page with 200", Simulator.answer(200, { body: "<html>" }), "MalformedResponse"],
    ["204", Simulator.answer(204), "MalformedResponse"]
  ]
  for (const [title, fault, tag] of fails) {
    it.effect(`by ${title} sent no token request: a once-only refresh token is kept, and serves later`, () =>
      Effect.gen(function* () {
        const simulator = yield* OAuth2Simulator.make()
        const refreshToken = yield* keptRefreshToken(simulator)
        const given = { issuer: simulator.issuer, grant: { type: "refresh_token", refreshToken } } as const
        const program = Effect.gen(function* () {
          yield* simulator.failNext(fault, { kind: "unknown" })
          const said = yield* reason(token)
          assert.strictEqual(said._tag, tag)
          if (said._tag === "Unreachable") assert.strictEqual(said.outcome, "NotSent")
          assert.strictEqual(yield* simulator.count("refresh"), 0)
          yield* refresh
        })
        yield* over(simulator, given, program)
        assert.strictEqual(yield* simulator.count("refresh"), 1)
        assert.strictEqual(yield* simulator.reuses, 0)
      })
    )
  }

  it.effect("by silence ends long before the flight does, so that nothing is taken for sent", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      const given = { issuer: simulator.issuer, grant: { type: "refresh_token", refreshToken } } as const
      const program = Effect.gen(function* () {
        yield* simulator.failNext(Simulator.delay("1 hour"), { kind: "unknown" })
        const caller = yield* Effect.forkChild(reason(token))
        yield* TestClock.adjust("6 seconds")
        assert.deepInclude(yield* Fiber.join(caller), { _tag: "Unreachable", outcome: "NotSent" })
        yield* refresh
      })
      yield* over(simulator, given, program)
    })
  )
})

describe("an endpoint's address", () => {
  it.effect("is used as it was written, with its last slash and its query", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const client = HttpClient.make((request, url) => {
        asked.push(url.href)
        return Effect.succeed(
          HttpClientResponse.fromWeb(request, Response.json({ access_token: "a", token_type: "bearer" }))
        )
      })
      const simulator = yield* OAuth2Simulator.make()
      const addresses = ["https://acme.test/o/token/", "https://acme.test/token?p=policy", "https://acme.test"]
      for (const tokenEndpoint of addresses) {
        const given: OAuth2Auth.Options = {
          tokenEndpoint,
          client: { id: "c", secret: simulator.credentials.clientSecret },
          grant: { type: "client_credentials" },
          api: "https://api.acme.test"
        }
        yield* token.pipe(
          Effect.provide(OAuth2Auth.layer(Acme, given)),
          Effect.provideService(HttpClient.HttpClient, client)
        )
      }
      assert.deepStrictEqual(asked, [addresses[0], addresses[1], `${addresses[2]}/`])
    })
  )
})
