/**
 * LRS Connect: the vendor suite, and what is peculiar to it. Each refresh gives a new refresh token.
 */
import { assert, describe, it } from "@effect/vitest"
import { Session, TokenStore } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { ConfigProvider, Effect, Layer, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"

AuthServiceSuite.suite("LRS Connect", {
  tag: LrsConnectAuth.LrsConnectAuth,
  simulator: LrsConnectSimulator.make(),
  layer: ({ credentials: { password, username: userName }, origin }, options) =>
    LrsConnectAuth.layer({ baseUrl: origin, credentials: { userName, password }, ...options }),
  httpClient: LrsConnectAuth.httpClient,
  life: "1 hour",
  refreshTokenUse: "once"
})

AuthServiceSuite.suiteOfMany("LRS Connect", {
  tag: LrsConnectAuth.Many,
  simulator: LrsConnectSimulator.make(),
  layer: ({ credentials: { password, username: userName }, origin }, options) =>
    LrsConnectAuth.layerMany({
      account: () => Effect.as(Effect.yieldNow, { baseUrl: origin, credentials: { userName, password }, ...options }),
      idleTimeToLive: "Infinity"
    }),
  life: "1 hour",
  refreshTokenUse: "once"
})

const { LrsConnectAuth: tag, layer } = LrsConnectAuth
const token = Effect.flatMap(tag, (auth) => auth.token)
const refresh = Effect.flatMap(tag, (auth) => auth.refresh)

/** Runs a program over a simulator and this layer; the client must have kept to the vendor's protocol. */
const over = <A, E>(
  simulator: LrsConnectSimulator.LrsConnectSimulator,
  credentials: LrsConnectAuth.Credentials,
  program: Effect.Effect<A, E, LrsConnectAuth.LrsConnectAuth>,
  store: Layer.Layer<TokenStore.TokenStore> = TokenStore.layerMemory
) =>
  program.pipe(
    Effect.provide(layer({ baseUrl: simulator.origin, credentials, account: "lrs" }).pipe(Layer.provide(store))),
    Effect.provide(Simulator.httpClient(simulator)),
    Effect.tap(
      Effect.flatMap(simulator.violations, (violations) => Effect.sync(() => assert.deepEqual(violations, [])))
    )
  )

/** A refresh token that an earlier login gave, as a user would have kept it. */
const keptRefreshToken = Effect.fnUntraced(function* (simulator: LrsConnectSimulator.LrsConnectSimulator) {
  const { password, username } = simulator.credentials
  const answer = yield* simulator.handle(
    new Request(`${simulator.origin}/rest/v4/oauth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        scope: "OFFLINE_ACCESS",
        grantType: "PASSWORD",
        userName: username,
        password: Redacted.value(password)
      })
    })
  )
  const body = yield* Effect.promise(() => answer.json())
  return Redacted.make<string>(body.refreshToken)
})

describe("LRS Connect, peculiar", () => {
  it.effect("a session that begins with a refresh token alone lives on by its successors", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* over(simulator, { refreshToken }, Effect.andThen(token, TestClock.adjust("1 day")))
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.isAtLeast(yield* simulator.count("refresh"), 24)
      assert.strictEqual(yield* simulator.reuses, 0)
    })
  )

  it.effect("a life as text is read", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const { password, username: userName } = simulator.credentials
      const { expiresAt } = yield* over(simulator, { userName, password }, token)
      assert.strictEqual(Option.getOrThrow(expiresAt).epochMilliseconds, 3_600_000)
    })
  )

  it.effect("the new refresh token is stored before any caller sees the access token", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const { password, username: userName } = simulator.credentials
      const memory = yield* TokenStore.makeMemory
      const written: Array<Session.Session> = []
      const store = Layer.succeed(TokenStore.TokenStore, {
        ...memory,
        write: (account, version, session) =>
          Effect.tap(memory.write(account, version, session), () => Effect.sync(() => written.push(session)))
      })
      const program = Effect.gen(function* () {
        yield* token
        const second = yield* refresh
        const last = written.at(-1)!
        assert.strictEqual(last.generation, second.generation)
        assert.strictEqual(last.tokens!.access, second.value)
        assert.notStrictEqual(Redacted.value(last.refreshToken!), Redacted.value(written.at(-2)!.refreshToken!))
      })
      yield* over(simulator, { userName, password }, program, store)
    })
  )

  it.effect("a second process with the spent refresh token goes on from the store instead of presenting it", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      const store = Layer.succeed(TokenStore.TokenStore, yield* TokenStore.makeMemory)
      yield* over(simulator, { refreshToken }, token, store)
      yield* TestClock.adjust("2 hours")
      yield* over(simulator, { refreshToken }, token, store)
      assert.strictEqual(yield* simulator.reuses, 0)
      assert.strictEqual(yield* simulator.count("refresh"), 2)
    })
  )

  it.effect("a refresh token that LRS refuses asks for a person, since no password is at hand", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* simulator.revokeRefreshTokens
      const errors = yield* over(simulator, { refreshToken }, Effect.all([Effect.flip(token), Effect.flip(token)]))
      assert.deepEqual(
        errors.map(({ reason }) => reason._tag),
        ["ReauthenticationRequired", "ReauthenticationRequired"]
      )
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )

  it.effect("a configured refresh token that was presented is no longer at hand after `signOut`", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      const program = Effect.gen(function* () {
        yield* token
        yield* Effect.flatMap(tag, (auth) => auth.signOut)
        assert.strictEqual((yield* Effect.flip(token)).reason._tag, "ReauthenticationRequired")
      })
      yield* over(simulator, { refreshToken }, program)
      assert.strictEqual(yield* simulator.reuses, 0)
    })
  )

  it.effect("an exchange whose answer was lost is reported, and the good token is served meanwhile", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      const program = Effect.gen(function* () {
        const first = yield* token
        yield* simulator.failNext(Simulator.drop({ carriedOut: true }))
        assert.strictEqual((yield* Effect.flip(refresh)).reason._tag, "UnresolvedExchange")
        assert.strictEqual(yield* token, first)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* Effect.flip(token)).reason._tag, "UnresolvedExchange")
      })
      yield* over(simulator, { refreshToken }, program)
      assert.strictEqual(yield* simulator.count("refresh"), 2)
      assert.strictEqual(yield* simulator.reuses, 0)
    })
  )

  it.effect("persistent refresh tokens serve as well as rotating ones", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make({ refreshTokens: "repeat" })
      const { password, username: userName } = simulator.credentials
      yield* over(simulator, { userName, password }, Effect.andThen(token, TestClock.adjust("1 day")))
      assert.strictEqual(yield* simulator.count("login"), 1)
    })
  )

  it.effect("the API's paths are under /rest", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const { password, username: userName } = simulator.credentials
      const call = Effect.flatMap(LrsConnectAuth.httpClient, (client) => client.get("/v3/accounts"))
      const { status } = yield* call.pipe(
        Effect.provide(layer({ baseUrl: `${simulator.origin}/`, credentials: { userName, password } })),
        Effect.provide(Simulator.httpClient(simulator))
      )
      assert.strictEqual(status, 200)
    })
  )

  it.effect("the base URL defaults to LRS's own, and the environment gives the credentials", () =>
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make({ origin: "https://connect.lrsus.com" })
      const refreshToken = Redacted.value(yield* keptRefreshToken(simulator))
      yield* token.pipe(
        Effect.provide(LrsConnectAuth.layerConfig(LrsConnectAuth.config)),
        Effect.provide(Simulator.httpClient(simulator)),
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({ env: { LRS_REFRESH_TOKEN: refreshToken } })
        )
      )
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )
})
