/**
 * The vendor suite, and what is peculiar to Acme: a configured refresh token, and
 * options from the environment.
 */
import { assert, describe, it } from "@effect/vitest"
import { AcmeAuth } from "@vendor-auth/acme"
import { AcmeSimulator } from "@vendor-auth/acme/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { ConfigProvider, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"

AuthServiceSuite.suite("Acme", {
  tag: AcmeAuth.AcmeAuth,
  simulator: AcmeSimulator.make(),
  layer: ({ credentials, origin }, options) => AcmeAuth.layer({ baseUrl: origin, credentials, ...options }),
  httpClient: AcmeAuth.httpClient,
  life: "1 hour",
  refreshTokenUse: "once"
})

const token = Effect.flatMap(AcmeAuth.AcmeAuth, (auth) => auth.token)

/** A refresh token that an earlier login gave, as a user would have kept it. */
const keptRefreshToken = Effect.fnUntraced(function* (simulator: AcmeSimulator.AcmeSimulator) {
  const { password, username } = simulator.credentials
  const login = { grant_type: "password", scope: "offline_access", username, password: Redacted.value(password) }
  const answer = yield* simulator.handle(
    new Request(`${simulator.origin}/oauth/token`, { method: "POST", body: new URLSearchParams(login) })
  )
  const body = yield* Effect.promise(() => answer.json())
  return Redacted.make<string>(body.refresh_token)
})

/** What the simulator answers to a refresh token that is presented by hand. */
const present = (simulator: AcmeSimulator.AcmeSimulator, token: Redacted.Redacted<string>) => {
  const body = { grant_type: "refresh_token", scope: "offline_access", refresh_token: Redacted.value(token) }
  const request = new Request(`${simulator.origin}/oauth/token`, { method: "POST", body: new URLSearchParams(body) })
  return Effect.map(simulator.handle(request), ({ status }) => status)
}

describe("the simulated Acme", () => {
  it.effect("takes a refresh token once, and counts the second time", () =>
    Effect.gen(function* () {
      const simulator = yield* AcmeSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      const statuses = yield* Effect.all([present(simulator, refreshToken), present(simulator, refreshToken)])
      assert.deepStrictEqual(statuses, [200, 400])
      assert.strictEqual(yield* simulator.reuses, 1)
      assert.lengthOf(yield* simulator.violations, 1)
    })
  )
})

describe("Acme, peculiar", () => {
  it.effect("a session that begins with a refresh token alone lives on by its successors", () =>
    Effect.gen(function* () {
      const simulator = yield* AcmeSimulator.make()
      const refreshToken = yield* keptRefreshToken(simulator)
      yield* Effect.andThen(token, TestClock.adjust("1 day")).pipe(
        Effect.provide(AcmeAuth.layer({ baseUrl: simulator.origin, credentials: { refreshToken } })),
        Effect.provide(Simulator.httpClient(simulator))
      )
      assert.strictEqual(yield* simulator.count("login"), 1)
      assert.isAtLeast(yield* simulator.count("refresh"), 24)
      assert.strictEqual(yield* simulator.reuses, 0)
      assert.deepStrictEqual(yield* simulator.violations, [])
    })
  )

  it.effect("options are read from the environment, and its API is called below the base URL", () =>
    Effect.gen(function* () {
      const simulator = yield* AcmeSimulator.make()
      const { password, username } = simulator.credentials
      const env = {
        ACME_BASE_URL: simulator.origin,
        ACME_USERNAME: username,
        ACME_PASSWORD: Redacted.value(password)
      }
      const answer = yield* Effect.flatMap(AcmeAuth.httpClient, (client) => client.get("/things")).pipe(
        Effect.provide(AcmeAuth.layerConfig(AcmeAuth.config)),
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
        Effect.provide(Simulator.httpClient(simulator))
      )
      assert.strictEqual(answer.status, 200)
    })
  )
})
