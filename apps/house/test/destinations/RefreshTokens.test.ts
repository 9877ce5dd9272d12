// Guarantee J7 for the three vendors: over a whole life, with expiries, refused tokens and a dead session, each token is
// looked for in each request that a vendor's simulator was sent.
import { assert, describe, it } from "@effect/vitest"
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthService from "@vendor-auth/core/AuthService"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"

const baseUrl = "https://vendor.test"
const credentials = { username: "user", password: Redacted.make("the-password") }

type Client = HttpClient.HttpClient.With<AuthError.AuthError | HttpClientError.HttpClientError>

const built = <Self, S extends AuthService.Shape>(
  layer: Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>,
  tag: Context.Key<Self, S>,
  client: Effect.Effect<Client, never, Self | HttpClient.HttpClient>
): Effect.Effect<readonly [S, Client], AuthError.AuthError, HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(Layer.build(layer), (context) => Effect.provide(Effect.all([tag, client]), context))

interface Vendor {
  readonly simulator: Simulator.Simulator
  readonly service: Effect.Effect<
    readonly [AuthService.Shape, Client],
    AuthError.AuthError,
    HttpClient.HttpClient | Scope.Scope
  >
  /** Where a refresh token goes. */
  readonly refreshPaths: ReadonlyArray<string>
  /** In what it goes there. */
  readonly travels: "body" | "header"
}

const vendors: Readonly<Record<string, Effect.Effect<Vendor>>> = {
  LogiSense: Effect.map(
    LogiSenseSimulator.make({
      origin: baseUrl,
      credentials: { ...credentials, clientId: "client", clientSecret: Redacted.make("the-secret") }
    }),
    (simulator) => ({
      simulator,
      service: built(
        LogiSenseAuth.layer({ baseUrl, clientId: "client", credentials }),
        LogiSenseAuth.LogiSenseAuth,
        LogiSenseAuth.httpClient
      ),
      refreshPaths: ["/AuthorizationServer/api/v10/Access/Login"],
      travels: "body"
    })
  ),
  "LRS Connect": Effect.map(LrsConnectSimulator.make({ origin: baseUrl, credentials }), (simulator) => ({
    simulator,
    service: built(
      LrsConnectAuth.layer({ baseUrl, credentials: { userName: "user", password: credentials.password } }),
      LrsConnectAuth.LrsConnectAuth,
      LrsConnectAuth.httpClient
    ),
    refreshPaths: ["/rest/v4/oauth/token"],
    travels: "body"
  })),
  ItemPath: Effect.map(
    ItemPathSimulator.make({ origin: baseUrl, credentials, userType: "application" }),
    (simulator) => ({
      simulator,
      service: built(
        ItemPathAuth.layer({ baseUrl, credentials }),
        ItemPathAuth.ItemPathAuth,
        ItemPathAuth.httpClient
      ).pipe(
        // Application tokens are asked for with the refresh token, and go the way of an access token.
        Effect.map(
          ([auth, client]) =>
            [{ ...auth, refresh: Effect.andThen(auth.createApplicationToken, auth.refresh) }, client] as const
        )
      ),
      refreshPaths: ["/api/users/refresh", "/api/users/application-token"],
      travels: "header"
    })
  )
}

interface Seen {
  readonly path: string
  readonly header: string
  /** All of the request, decoded once more as a form would be. */
  readonly text: string
  readonly body: string
}

describe("J7: a refresh token goes to the refresh endpoint only, and an access token never there", () => {
  for (const [name, make] of Object.entries(vendors)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { refreshPaths, service, simulator, travels } = yield* make
        const seen: Array<Seen> = []
        const tokens = { access: new Set<string>(), refresh: new Set<string>() }
        const handle: Simulator.Simulator["handle"] = (request) =>
          Effect.gen(function* () {
            const body = yield* Effect.promise(() => request.clone().text())
            const header = request.headers.get("authorization") ?? ""
            const text = [request.url, ...request.headers.values(), body].join("\n")
            seen.push({
              path: new URL(request.url).pathname,
              header,
              body,
              text: `${text}\n${decodeURIComponent(text)}`
            })
            const response = yield* simulator.handle(request)
            const given = yield* Effect.promise(
              () =>
                response
                  .clone()
                  .json()
                  .catch(() => ({})) as Promise<object>
            )
            for (const [key, value] of Object.entries(given)) {
              if (/^(access_?|)token$/i.test(key)) tokens.access.add(value as string)
              if (/^refresh_?token$/i.test(key)) tokens.refresh.add(value as string)
            }
            return response
          })
        const run = Effect.fnUntraced(function* (effect: Effect.Effect<unknown, unknown>) {
          const fiber = yield* Effect.forkChild(Effect.exit(effect))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(fiber)
        })
        yield* Effect.gen(function* () {
          const [auth, client] = yield* service
          const call = client.get(simulator.resource)
          const all = [auth.token, call, auth.refresh, call]
          for (const effect of all) yield* run(effect)
          for (const disturb of [
            simulator.revokeAccessTokens,
            simulator.revokeRefreshTokens,
            TestClock.adjust("3 hours")
          ]) {
            yield* disturb
            for (const effect of [call, ...all]) yield* run(effect)
          }
          yield* run(auth.signOut)
          for (const effect of all) yield* run(effect)
        }).pipe(Effect.provide(Simulator.httpClient({ ...simulator, handle })))

        const isRefreshPath = (path: string) => refreshPaths.includes(path)
        assert.isAtLeast(tokens.access.size, 6)
        assert.isAtLeast(tokens.refresh.size, 3)
        let [refreshes, calls] = [0, 0]
        for (const { body, header, path, text } of seen) {
          const inIt = (kind: ReadonlySet<string>) => [...kind].filter((token) => text.includes(token))
          const [access, refresh] = [inIt(tokens.access), inIt(tokens.refresh)]
          if (refresh.length > 0) {
            refreshes++
            assert.isTrue(isRefreshPath(path), `a refresh token at ${path}`)
            assert.strictEqual(header === `Bearer ${refresh[0]}`, travels === "header")
            assert.strictEqual(body.length > 0, travels === "body")
          }
          if (access.length > 0) {
            calls++
            assert.isFalse(isRefreshPath(path), `an access token at ${path}`)
            assert.strictEqual(header, `Bearer ${access[0]}`)
          }
        }
        assert.isAtLeast(refreshes, 3)
        assert.isAtLeast(calls, 8)
        assert.deepStrictEqual(yield* simulator.violations, [])
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
    )
  }
})
