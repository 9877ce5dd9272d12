/**
 * Any OAuth 2.0 server: the vendor suite, each grant, what a request carries, and what an answer means.
 */
import { assert, describe, it } from "@effect/vitest"
import { type AuthError, AuthService, type Session, TokenStore } from "@vendor-auth/core"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { Config, ConfigProvider, Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Acme, keptRefreshToken, options, over, reason, refresh, signOut, token } from "./Acme.ts"

AuthServiceSuite.suite("any OAuth 2.0 server", {
  tag: Acme,
  simulator: OAuth2Simulator.make(),
  layer: (simulator, given) => OAuth2Auth.layer(Acme, options(simulator, given)),
  httpClient: OAuth2Auth.httpClient(Acme),
  life: "1 hour",
  refreshTokenUse: "once"
})

describe("the grants", () => {
  it.effect("client_credentials: each expiry costs one more exchange of the credentials, and no refresh token", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      yield* over(
        simulator,
        { grant: { type: "client_credentials" } },
        Effect.andThen(token, TestClock.adjust("1 day"))
      )
      assert.strictEqual(yield* simulator.count("refresh"), 0)
      assert.isAtLeast(yield* simulator.count("login"), 24)
      assert.isAtMost(yield* simulator.count("login"), 24 / 0.65 + 1)
    })
  )

  it.effect("refresh_token: a session that begins with a stored one lives on by its successors", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* over(
        simulator,
        { grant: { type: "refresh_token", refreshToken } },
        Effect.andThen(token, TestClock.adjust("20 hours"))
      )
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.isAtLeast(yield* simulator.count("refresh"), 20)
      assert.strictEqual(yield* simulator.reuses, 0)
    })
  )

  it.effect("refresh_token: one that the server refuses asks for a person, after one request", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* simulator.revokeRefreshTokens
      const program = Effect.all([reason(token), reason(token)])
      const reasons = yield* over(simulator, { grant: { type: "refresh_token", refreshToken } }, program)
      assert.deepEqual(
        reasons.map(({ _tag }) => _tag),
        ["ReauthenticationRequired", "ReauthenticationRequired"]
      )
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )

  it.effect("password: a login, then refreshes, then one login when the session has ended", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      yield* over(simulator, {}, Effect.andThen(token, TestClock.adjust("26 hours")))
      assert.strictEqual(yield* simulator.count("login"), 2)
      assert.isAtLeast(yield* simulator.count("refresh"), 24)
    })
  )

  it.effect("a refresh token that may be presented many times is kept after an unknown outcome", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make({ refreshTokens: "repeat" })
      const refreshToken = yield* keptRefreshToken(simulator)
      const program = Effect.gen(function* () {
        yield* token
        yield* simulator.failNext(Simulator.drop({ carriedOut: true }))
        assert.strictEqual((yield* reason(refresh))._tag, "Unreachable")
        yield* refresh
      })
      yield* over(simulator, { grant: { type: "refresh_token", refreshToken }, refreshTokenUse: "many" }, program)
      assert.strictEqual(yield* simulator.count("refresh"), 3)
    })
  )
})

describe("a request", () => {
  for (const authentication of ["client_secret_basic", "client_secret_post", "none"] as const) {
    it.effect(`authenticates the client by ${authentication}, at login, refresh and revocation`, () =>
      Effect.gen(function* () {
        const simulator = yield* OAuth2Simulator.make({ authentication })
        const { clientId: id, clientSecret: secret } = simulator.credentials
        const client = authentication === "none" ? { id } : { id, secret, authentication }
        yield* over(simulator, { client }, Effect.andThen(Effect.andThen(token, refresh), signOut))
        assert.deepStrictEqual(yield* simulator.revoked, ["refresh", "access"])
      })
    )
  }

  it.effect("carries scope, audience, each resource and the extra parameters", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const resource = ["https://one.test/", "urn:two"]
      const given = { scope: ["read", "write"], audience: "things", resource, extraParams: { tenant: "a b" } }
      const bodies: Array<string> = []
      const handle: Simulator.Simulator["handle"] = (request) =>
        Effect.andThen(
          Effect.promise(async () => bodies.push(await request.clone().text())),
          simulator.handle(request)
        )
      yield* over({ ...simulator, handle }, { ...given, grant: { type: "client_credentials" } }, token)
      yield* over({ ...simulator, handle }, given, Effect.andThen(token, refresh))
      const first = { scope: "read write", audience: "things", resource }
      assert.deepStrictEqual(yield* simulator.asked, [
        { ...first, grantType: "client_credentials" },
        { ...first, grantType: "password" },
        // What was granted may be less than what was asked for: a refresh asks for no more.
        { ...first, scope: undefined, grantType: "refresh_token" }
      ])
      assert.lengthOf(
        bodies.filter((body) => new URLSearchParams(body).get("tenant") === "a b"),
        3
      )
    })
  )

  it.effect("with a configured refresh token asks for the configured scope, for nothing else can", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* over(simulator, { scope: ["read"], grant: { type: "refresh_token", refreshToken } }, token)
      assert.strictEqual((yield* simulator.asked).at(-1)!.scope, "read")
    })
  )
})

