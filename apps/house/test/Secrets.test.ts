// No secret in any output: every credential and every issued token of each vendor is looked for in all that an
// app can see of a failure, a log line, a span, a metric or a printed value, in each form that it may take there.
// The vendors are their simulators, whose answers are read on their way, so that issued tokens are known too.
import { assert, describe, it } from "@effect/vitest"
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthService from "@vendor-auth/core/AuthService"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Canary from "./secrets/Canary.ts"
import { makeWatch, print, reasonOf } from "./secrets/Channels.ts"
import { watched } from "./secrets/Wire.ts"

const password = 'Kx7vQ2mß "&+=%\\/ 9Zt4Lw8R'
const clientSecret = 'Hb3nW6y& "ü+=%\\/ 5Gc1Js0P'
const elsewhere = "Vf8dT2qE-a.token_from~elsewhere-Mu6kXz3D"

type Client = HttpClient.HttpClient.With<AuthError.AuthError | HttpClientError.HttpClientError>

interface Vendor {
  readonly simulator: Simulator.Simulator
  /** The service, and the client of its API. */
  readonly build: Effect.Effect<
    readonly [AuthService.Shape, Client],
    AuthError.AuthError,
    HttpClient.HttpClient | Scope.Scope
  >
}

const built = <Self>(
  layer: Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>,
  tag: Context.Key<Self, AuthService.Shape>,
  client: Effect.Effect<Client, never, Self | HttpClient.HttpClient>
): Vendor["build"] =>
  Effect.flatMap(Layer.build(layer), (context) => Effect.provide(Effect.all([tag, client]), context))

const baseUrl = "https://vendor.test"
const credentials = { username: "user", password: Redacted.make(password) }

const logiSense = (given: LogiSenseAuth.Credentials): Effect.Effect<Vendor> =>
  Effect.map(
    LogiSenseSimulator.make({
      origin: baseUrl,
      credentials: { ...credentials, clientId: "client", clientSecret: Redacted.make(clientSecret) }
    }),
    (simulator) => {
      const layer = LogiSenseAuth.layer({ baseUrl, clientId: "client", credentials: given })
      return { simulator, build: built(layer, LogiSenseAuth.LogiSenseAuth, LogiSenseAuth.httpClient) }
    }
  )

class Acme extends OAuth2Auth.Service<Acme>()("house/Acme") {}

const oauth2 = (authentication: "client_secret_basic" | "client_secret_post", grant?: OAuth2Auth.Grant) =>
  Effect.map(
    OAuth2Simulator.make({
      origin: baseUrl,
      authentication,
      credentials: { ...credentials, clientId: "client", clientSecret: Redacted.make(clientSecret) }
    }),
    (simulator): Vendor => {
      const layer = OAuth2Auth.layer(Acme, {
        issuer: baseUrl,
        client: { id: "client", secret: Redacted.make(clientSecret) },
        grant: grant ?? { type: "password", ...credentials },
        api: `${baseUrl}/api`
      })
      return { simulator, build: built(layer, Acme, OAuth2Auth.httpClient(Acme)) }
    }
  )

const vendors: Readonly<Record<string, Effect.Effect<Vendor>>> = {
  "LogiSense by password": logiSense(credentials),
  "LogiSense by client secret": logiSense({ clientSecret: Redacted.make(clientSecret) }),
  "LRS Connect": Effect.gen(function* () {
    const simulator = yield* LrsConnectSimulator.make({ origin: baseUrl, credentials })
    const layer = LrsConnectAuth.layer({ baseUrl, credentials: { userName: "user", password: credentials.password } })
    return { simulator, build: built(layer, LrsConnectAuth.LrsConnectAuth, LrsConnectAuth.httpClient) }
  }),
  "LRS Connect by a dead refresh token": Effect.gen(function* () {
    const simulator = yield* LrsConnectSimulator.make({ origin: baseUrl, credentials })
    const layer = LrsConnectAuth.layer({ baseUrl, credentials: { refreshToken: Redacted.make(elsewhere) } })
    return { simulator, build: built(layer, LrsConnectAuth.LrsConnectAuth, LrsConnectAuth.httpClient) }
  }),
  ItemPath: Effect.gen(function* () {
    const simulator = yield* ItemPathSimulator.make({ origin: baseUrl, credentials, userType: "application" })
    const layer = ItemPathAuth.layer({ baseUrl, credentials })
    return { simulator, build: built(layer, ItemPathAuth.ItemPathAuth, ItemPathAuth.httpClient) }
  }),
  "ItemPath by application token": Effect.gen(function* () {
    const simulator = yield* ItemPathSimulator.make({ origin: baseUrl, credentials })
    const layer = ItemPathAuth.layer({ baseUrl, credentials: { applicationToken: Redacted.make(elsewhere) } })
    return { simulator, build: built(layer, ItemPathAuth.ItemPathAuth, ItemPathAuth.httpClient) }
  }),
  "OAuth 2.0": oauth2("client_secret_basic"),
  "OAuth 2.0 by the form": oauth2("client_secret_post"),
  "OAuth 2.0 by client credentials": oauth2("client_secret_basic", { type: "client_credentials" })
}

