/**
 * Against a real authorization server that other people wrote, over HTTP on this machine, on the real clock: the grants
 * that it has, rotation with reuse detection, a restart, a revoked grant, a wrong secret, clocks that disagree. It has
 * no password grant: that one is tested against the strict simulator.
 */
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@vendor-auth/core"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { Clock, Effect, Option, Redacted, References, type Scope } from "effect"
import { FetchHttpClient } from "effect/http"
import { Acme, reason } from "./Acme.ts"
import * as AuthorizationServer from "./AuthorizationServer.ts"

const client = { id: "basic client: 7%+~", secret: Redacted.make(AuthorizationServer.secret) }

/** A service of this server; `api` is the server itself, whose /me wants a token. */
const make = (
  { issuer }: AuthorizationServer.AuthorizationServer,
  given: Partial<OAuth2Auth.Options> & Pick<OAuth2Auth.Options, "grant">
) =>
  Effect.provide(
    OAuth2Auth.make({ issuer, client, api: issuer, ...given } as OAuth2Auth.Options),
    FetchHttpClient.layer
  )

const me = (auth: Acme["Service"]) =>
  Effect.flatMap(OAuth2Auth.httpClient(Acme), (client) => client.get("/me")).pipe(
    Effect.map(({ status }) => status),
    Effect.provideService(Acme, auth),
    Effect.provide(FetchHttpClient.layer)
  )

/** The real clock, so many milliseconds ahead. */
const skewed = (by: number) =>
  Effect.map(Clock.Clock, (clock): Clock.Clock => {
    const now = () => clock.currentTimeMillisUnsafe() + by
    const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(by) * 1_000_000n
    return {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    }
  })

/** What the server says of a token, if it is alive. */
const introspect = (server: AuthorizationServer.AuthorizationServer, token: { value: Redacted.Redacted<string> }) =>
  Effect.map(
    AuthorizationServer.post(server, "/token/introspection", { token: Redacted.value(token.value) }),
    ({ body }) => body
  )

/** A service that begins with the refresh token of a person's consent. */
const consented = Effect.fnUntraced(function* (
  server: AuthorizationServer.AuthorizationServer,
  given: Partial<OAuth2Auth.Options> = {}
) {
  const refreshToken = Redacted.make(yield* AuthorizationServer.consent(server))
  return yield* make(server, { grant: { type: "refresh_token", refreshToken }, ...given })
})