describe("an answer", () => {
  type Answered = readonly [status: number, error: string, login: string, refresh: string]
  const answers: ReadonlyArray<Answered> = [
    [400, "invalid_request", "RequestRefused invalid_request", "RequestRefused invalid_request"],
    [401, "invalid_client", "InvalidCredentials invalid_client", "RequestRefused invalid_client"],
    [400, "invalid_client", "InvalidCredentials invalid_client", "RequestRefused invalid_client"],
    [400, "invalid_grant", "InvalidCredentials invalid_grant", "ReauthenticationRequired"],
    [400, "unauthorized_client", "RequestRefused unauthorized_client", "RequestRefused unauthorized_client"],
    [400, "unsupported_grant_type", "RequestRefused unsupported_grant_type", "RequestRefused unsupported_grant_type"],
    [400, "invalid_scope", "RequestRefused invalid_scope", "RequestRefused invalid_scope"],
    [400, "invalid_target", "RequestRefused invalid_target", "RequestRefused invalid_target"],
    [401, "invalid_token", "InvalidCredentials invalid_token", "ReauthenticationRequired"],
    [403, "insufficient_scope", "RequestRefused insufficient_scope", "RequestRefused insufficient_scope"],
    [503, "temporarily_unavailable", "Unreachable", "Unreachable"],
    [400, "a word of its own", "InvalidCredentials", "RequestRefused"]
  ]
  for (const [status, error, atLogin, atRefresh] of answers) {
    it.effect(`${status} ${error} is ${atLogin} at a login and ${atRefresh} at a refresh`, () =>
      Effect.gen(function* () {
        const simulator = yield* OAuth2Simulator.make()
        const said = (reason: AuthError.Reason) => ["code" in reason ? [reason._tag, reason.code] : reason._tag].flat()
        const fault = Simulator.answer(status, { body: JSON.stringify({ error, error_description: "SECRET" }) })
        const refreshToken = yield* keptRefreshToken(simulator)
        yield* simulator.failNext(fault)
        assert.strictEqual(
          said(yield* over(simulator, {}, reason(token)))
            .join(" ")
            .trim(),
          atLogin
        )
        yield* simulator.failNext(fault)
        const byToken = over(simulator, { grant: { type: "refresh_token", refreshToken } }, reason(token))
        assert.strictEqual(
          said(yield* byToken)
            .join(" ")
            .trim(),
          atRefresh
        )
      })
    )
  }

  it.effect("a wrong client secret is sent once at a login, and does not cost a stored refresh token its life", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const client = { id: simulator.credentials.clientId, secret: Redacted.make("wrong") }
      const wrong = { client, grant: { type: "client_credentials" } } as const
      const reasons = yield* over(simulator, wrong, Effect.all([reason(token), reason(token), reason(refresh)]))
      assert.deepEqual(
        reasons.map(({ _tag }) => _tag),
        ["InvalidCredentials", "InvalidCredentials", "InvalidCredentials"]
      )
      assert.strictEqual(yield* simulator.count("login"), 1)

      const grant = { type: "refresh_token", refreshToken: yield* keptRefreshToken(simulator) } as const
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      assert.strictEqual((yield* over(simulator, { client, grant }, reason(token), store))._tag, "RequestRefused")
      yield* over(simulator, { grant }, token, store)
    })
  )

  it.effect("that refuses the request names the option to look at", () =>
    Effect.gen(function* () {
      const named = { invalid_scope: "`scope`", invalid_target: "`resource`", unsupported_grant_type: "`grant`" }
      for (const [error, option] of Object.entries(named)) {
        const simulator = yield* OAuth2Simulator.make()
        yield* simulator.failNext(Simulator.answer(400, { body: JSON.stringify({ error }) }))
        const { message } = yield* over(simulator, {}, Effect.flip(token))
        assert.include(message, `400 ${error}`)
        assert.include(message, option)
      }
    })
  )

  it.effect("that refused one client secret says nothing of another one", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const { clientId: id, clientSecret: secret } = simulator.credentials
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      const by = (secret: Redacted.Redacted<string>, grant?: OAuth2Auth.Grant) => ({
        client: { id, secret },
        ...(grant !== undefined && { grant })
      })
      for (const grant of [{ type: "client_credentials" } as const, undefined]) {
        const wrong = by(Redacted.make("wrong"), grant)
        assert.strictEqual((yield* over(simulator, wrong, reason(token), store))._tag, "InvalidCredentials")
        yield* over(simulator, by(secret, grant), token, store)
      }
    })
  )

  it.effect("of a token that is no bearer token is malformed; a type that is missing is taken for bearer", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const answer = (members: object) =>
        Simulator.answer(200, { body: JSON.stringify({ access_token: "opaque", expires_in: 60, ...members }) })
      yield* simulator.failNext(answer({ token_type: "mac" }))
      assert.deepInclude(yield* over(simulator, {}, reason(token)), {
        _tag: "MalformedResponse",
        paths: ["token_type"]
      })
      yield* simulator.failNext(answer({ token_type: "BEARER" }))
      yield* over(simulator, {}, token)
      yield* simulator.failNext(answer({}))
      yield* over(simulator, {}, token)
    })
  )
})

