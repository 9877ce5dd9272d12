/**
 * LogiSense: the vendor suite, and what is peculiar to it. Its refresh token dies a second before its access token.
 */
import { assert, describe, it } from "@effect/vitest"
import type { AuthError } from "@vendor-auth/core"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { Config, ConfigProvider, DateTime, Effect, Option, Redacted, Schedule } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

AuthServiceSuite.suite("LogiSense", {
  tag: LogiSenseAuth.LogiSenseAuth,
  simulator: LogiSenseSimulator.make(),
  layer: ({ credentials: { clientId, password, username }, origin }, options) =>
    LogiSenseAuth.layer({ baseUrl: origin, clientId, credentials: { username, password }, ...options }),
  httpClient: LogiSenseAuth.httpClient,
  life: "30 minutes",
  refreshTokenUse: "once"
})

AuthServiceSuite.suiteOfMany("LogiSense", {
  tag: LogiSenseAuth.Many,
  simulator: LogiSenseSimulator.make(),
  layer: ({ credentials: { clientId, password, username }, origin }, options) =>
    LogiSenseAuth.layerMany({
      account: () =>
        Effect.as(Effect.yieldNow, { baseUrl: origin, clientId, credentials: { username, password }, ...options }),
      idleTimeToLive: "Infinity"
    }),
  life: "30 minutes",
  refreshTokenUse: "once"
})

const { LogiSenseAuth: tag, layer } = LogiSenseAuth

/** Runs a program over a simulator and this layer; the client must have kept to the vendor's protocol. */
const over = <A, E>(
  simulator: LogiSenseSimulator.LogiSenseSimulator,
  options: Partial<LogiSenseAuth.Options>,
  program: Effect.Effect<A, E, LogiSenseAuth.LogiSenseAuth>
) => {
  const { clientId, password, username } = simulator.credentials
  return program.pipe(
    Effect.provide(layer({ baseUrl: simulator.origin, clientId, credentials: { username, password }, ...options })),
    Effect.provide(Simulator.httpClient(simulator)),
    Effect.tap(
      Effect.flatMap(simulator.violations, (violations) => Effect.sync(() => assert.deepEqual(violations, [])))
    )
  )
}

const token = Effect.flatMap(tag, (auth) => auth.token)
const refresh = Effect.flatMap(tag, (auth) => auth.refresh)