/** Answers that say a secret back, in every place of an answer. */
const echoes = (secret: string): ReadonlyArray<Simulator.Fault> => [
  ...[200, 400, 401, 403, 404, 422, 429, 500, 503].flatMap((status) => [
    Simulator.answer(status, {
      body: JSON.stringify({ error: secret, error_description: secret, msg: `token ${secret}`, [secret]: secret })
    }),
    Simulator.answer(status, {
      body: `<html>${secret}</html>`,
      headers: { "x-echo": encodeURIComponent(secret), "retry-after": "1" }
    }),
    Simulator.answer(status, { body: secret.slice(0, 20) })
  ]),
  Simulator.answer(200, {
    body: JSON.stringify({ access_token: `${secret}\r\nx: y`, accessToken: `${secret} `, token: [secret] })
  }),
  Simulator.answer(200, {
    body: JSON.stringify({
      access_token: "a",
      accessToken: "a",
      refreshToken: `${secret} `,
      expires_in: secret,
      expiresIn: secret
    })
  }),
  Simulator.answer(200, { body: `{"access_token":"${JSON.stringify(secret).slice(1, 5)}` }),
  Simulator.answer(302, { headers: { location: `https://elsewhere.test/?token=${encodeURIComponent(secret)}` } })
]

const statuses = [204, 301, 400, 401, 403, 404, 408, 422, 500, 502, 503, 504]

const faults: ReadonlyArray<Simulator.Fault> = [
  Simulator.drop({ carriedOut: false }),
  Simulator.drop({ carriedOut: true }),
  Simulator.truncate,
  Simulator.delay("1 minute"),
  Simulator.throttle(2),
  ...statuses.map((status) => Simulator.answer(status))
]

/** Runs what an app may do with a vendor, and shows all of it to the watch. */
const exercise = (
  make: Effect.Effect<Vendor>,
  inject: ReadonlyArray<Simulator.Fault> | "echoes",
  kind: Simulator.Kind
) =>
  Effect.gen(function* () {
    const watch = makeWatch()
    const canaries = Object.entries({ password, clientSecret, elsewhere }).map(([name, text]) => ({ name, text }))
    const { build, simulator } = yield* make
    // Each token that the simulator issues is a secret from then on.
    const { handle } = watched(simulator, canaries)
    const resource = `${baseUrl}${simulator.resource}`
    let successes = 0
    const run = Effect.fnUntraced(function* (effect: Effect.Effect<unknown, unknown>) {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("40 seconds")
      const exit = fiber.pollUnsafe()
      if (exit === undefined) yield* Fiber.interrupt(fiber)
      const isDone = exit !== undefined && Exit.isSuccess(exit)
      // Successes print alike, and a response is long.
      if (!isDone || successes++ < 8) watch.see("an exit", exit)
      return isDone
    })
    yield* watch.during(
      Effect.gen(function* () {
        const store = yield* TokenStore.makeMemory
        const writes: Array<string> = []
        const spying = TokenStore.TokenStore.of({
          ...store,
          write: (account, version, session) => {
            writes.push(account)
            watch.see("a session", account, session)
            return store.write(account, version, session)
          }
        })
        const [auth, client] = yield* Effect.provideService(build, TokenStore.TokenStore, spying)
        const members = Object.values(auth)
        watch.see("a service", auth, client)
        // A response is the app's own to print.
        const call = (url: string) => Effect.map(client.get(url), ({ status }) => status)
        const calls = [auth.token, call(resource), auth.refresh, call("/nowhere")]
        const all = [...calls, ...members.filter((member) => Effect.isEffect(member) && member !== auth.signOut)]
        const go = Effect.forEach(all, (effect) => run(effect as Effect.Effect<unknown, unknown>), { discard: true })
        const asked = {
          login: auth.refresh,
          refresh: auth.refresh,
          api: calls[1]!,
          applicationToken: Effect.all(all as typeof calls),
          // What is asked beside tokens: a revocation.
          unknown: Effect.andThen(auth.token, auth.signOut)
        }
        if (kind !== "login") yield* go
        for (const fault of inject === "echoes" ? canaries.slice(0, 5).flatMap(({ text }) => echoes(text)) : inject) {
          yield* simulator.failNext(fault, { kind: [kind] })
          const isDone = yield* run(asked[kind])
          if (isDone && kind !== "login") continue
          yield* run(auth.signOut)
          if (kind !== "login") yield* run(auth.token)
        }
        yield* go
        yield* simulator.setPassword(Redacted.make("another"))
        yield* simulator.revokeRefreshTokens
        yield* simulator.revokeAccessTokens
        yield* go
        watch.see("a service", auth, writes)
      }).pipe(
        // An app may well record all headers that it sends.
        Effect.provideService(HttpClient.TracerHeaderFilter, (_, phase) => phase === "request"),
        Effect.provide(Simulator.httpClient({ ...simulator, handle }))
      )
    )
    const { lines, spans } = watch.counts()
    assert.isAbove(Math.min(lines, spans), 0)
    assert.deepStrictEqual(Canary.search(canaries, yield* watch.everything), [])
    return { canaries, seen: yield* simulator.seen }
  })