describe("calls of the API", () => {
  it.effect("a 401 of an invalid token is healed, a 403 for want of scope is the caller's", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const program = Effect.gen(function* () {
        const client = yield* OAuth2Auth.httpClient(Acme)
        yield* token
        yield* simulator.revokeAccessTokens
        assert.strictEqual((yield* client.get("/things")).status, 200)
        assert.strictEqual((yield* client.get("/admin")).status, 403)
      })
      yield* over(simulator, {}, program)
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )
})

describe("signing out", () => {
  it.effect("revokes the refresh token, then the access token, after the session is forgotten", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const store = yield* TokenStore.makeMemory
      const writes: Array<Session.Session> = []
      let revokedAfter = -1
      const spied = TokenStore.TokenStore.of({
        ...store,
        write: (account, version, session) =>
          Effect.tap(store.write(account, version, session), () => Effect.sync(() => writes.push(session)))
      })
      const handle: Simulator.Simulator["handle"] = (request) => {
        if (request.url === simulator.revocationEndpoint && revokedAfter === -1) revokedAfter = writes.length
        return simulator.handle(request)
      }
      const program = Effect.andThen(Effect.andThen(token, signOut), token)
      yield* over({ ...simulator, handle }, {}, program, Layer.succeed(TokenStore.TokenStore, spied))
      assert.deepStrictEqual(yield* simulator.revoked, ["refresh", "access"])
      assert.strictEqual(writes[revokedAfter - 1]!.signedOut, writes[revokedAfter - 1]!.generation)
      assert.strictEqual(yield* simulator.count("login"), 2)
    })
  )

  it.effect("revokes nothing while an exchange is under way, at this server or in another process", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      const program = Effect.gen(function* () {
        const auth = yield* Acme
        yield* auth.token
        yield* simulator.failNext(Simulator.delay("5 seconds"))
        const refreshing = yield* Effect.forkChild(Effect.flip(auth.refresh))
        yield* TestClock.adjust("1 second")
        yield* auth.signOut
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(refreshing)).reason._tag, "ReauthenticationRequired")

        // Another layer on the same store is another process to this one.
        const other = yield* Effect.provide(OAuth2Auth.make(options(simulator)), store)
        yield* auth.token
        yield* simulator.failNext(Simulator.delay("5 seconds"))
        const elsewhere = yield* Effect.forkChild(Effect.flip(other.refresh))
        yield* TestClock.adjust("1 second")
        yield* auth.signOut
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(elsewhere)).reason._tag, "ReauthenticationRequired")
      })
      yield* over(simulator, {}, Effect.scoped(program), store)
      assert.strictEqual(yield* simulator.count("refresh"), 2)
      assert.deepStrictEqual(yield* simulator.revoked, [])
    })
  )

  it.effect("revokes what another process refreshed meanwhile, and not what was known here", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      const other = over(simulator, {}, refresh, store)
      const tokens: Array<string> = []
      const handle: Simulator.Simulator["handle"] = (request) =>
        Effect.andThen(
          Effect.promise(async () => tokens.push(new URLSearchParams(await request.clone().text()).get("token") ?? "")),
          simulator.handle(request)
        )
      const program = Effect.gen(function* () {
        const first = yield* token
        const second = yield* other
        yield* signOut
        assert.strictEqual(tokens.at(-1), Redacted.value(second.value))
        assert.notStrictEqual(Redacted.value(first.value), Redacted.value(second.value))
      })
      yield* over({ ...simulator, handle }, {}, program, store)
      assert.deepStrictEqual(yield* simulator.revoked, ["refresh", "access"])
    })
  )

  it.effect("is done also where the server does not answer, is down, or has no endpoint for it", () =>
    Effect.gen(function* () {
      const down = [Simulator.drop({ carriedOut: false }), Simulator.answer(503), Simulator.delay("1 hour")]
      for (const fault of down) {
        const simulator = yield* OAuth2Simulator.make()
        yield* simulator.failNext(fault, { kind: "unknown", times: 2 })
        const program = Effect.gen(function* () {
          yield* token
          const leaving = yield* Effect.forkChild(signOut)
          yield* TestClock.adjust("6 seconds")
          yield* Fiber.join(leaving)
          assert.strictEqual((yield* (yield* Acme).status)._tag, "SignedOut")
        })
        yield* over(simulator, {}, program)
      }
      const simulator = yield* OAuth2Simulator.make()
      yield* over(simulator, { revocationEndpoint: undefined }, Effect.andThen(token, signOut))
      assert.deepStrictEqual(yield* simulator.revoked, [])
    })
  )
})

