/**
 * ItemPath: the vendor suite, and what is peculiar to it. A bad login is a 404, a 422 has two meanings, and an
 * application token never expires.
 */
import { assert, describe, it } from "@effect/vitest"
import { AuthError, RefreshPolicy } from "@vendor-auth/core"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { ConfigProvider, Effect, Option, Redacted } from "effect"
import type { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

AuthServiceSuite.suite("ItemPath", {
  tag: ItemPathAuth.ItemPathAuth,
  simulator: ItemPathSimulator.make(),
  layer: ({ credentials, origin }, options) => ItemPathAuth.layer({ baseUrl: origin, credentials, ...options }),
  httpClient: ItemPathAuth.httpClient,
  life: "15 minutes",
  refreshTokenUse: "many"
})

AuthServiceSuite.suiteOfMany("ItemPath", {
  tag: ItemPathAuth.Many,
  simulator: ItemPathSimulator.make(),
  layer: ({ credentials, origin }, options) =>
    ItemPathAuth.layerMany({
      account: () => Effect.as(Effect.yieldNow, { baseUrl: origin, credentials, ...options }),
      idleTimeToLive: "Infinity"
    }),
  life: "15 minutes",
  refreshTokenUse: "many"
})

const { ItemPathAuth: tag, layer } = ItemPathAuth
const token = Effect.flatMap(tag, (auth) => auth.token)
const call = (path: string, method: "get" | "post" = "get") =>
  Effect.flatMap(ItemPathAuth.httpClient, (client) => client[method](path))

/** Runs a program over a simulator and this layer; the client must have kept to the vendor's protocol. */
const over = <A, E>(
  simulator: ItemPathSimulator.ItemPathSimulator,
  options: Partial<ItemPathAuth.Options>,
  program: Effect.Effect<A, E, ItemPathAuth.ItemPathAuth | HttpClient.HttpClient>
) =>
  program.pipe(
    Effect.provide(layer({ baseUrl: simulator.origin, credentials: simulator.credentials, ...options })),
    Effect.provide(Simulator.httpClient(simulator)),
    Effect.tap(
      Effect.flatMap(simulator.violations, (violations) => Effect.sync(() => assert.deepEqual(violations, [])))
    )
  )

/** What a login gives, as a user would have kept it. */
const kept = Effect.fnUntraced(function* (simulator: ItemPathSimulator.ItemPathSimulator) {
  const { password, username } = simulator.credentials
  const answer = yield* simulator.handle(
    new Request(`${simulator.origin}/api/users/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username, password: Redacted.value(password) })
    })
  )
  const body = yield* Effect.promise(() => answer.json())
  return {
    accessToken: Redacted.make<string>(body.accessToken),
    refreshToken: Redacted.make<string>(body.refreshToken)
  }
})

describe("ItemPath, peculiar", () => {
  it.effect.each(["", "/", "/api", "/api/"])("a base URL may end in %j", (end) =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const { status } = yield* over(simulator, { baseUrl: simulator.origin + end }, call("/stations"))
      assert.strictEqual(status, 200)
    })
  )

  it.effect("a bad login is a 404, and the error says that it may also be a wrong base URL", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      yield* simulator.setPassword(Redacted.make("another"))
      const error = yield* over(simulator, {}, Effect.flip(token))
      assert.deepInclude(error.reason, { _tag: "InvalidCredentials", status: 404 })
      assert.include(error.message, "base URL")
    })
  )

  it.effect("a 200 that says `login: false` is a refused login", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      yield* simulator.failNext(Simulator.answer(200, { body: JSON.stringify({ login: false }) }))
      assert.strictEqual((yield* over(simulator, {}, Effect.flip(token))).reason._tag, "InvalidCredentials")
    })
  )

  it.effect("one refresh token serves again and again, though no refresh answers with one", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const refresh = Effect.flatMap(tag, (auth) => auth.refresh)
      yield* over(simulator, {}, Effect.andThen(token, Effect.andThen(refresh, refresh)))
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.strictEqual(yield* simulator.count("refresh"), 2)
    })
  )

  it.effect("after 30 days the refresh token is dead, and one login follows", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const policy = { refresh: RefreshPolicy.onDemand }
      yield* over(simulator, { policy }, Effect.andThen(token, Effect.andThen(TestClock.adjust("31 days"), token)))
      assert.strictEqual(yield* simulator.count("login"), 2)
    })
  )

  it.effect("a session may begin with a refresh token alone, again and again", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const { refreshToken } = yield* kept(simulator)
      const program = Effect.gen(function* () {
        yield* token
        yield* Effect.flatMap(tag, (auth) => auth.signOut)
        yield* token
      })
      yield* over(simulator, { credentials: { refreshToken } }, program)
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.strictEqual(yield* simulator.count("refresh"), 2)
    })
  )

  it.effect("an application token is made with the refresh token as bearer, and never expires", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make({ userType: "application" })
      const applicationToken = yield* over(
        simulator,
        {},
        Effect.flatMap(tag, (auth) => auth.createApplicationToken)
      )
      assert.isTrue(Option.isNone(applicationToken.expiresAt))

      const credentials = { applicationToken: applicationToken.value }
      const before = (yield* simulator.seen).length
      const { status } = yield* over(
        simulator,
        { credentials },
        Effect.tap(call("/stations"), TestClock.adjust("400 days"))
      )
      assert.strictEqual(status, 200)
      assert.deepEqual(
        (yield* simulator.seen).slice(before).map(({ kind }) => kind),
        ["api"]
      )
    })
  )

  it.effect("an application token is for users of type application only", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const make = Effect.flatMap(tag, (auth) => auth.createApplicationToken)
      const error = yield* over(simulator, {}, Effect.flip(make))
      assert.deepInclude(error.reason, { _tag: "RequestRefused", status: 403 })
    })
  )

  it.effect("a refused application token is reported and sends nothing else; `refresh` of one too", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make({ userType: "application" })
      const { value } = yield* over(
        simulator,
        {},
        Effect.flatMap(tag, (auth) => auth.createApplicationToken)
      )
      yield* simulator.revokeAccessTokens
      const before = (yield* simulator.seen).length
      const program = Effect.gen(function* () {
        const refresh = yield* Effect.flip(Effect.flatMap(tag, (auth) => auth.refresh))
        assert.strictEqual(refresh.reason._tag, "ReauthenticationRequired")
        const error = yield* Effect.flip(call("/stations"))
        assert.isTrue(error instanceof AuthError.AuthError && error.reason._tag === "ReauthenticationRequired")
        yield* Effect.flip(call("/stations"))
      })
      yield* over(simulator, { credentials: { applicationToken: value } }, program)
      assert.deepEqual(
        (yield* simulator.seen).slice(before).map(({ kind, status }) => [kind, status]),
        [["api", 401]]
      )
    })
  )

  it.effect("a 422 that speaks of tokens is healed", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      yield* simulator.failNext(
        Simulator.answer(422, { body: JSON.stringify({ msg: "Signature verification failed" }) }),
        {
          kind: "api"
        }
      )
      const { status } = yield* over(simulator, {}, call("/stations"))
      assert.strictEqual(status, 200)
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )

  it.effect("a 422 about data is the caller's, body and all", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const body = yield* over(
        simulator,
        {},
        Effect.flatMap(call("/materials", "post"), (answer) => answer.json)
      )
      assert.include(JSON.stringify(body), "already exists")
      assert.strictEqual(yield* simulator.count("refresh"), 0)
      assert.strictEqual(yield* simulator.count("api"), 1)
    })
  )

  it.effect("a sign-in from elsewhere is run where a login would be", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      let runs = 0
      const signIn = Effect.suspend(() => {
        runs++
        return kept(simulator)
      })
      const options = { credentials: { signIn }, policy: { refresh: RefreshPolicy.onDemand } }
      yield* over(
        simulator,
        options,
        Effect.andThen(call("/stations"), Effect.andThen(TestClock.adjust("31 days"), token))
      )
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("a sign-in that fails is a transient failure without a word of its own", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const signIn = Effect.fail(new Error("SECRET of the directory"))
      const error = yield* over(simulator, { credentials: { signIn } }, Effect.flip(token))
      assert.strictEqual(error.reason._tag, "Unreachable")
      assert.notInclude(JSON.stringify(error) + String(error.stack), "SECRET")
    })
  )

  it.effect("an application token that no header can carry fails when the layer is built", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const credentials = { applicationToken: Redacted.make("two\r\nlines") }
      const error = yield* Effect.flip(over(simulator, { credentials }, Effect.void))
      assert.deepInclude(error.reason, { _tag: "InvalidOptions", field: "credentials.applicationToken" })
    })
  )

  it.effect("the environment gives the credentials, an application token before others", () =>
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const environment = {
        ITEMPATH_BASE_URL: simulator.origin,
        ITEMPATH_APPLICATION_TOKEN: "h.p.s",
        ITEMPATH_USERNAME: "u"
      }
      const { value } = yield* token.pipe(
        Effect.provide(ItemPathAuth.layerConfig(ItemPathAuth.config)),
        Effect.provide(Simulator.httpClient(simulator)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment }))
      )
      assert.strictEqual(Redacted.value(value), "h.p.s")
    })
  )
})