/** Ways in that have one exchange at most, and no fault to meet after it. */
const hasNoSession = /dead refresh token|application token|client credentials/

describe("I1, I3: no secret is seen in anything an app can print", () => {
  for (const [name, make] of Object.entries(vendors)) {
    for (const kind of ["login", "refresh", "api", "applicationToken", "unknown"] as const) {
      if (kind === "applicationToken" && name !== "ItemPath") continue
      if (kind === "unknown" && !name.startsWith("OAuth 2.0")) continue
      const both = Effect.gen(function* () {
        const { canaries, seen } = yield* exercise(make, faults, kind)
        if (!/ by /.test(name)) assert.isAbove(canaries.length, 4)
        // Each fault was met.
        const met = new Set(seen.filter((request) => request.kind === kind).map(({ status }) => status))
        if (!hasNoSession.test(name))
          assert.deepStrictEqual(
            statuses.filter((status) => !met.has(status)),
            []
          )
        yield* exercise(make, "echoes", kind)
      })
      it.effect(`${name}: faults and echoes at ${kind === "unknown" ? "a revocation" : kind}`, () => both, 60_000)
    }
  }
})

describe("an app that records every header and redacts none", () => {
  it.effect("sees none of a token request's, which may hold a refresh token", () =>
    Effect.gen(function* () {
      const watch = makeWatch()
      const { build, simulator } = yield* vendors["ItemPath"]!
      yield* Effect.flatMap(build, ([auth]) => Effect.andThen(auth.token, auth.refresh)).pipe(
        Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
        Effect.provideService(Headers.CurrentRedactedNames, []),
        watch.during,
        Effect.provide(Simulator.httpClient(simulator))
      )
      assert.isFalse([...watch.attributes()].some((name) => /\.header\./.test(name)))
    })
  )
})

describe("no secret is seen in what is said of wrong options", () => {
  const secret = Redacted.make(`${elsewhere}\r\nx`)
  const address = `https://u:${elsewhere}@vendor.test`
  const wrong: Readonly<
    Record<string, Effect.Effect<unknown, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope>>
  > = {
    "a password in the address": LogiSenseAuth.make({ baseUrl: address, clientId: "c", credentials }),
    "a token that no header can carry": LrsConnectAuth.make({ baseUrl, credentials: { refreshToken: secret } }),
    "a secret that is not Redacted": ItemPathAuth.make({
      baseUrl,
      credentials: { username: "u", password: elsewhere as never }
    })
  }
  for (const [name, make] of Object.entries(wrong)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const { simulator } = yield* vendors["ItemPath"]!
        const exit = yield* Effect.exit(Effect.provide(make, Simulator.httpClient(simulator)))
        assert.include(["InvalidOptions", "InsecureEndpoint"], reasonOf(exit))
        assert.deepStrictEqual(Canary.search([{ name: "the secret", text: elsewhere }], print(exit)), [])
      })
    )
  }
})