describe("options", () => {
  it.effect("may be `Config`s, scope by scope", () =>
    Effect.gen(function* () {
      const simulator = yield* OAuth2Simulator.make()
      const { clientId, clientSecret } = simulator.credentials
      const live = OAuth2Auth.layerConfig(Acme, {
        issuer: Config.String("ACME_ISSUER"),
        client: { id: Config.String("ACME_ID"), secret: Config.Redacted("ACME_SECRET") },
        grant: { type: "client_credentials" },
        scope: [Config.String("ACME_SCOPE"), "write"],
        api: `${simulator.origin}/api`
      })
      yield* token.pipe(
        Effect.provide(live),
        Effect.provide(Simulator.httpClient(simulator)),
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({
            env: {
              ACME_ISSUER: simulator.issuer,
              ACME_ID: clientId,
              ACME_SECRET: Redacted.value(clientSecret),
              ACME_SCOPE: "read"
            }
          })
        )
      )
      assert.strictEqual((yield* simulator.asked)[0]!.scope, "read write")
    })
  )

  const secret = Redacted.make("s")
  const password = Redacted.make("p")
  const refused: ReadonlyArray<[string, Record<string, unknown>, AuthError.Reason["_tag"], string]> = [
    ["http to a foreign host", { tokenEndpoint: "http://acme.example/token" }, "InsecureEndpoint", "tokenEndpoint"],
    ["userinfo in an address", { tokenEndpoint: "https://u:w@acme.example/t" }, "InsecureEndpoint", "tokenEndpoint"],
    ["a fragment in an address", { tokenEndpoint: "https://acme.example/t#x" }, "InvalidOptions", "tokenEndpoint"],
    ["an issuer over http", { tokenEndpoint: undefined, issuer: "http://acme.example" }, "InsecureEndpoint", "issuer"],
    ["an issuer with a query", { tokenEndpoint: undefined, issuer: "https://a.example?b" }, "InvalidOptions", "issuer"],
    ["an address and an issuer", { issuer: "https://acme.example" }, "InvalidOptions", "tokenEndpoint"],
    ["neither of the two", { tokenEndpoint: undefined }, "InvalidOptions", "tokenEndpoint"],
    [
      "a revocation endpoint over http",
      { revocationEndpoint: "http://acme.example/r" },
      "InsecureEndpoint",
      "revocationEndpoint"
    ],
    ["an empty client id", { client: { id: " ", secret } }, "InvalidOptions", "client.id"],
    ["a plain secret", { client: { id: "c", secret: "plain" } }, "InvalidOptions", "client.secret"],
    [
      "a secret that is to be sent and not at hand",
      { client: { id: "c", authentication: "client_secret_post" } },
      "InvalidOptions",
      "client.authentication"
    ],
    [
      "a secret that is not to be sent",
      { client: { id: "c", secret, authentication: "none" } },
      "InvalidOptions",
      "client.authentication"
    ],
    ["client credentials without a secret", { client: { id: "c" } }, "InvalidOptions", "client.secret"],
    ["another grant", { grant: { type: "implicit" } }, "InvalidOptions", "grant.type"],
    ["no user name", { grant: { type: "password", username: "", password } }, "InvalidOptions", "grant.username"],
    [
      "a plain password",
      { grant: { type: "password", username: "u", password: "p" } },
      "InvalidOptions",
      "grant.password"
    ],
    [
      "a refresh token with a line break",
      { grant: { type: "refresh_token", refreshToken: Redacted.make("a\nb") } },
      "InvalidOptions",
      "grant.refreshToken"
    ],
    ["two scopes in one", { scope: ["read write"] }, "InvalidOptions", "scope"],
    ["a scope that is no list", { scope: "read" }, "InvalidOptions", "scope"],
    ["an empty audience", { audience: "" }, "InvalidOptions", "audience"],
    ["a resource with a fragment", { resource: "https://a.example/#b" }, "InvalidOptions", "resource"],
    ["a relative resource", { resource: ["/things"] }, "InvalidOptions", "resource"],
    ["an extra parameter that is an option", { extraParams: { scope: "x" } }, "InvalidOptions", "extraParams"],
    ["an API over http", { api: "http://acme.example" }, "InsecureEndpoint", "api"],
    ["a life that is none", { defaultLife: "soon" }, "InvalidOptions", "defaultLife"],
    ["a life of nothing", { defaultLife: 0 }, "InvalidOptions", "defaultLife"],
    ["an empty name", { vendor: " " }, "InvalidOptions", "vendor"]
  ]
  for (const [title, part, tag, field] of refused) {
    it.effect(`${title} fails the layer with ${tag}, and nothing is sent`, () =>
      Effect.gen(function* () {
        const simulator = yield* OAuth2Simulator.make()
        const given = {
          tokenEndpoint: "https://acme.example/token",
          client: { id: "c", secret },
          grant: { type: "client_credentials" },
          api: "https://api.acme.example",
          ...part
        } as OAuth2Auth.Options
        const error = yield* Effect.flip(
          Effect.provide(Layer.build(OAuth2Auth.layer(Acme, given)), Simulator.httpClient(simulator))
        )
        assert.deepInclude(error.reason, { _tag: tag, field })
        assert.strictEqual((yield* simulator.seen).length, 0)
      })
    )
  }

  it("exclude each other by type", () => {
    const api = "https://api.acme.example"
    const [client, grant] = [{ id: "c", secret }, { type: "client_credentials" } as const]
    const accept = (options: OAuth2Auth.Options) => void options
    accept({ issuer: "https://acme.example", client, grant, api })
    accept({ tokenEndpoint: "https://acme.example/t", client: { id: "c", authentication: "none" }, grant, api })
    class More extends AuthService.Service<More, { readonly details: Effect.Effect<string> }>()("app/More") {}
    // @ts-expect-error a tag that has more than an OAuth 2.0 server can give
    void (() => OAuth2Auth.layer(More, { issuer: "https://acme.example", client, grant, api }))
    // @ts-expect-error an address or an issuer, not both
    accept({ tokenEndpoint: "https://acme.example/t", issuer: "https://acme.example", client, grant, api })
    // @ts-expect-error a secret that must not be sent
    accept({ issuer: "https://acme.example", client: { id: "c", secret, authentication: "none" }, grant, api })
    // @ts-expect-error a way that needs a secret
    accept({ issuer: "https://acme.example", client: { id: "c", authentication: "client_secret_basic" }, grant, api })
    // @ts-expect-error a secret is Redacted
    accept({ issuer: "https://acme.example", client: { id: "c", secret: "s" }, grant, api })
    // @ts-expect-error the password grant needs a user
    accept({ issuer: "https://acme.example", client, grant: { type: "password", password }, api })
  })
})