const live = (
  title: string,
  body: (server: AuthorizationServer.AuthorizationServer) => Effect.Effect<unknown, unknown, Scope.Scope>,
  lives?: AuthorizationServer.Lives
) =>
  it.live(title, () =>
    Effect.flatMap(AuthorizationServer.start(lives), body).pipe(
      Effect.scoped,
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )

describe("client_credentials", () => {
  live(
    "gives a token that the server knows, with the scope that was asked for, until a sign-out revokes it",
    (server) =>
      Effect.gen(function* () {
        const auth = yield* make(server, { grant: { type: "client_credentials" }, scope: ["read"] })
        const token = yield* auth.token
        assert.deepInclude(yield* introspect(server, token), { active: true, client_id: client.id, scope: "read" })
        yield* auth.refresh
        assert.deepStrictEqual(server.events, ["client_credentials granted", "client_credentials granted"])
        const last = yield* auth.token
        yield* auth.signOut
        assert.deepStrictEqual(yield* introspect(server, last), { active: false })
      })
  )

  live("by the form, where the metadata list the header first and the configuration says so", (server) =>
    Effect.gen(function* () {
      const secret = client.secret
      const post = { id: "post", secret, authentication: "client_secret_post" } as const
      const auth = yield* make(server, { client: post, grant: { type: "client_credentials" } })
      assert.deepInclude(yield* introspect(server, yield* auth.token), { active: true, client_id: "post" })
      assert.deepStrictEqual(server.ways, ["form"])
      yield* Effect.flatMap(make(server, { grant: { type: "client_credentials" } }), ({ token }) => token)
      assert.deepStrictEqual(server.ways, ["form", "header"])
    })
  )

  live("for a resource (RFC 8707) gives a token for that resource, whose own life holds", (server) =>
    Effect.gen(function* () {
      const { resource } = AuthorizationServer
      const auth = yield* make(server, { grant: { type: "client_credentials" }, scope: ["read"], resource })
      const token = yield* auth.token
      const claims = JSON.parse(Buffer.from(Redacted.value(token.value).split(".")[1]!, "base64url").toString())
      assert.deepInclude(claims, { aud: resource, scope: "read" })
      const life = Option.getOrThrow(token.expiresAt).epochMilliseconds - token.issuedAt.epochMilliseconds
      assert.strictEqual(life, 60_000)
    })
  )

  live("with a wrong secret sends it once", (server) =>
    Effect.gen(function* () {
      const wrong = { id: client.id, secret: Redacted.make("wrong") }
      const auth = yield* make(server, { client: wrong, grant: { type: "client_credentials" } })
      const reasons = yield* Effect.all([reason(auth.token), reason(auth.token), reason(auth.refresh)])
      for (const each of reasons) {
        assert.deepInclude(each, { _tag: "InvalidCredentials", status: 401, code: "invalid_client" })
      }
      assert.deepStrictEqual(server.events, ["client_credentials invalid_client"])
    })
  )

  live("for a scope that the client may not have is refused as a request, and not as a credential", (server) =>
    Effect.gen(function* () {
      const auth = yield* make(server, { grant: { type: "client_credentials" }, scope: ["read", "admin"] })
      assert.deepInclude(yield* reason(auth.token), { _tag: "RequestRefused", code: "invalid_scope" })
    })
  )
})

describe("refresh_token", () => {
  live("from a person's consent calls the server's API, through 50 rotations, and no token comes twice", (server) =>
    Effect.gen(function* () {
      const auth = yield* consented(server)
      const seen = new Set<string>()
      for (let rotation = 0; rotation < 50; rotation++) {
        seen.add(Redacted.value((yield* auth.refresh).value))
        if (rotation % 10 === 0) assert.strictEqual(yield* me(auth), 200)
      }
      assert.strictEqual(seen.size, 50)
      assert.deepStrictEqual(
        server.events,
        Array.from({ length: 50 }, () => "refresh_token granted")
      )
    })
  )

  live(
    "is refreshed by the schedule while calls go on, with lives of three seconds",
    (server) =>
      Effect.gen(function* () {
        const auth = yield* consented(server)
        // Statuses and not time decide: what a slow machine does late is healed by its 401.
        for (let call = 0; call < 50; call++) {
          assert.strictEqual(yield* me(auth), 200)
          yield* Effect.sleep("100 millis")
        }
        assert.isAtLeast(server.events.length, 2)
        assert.deepStrictEqual([...new Set(server.events)], ["refresh_token granted"])
      }),
    { access: 3 }
  )

  live("outlives a restart of the server: what was not sent keeps the refresh token", (server) =>
    Effect.gen(function* () {
      const auth = yield* consented(server)
      const first = yield* auth.token
      yield* Effect.promise(server.close)
      // A connection that the server has closed is out of the pool before anything is sent on it.
      const isRefused = Effect.promise(() =>
        fetch(server.issuer).then(
          () => false,
          (error) => error.cause?.code === "ECONNREFUSED"
        )
      )
      for (let probe = 0; probe < 100 && !(yield* isRefused); probe++) yield* Effect.sleep("10 millis")
      assert.deepInclude(yield* reason(auth.refresh), { _tag: "Unreachable", outcome: "NotSent" })
      assert.strictEqual(yield* auth.token, first)
      yield* Effect.promise(server.listen)
      assert.isAbove((yield* auth.refresh).generation, first.generation)
      assert.strictEqual(yield* me(auth), 200)
      assert.deepStrictEqual(server.events, ["refresh_token granted", "refresh_token granted"])
    })
  )

  live("goes on from the store in a second process, and the spent token is not presented", (server) =>
    Effect.gen(function* () {
      const refreshToken = Redacted.make(yield* AuthorizationServer.consent(server))
      const store = yield* TokenStore.makeMemory
      const make2 = Effect.provideService(
        make(server, { grant: { type: "refresh_token", refreshToken } }),
        TokenStore.TokenStore,
        store
      )
      const first = yield* Effect.scoped(Effect.flatMap(make2, ({ refresh }) => refresh))
      const second = yield* Effect.flatMap(make2, ({ refresh }) => refresh)
      assert.isAbove(second.generation, first.generation)
      assert.deepStrictEqual(server.events, ["refresh_token granted", "refresh_token granted"])
    })
  )

  live("ends where the grant was revoked: a person is asked for, after one request", (server) =>
    Effect.gen(function* () {
      const auth = yield* consented(server)
      const token = yield* auth.token
      yield* AuthorizationServer.post(server, "/token/revocation", { token: Redacted.value(token.value) })
      assert.deepStrictEqual(yield* introspect(server, token), { active: false })
      server.events.length = 0
      const call = Effect.flip(me(auth))
      assert.deepInclude(yield* call, { _tag: "AuthError" })
      assert.strictEqual((yield* reason(auth.token))._tag, "ReauthenticationRequired")
      assert.deepStrictEqual(server.events, ["refresh_token invalid_grant"])
    })
  )

  live("ends where somebody else presented a spent token: the server's reuse detection is on", (server) =>
    Effect.gen(function* () {
      const stolen = yield* AuthorizationServer.consent(server)
      const auth = yield* make(server, { grant: { type: "refresh_token", refreshToken: Redacted.make(stolen) } })
      yield* auth.refresh
      yield* AuthorizationServer.post(server, "/token", { grant_type: "refresh_token", refresh_token: stolen })
      assert.strictEqual((yield* reason(auth.refresh))._tag, "ReauthenticationRequired")
      assert.include(server.events, "grant revoked")
    })
  )

  live("is kept when the client's secret is wrong, and serves once it is right", (server) =>
    Effect.gen(function* () {
      const refreshToken = Redacted.make(yield* AuthorizationServer.consent(server))
      const grant = { type: "refresh_token", refreshToken } as const
      const store = yield* TokenStore.makeMemory
      const on = Effect.provideService(TokenStore.TokenStore, store)
      const wrong = yield* on(make(server, { client: { ...client, secret: Redacted.make("wrong") }, grant }))
      assert.deepInclude(yield* reason(wrong.token), { _tag: "RequestRefused", code: "invalid_client" })
      const right = yield* on(make(server, { grant }))
      yield* right.token
    })
  )

  live("and its access token are dead after `signOut`", (server) =>
    Effect.gen(function* () {
      const auth = yield* consented(server)
      const token = yield* auth.token
      assert.deepInclude(yield* introspect(server, token), { active: true })
      yield* auth.signOut
      assert.deepStrictEqual(yield* introspect(server, token), { active: false })
      assert.include(server.events, "grant revoked")
      assert.strictEqual((yield* reason(auth.token))._tag, "ReauthenticationRequired")
    })
  )
})

describe("clocks that disagree", () => {
  for (const seconds of [-86_400, -300, 300, 86_400]) {
    live(`ours is ${seconds} s ahead: a token lives as long as the server says, and is asked for once`, (server) =>
      Effect.gen(function* () {
        const { resource } = AuthorizationServer
        const program = Effect.gen(function* () {
          const opaque = yield* consented(server)
          const jwt = yield* make(server, { grant: { type: "client_credentials" }, resource, scope: ["read"] })
          for (const auth of [opaque, jwt]) {
            const token = yield* auth.token
            for (let read = 0; read < 100; read++) assert.strictEqual(yield* auth.token, token)
            assert.strictEqual((yield* auth.status)._tag, "Fresh")
            const life = Option.getOrThrow(token.expiresAt).epochMilliseconds - token.issuedAt.epochMilliseconds
            assert.strictEqual(life, 60_000)
          }
          assert.strictEqual(yield* me(opaque), 200)
        })
        yield* Effect.flatMap(skewed(seconds * 1_000), (clock) => Effect.provideService(program, Clock.Clock, clock))
        assert.deepStrictEqual(server.events, ["refresh_token granted", "client_credentials granted"])
      })
    )
  }
})