describe("LogiSense, peculiar", () => {
  it.effect("tokens of 4 s are served for 9 s with one login, no failure and at most 9 refreshes", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      yield* simulator.setLives({ access: "4 seconds" })
      const reads = Effect.gen(function* () {
        for (let step = 0; step < 90; step++) {
          yield* token
          yield* TestClock.adjust("100 millis")
        }
      })
      yield* over(simulator, {}, reads)
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.isAtMost(yield* simulator.count("refresh"), 9)
      assert.isAtLeast(yield* simulator.count("refresh"), 3)
      assert.isTrue((yield* simulator.seen).every(({ status }) => status === 200))
    })
  )

  it.effect("refreshes happen before the refresh token dies, with no caller asking", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      yield* over(simulator, {}, Effect.andThen(token, TestClock.adjust("1 day")))
      assert.strictEqual(yield* simulator.count("login"), 1)
      // 1,798 s, less a quarter, less up to a tenth at random.
      assert.isAtLeast(yield* simulator.count("refresh"), 86_400 / 1_349 - 1)
      assert.isAtMost(yield* simulator.count("refresh"), 86_400 / 1_168 + 1)
    })
  )

  it.effect("a client secret stands in the place of name and password, with the same grant", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      const { clientSecret } = simulator.credentials
      yield* over(simulator, { credentials: { clientSecret } }, Effect.andThen(token, refresh))
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.strictEqual(yield* simulator.count("refresh"), 1)
    })
  )

  it.effect("`details` are what LogiSense says of the current session", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      yield* TestClock.setTime(1_000_000)
      const details = yield* over(
        simulator,
        {},
        Effect.flatMap(tag, (auth) => auth.details)
      )
      assert.strictEqual(details.actingOwnerId, 1)
      assert.strictEqual(details.audience, simulator.credentials.clientId)
      assert.strictEqual(DateTime.toEpochMillis(details.issued), 1_000_000)
      assert.strictEqual(DateTime.toEpochMillis(details.expires), 1_000_000 + 1_800_000)
    })
  )

  it.effect("an older server's path and life as text are understood", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make({ unversioned: true, versions: ["v6"], expiresInAs: "string" })
      const { issuedAt, expiresAt } = yield* over(
        simulator,
        { version: "v6", loginPath: "/AuthorizationServer/Access/Login" },
        token
      )
      assert.deepEqual(expiresAt, Option.some(DateTime.add(issuedAt, { seconds: 1800 })))
    })
  )

  it.effect("a server that gives no new refresh token costs a login when the first one has died", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make({ refreshTokens: "omit" })
      yield* over(simulator, {}, Effect.andThen(token, TestClock.adjust("50 minutes")))
      assert.strictEqual(yield* simulator.count("login"), 2)
    })
  )

  it.effect("a refresh token that is no JWT is taken to die a second before its access token, as documented", () =>
    Effect.gen(function* () {
      let sent = 0
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          sent++
          const answer = { access_token: `access-${sent}`, refresh_token: `refresh-${sent}`, expires_in: 1800 }
          return HttpClientResponse.fromWeb(request, Response.json(answer))
        })
      )
      const auth = yield* LogiSenseAuth.make({
        baseUrl: "https://logisense.test",
        clientId: "client",
        credentials: { username: "user", password: Redacted.make("password") },
        policy: { refresh: Schedule.spaced("1790 seconds") }
      }).pipe(Effect.provideService(HttpClient.HttpClient, client))
      yield* auth.token
      // 1,799 s, less a second that whole seconds may hide, less a quarter.
      yield* TestClock.adjust("1348 seconds")
      assert.strictEqual(sent, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(sent, 2)
    })
  )

  it.effect("a lock-out is not provoked: five wrong layers send five requests, whatever their callers do", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      const { username } = simulator.credentials
      const wrong = { credentials: { username, password: Redacted.make("wrong") } }
      for (let layers = 0; layers < 5; layers++) {
        yield* over(
          simulator,
          wrong,
          Effect.forEach([1, 2, 3], () => Effect.flip(token))
        )
      }
      assert.strictEqual(yield* simulator.count("login"), 5)
    })
  )

  const refused: ReadonlyArray<[string, Record<string, unknown>, string, string]> = [
    ["http to a foreign host", { baseUrl: "http://logisense.example" }, "InsecureEndpoint", "baseUrl"],
    ["userinfo in a URL", { baseUrl: "https://user:word@logisense.example" }, "InsecureEndpoint", "baseUrl"],
    ["what is no URL", { baseUrl: "logisense.example" }, "InvalidOptions", "baseUrl"],
    ["an empty client id", { clientId: " " }, "InvalidOptions", "clientId"],
    ["a version that is no path segment", { version: "v10/../v9" }, "InvalidOptions", "version"],
    ["a login path without a slash", { loginPath: "Access/Login" }, "InvalidOptions", "loginPath"],
    [
      "an empty password",
      { credentials: { username: "u", password: Redacted.make("") } },
      "InvalidOptions",
      "credentials.password"
    ],
    [
      "a plain password",
      { credentials: { username: "u", password: "plain text" } },
      "InvalidOptions",
      "credentials.password"
    ],
    ["no credentials", { credentials: {} }, "InvalidOptions", "credentials"],
    [
      "two ways to log in at once",
      { credentials: { username: "u", password: Redacted.make("p"), clientSecret: Redacted.make("s") } },
      "InvalidOptions",
      "credentials"
    ],
    ["an empty account", { account: "" }, "InvalidOptions", "account"],
    ["a policy that is no duration", { policy: { timeout: "soon" } }, "InvalidOptions", "policy.timeout"]
  ]
  it.effect.each(refused)("%s fails when the layer is built, with the field's name", ([, options, reason, field]) =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      const error = yield* Effect.flip(over(simulator, options as Partial<LogiSenseAuth.Options>, Effect.void))
      assert.deepInclude<object>((error as AuthError.AuthError).reason, { _tag: reason, field })
      assert.notMatch(error.message, /user:word|plain text/)
      assert.strictEqual((yield* simulator.seen).length, 0)
    })
  )

  const environment = {
    LOGISENSE_BASE_URL: "https://logisense.test",
    LOGISENSE_CLIENT_ID: "00000000000000000000000000c11e47",
    LOGISENSE_USERNAME: "billing-robot",
    LOGISENSE_PASSWORD: "correct horse $&+=% battery stäple"
  }

  it.effect("`layerConfig` reads all options from the environment", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      yield* token.pipe(
        Effect.provide(LogiSenseAuth.layerConfig(LogiSenseAuth.config)),
        Effect.provide(Simulator.httpClient(simulator)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment }))
      )
      assert.strictEqual(yield* simulator.count("login"), 1)
    })
  )

  it.effect("`layerConfig` takes plain values beside `Config`s", () =>
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      yield* token.pipe(
        Effect.provide(
          LogiSenseAuth.layerConfig({
            baseUrl: Config.String("LOGISENSE_BASE_URL"),
            version: "v10",
            clientId: Config.String("LOGISENSE_CLIENT_ID"),
            credentials: { username: "billing-robot", password: Config.Redacted("LOGISENSE_PASSWORD") },
            policy: { timeout: "5 seconds" }
          })
        ),
        Effect.provide(Simulator.httpClient(simulator)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment }))
      )
      assert.strictEqual(yield* simulator.count("login"), 1)
    })
  )
})
