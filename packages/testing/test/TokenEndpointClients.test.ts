// What an app's own client may do to a token request, and what it may not: it is sent once, to one address, whatever
// retries, follows or limits the client was made with; and what fetch is set up with, its TLS settings for example, is
// kept. Stubs on the TestClock where no socket is needed.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

const good = { access_token: "at", refresh_token: "rt", expires_in: 60 }

const endpoint = (url: string, encode = TokenEndpoint.form) =>
  Effect.map(TokenEndpoint.make, (send) =>
    OAuth2.make({ send, encode, url, spelling: OAuth2.rfc6749, common: {}, defaultLife: Duration.hours(1) })
  )

const login = (url: string) =>
  Effect.flatMap(endpoint(url), ({ login }) => login({ username: "user", password: Redacted.make("the-password") }))

/** A stub that lists the addresses it was asked for. */
const stub = (answer: () => Response | "reset", wrap: Wrap) => {
  const sent: Array<string> = []
  const client = HttpClient.make((request) =>
    Effect.suspend(() => {
      sent.push(request.url)
      const given = sent.length > 20 ? Response.json(good) : answer()
      return given === "reset"
        ? Effect.fail(
            new HttpClientError.HttpClientError({
              reason: new HttpClientError.TransportError({ request, cause: new Error("reset") })
            })
          )
        : Effect.succeed(HttpClientResponse.fromWeb(request, given))
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, wrap(client)) }
}

type Wrap = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const retrying: Wrap = (client) =>
  HttpClient.retryTransient(client, { times: 3, schedule: Schedule.spaced("1 second") })
/** Anything made with `HttpClient.transform` fixes the request before the client inside of it begins. */
const transforming: Wrap = (client) => HttpClient.transform(client, (effect) => effect)
const following: Wrap = (client) => HttpClient.followRedirects(client, 3)

describe("a token request is sent once", () => {
  const clients: ReadonlyArray<readonly [string, Wrap]> = [
    ["retryTransient", retrying],
    ["retryTransient inside of a transform", (client) => transforming(retrying(client))],
    ["retryTransient outside of a transform", (client) => retrying(transforming(client))],
    ["filterStatusOk and retryTransient", (client) => retrying(HttpClient.filterStatusOk(client))],
    ["followRedirects", following]
  ]
  const answers: ReadonlyArray<readonly [string, () => Response | "reset"]> = [
    ["a reset", () => "reset"],
    ...[408, 429, 500, 502, 503, 504].map((status) => [`${status}`, () => new Response(null, { status })] as const),
    ...[301, 302, 303, 307, 308].map(
      (status) =>
        [
          `${status}`,
          () => new Response(null, { status, headers: { location: "https://elsewhere.test/token" } })
        ] as const
    )
  ]
  for (const [name, wrap] of clients) {
    for (const [title, answer] of answers) {
      it.effect(`by a client with ${name}, met by ${title}`, () =>
        Effect.gen(function* () {
          const { layer, sent } = stub(answer, wrap)
          const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(login("https://tokens.test/token"), layer)))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(sent, ["https://tokens.test/token"])
        })
      )
    }
  }

  it.effect("by a client with withRateLimiter, met by 429", () =>
    Effect.gen(function* () {
      const { layer, sent } = stub(
        () => new Response(null, { status: 429, headers: { "retry-after": "1" } }),
        (client) => client
      )
      const limiter = yield* Effect.provide(RateLimiter.make, RateLimiter.layerStoreMemory)
      const client = Effect.map(HttpClient.HttpClient, (client) =>
        client.pipe(
          HttpClient.withRateLimiter({ limiter, window: "1 second", limit: 100, key: "all" }),
          HttpClient.catchTag("RateLimiterError", Effect.die)
        )
      )
      const fiber = yield* Effect.forkChild(
        login("https://tokens.test/token").pipe(
          Effect.provideServiceEffect(HttpClient.HttpClient, client),
          Effect.provide(layer),
          Effect.exit
        )
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(sent.length, 1)
    })
  )

  for (const status of [429, 500, 503]) {
    it.effect(`and a client with retryTransient leaves a ${status} what it is: answered, not carried out`, () =>
      Effect.gen(function* () {
        const { layer } = stub(() => new Response(null, { status }), retrying)
        const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(login("https://tokens.test/token"), layer)))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(fiber)).outcome, "Answered")
      })
    )
  }

  it.effect("and a client that waits as long as Retry-After says does not make an answer unknown", () =>
    Effect.gen(function* () {
      const { layer, sent } = stub(
        () => new Response(null, { status: 503, headers: { "retry-after": "120" } }),
        retrying
      )
      const fiber = yield* login("https://tokens.test/token").pipe(
        Effect.provide(layer),
        Effect.flip,
        Effect.timeoutOption("30 seconds"),
        Effect.forkChild
      )
      yield* TestClock.adjust("5 minutes")
      const failure = Option.getOrUndefined(yield* Fiber.join(fiber))
      assert.strictEqual(failure?.outcome, "Answered")
      assert.strictEqual(sent.length, 1)
    })
  )

  it.effect("and a client whose status filter fails is judged by its answer", () =>
    Effect.gen(function* () {
      const refused = () => Response.json({ error: "invalid_grant" }, { status: 400 })
      const { layer } = stub(refused, HttpClient.filterStatusOk)
      const failure = yield* Effect.flip(Effect.provide(login("https://tokens.test/token"), layer))
      assert.strictEqual(`${failure.outcome} ${failure.reason._tag}`, "Refused InvalidCredentials")
    })
  )
})

/** A server on 127.0.0.1 that keeps what it was sent. */
const serve = (answer: (request: IncomingMessage) => readonly [status: number, headers: Record<string, string>]) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly origin: string; readonly seen: Array<IncomingMessage>; readonly close: () => void }>(
      (resume) => {
        const seen: Array<IncomingMessage> = []
        const server = createServer((request, response) => {
          seen.push(request)
          response.writeHead(...answer(request)).end(JSON.stringify(good))
        })
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        server.listen(0, "127.0.0.1", () =>
          resume(Effect.succeed({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close }))
        )
      }
    ),
    ({ close }) => Effect.sync(close)
  )

for (const [name, layer] of [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp],
  ["undici", NodeHttpClient.layerUndici]
] as const) {
  describe(name, () => {
    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`a ${status} of a token endpoint takes nothing to another origin, nor to the same one again`, () =>
        Effect.gen(function* () {
          const evil = yield* serve(() => [200, {}])
          const vendor = yield* serve(({ url }) =>
            url === "/away"
              ? [status, { location: `${evil.origin}/token` }]
              : url === "/here"
                ? [status, { location: "/token" }]
                : [200, {}]
          )
          const app = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, following))
          for (const client of [layer, Layer.provide(app, layer)]) {
            for (const path of ["/away", "/here"]) {
              const failure = yield* Effect.flip(Effect.provide(login(`${vendor.origin}${path}`), client))
              assert.strictEqual(`${failure.outcome} ${failure.reason._tag}`, "Answered MalformedResponse")
            }
          }
          assert.strictEqual(evil.seen.length, 0)
          assert.strictEqual(vendor.seen.length, 4)
        })
      )
    }

    it.live("no trace header goes along, inside of a span too", () =>
      Effect.gen(function* () {
        const vendor = yield* serve(() => [200, {}])
        yield* Effect.withSpan(login(`${vendor.origin}/token`), "app")
        const names = Object.keys(vendor.seen[0]!.headers)
        for (const name of ["b3", "traceparent", "tracestate", "baggage"]) assert.notInclude(names, name)
      }).pipe(Effect.provide(layer))
    )
  })
}

describe("an app's fetch", () => {
  /** A fetch that keeps how it was called. */
  const recording = () => {
    const calls: Array<RequestInit> = []
    const fetch: typeof globalThis.fetch = (_url, init) => {
      calls.push(init!)
      return Promise.resolve(Response.json(good))
    }
    return { calls, layer: Layer.succeed(FetchHttpClient.Fetch, fetch) }
  }
  const dispatcher = { made: "up" }
  const init = { headers: { "x-app": "1" }, redirect: "follow", dispatcher } as RequestInit

  const wraps: ReadonlyArray<readonly [string, Wrap]> = [
    ["as it is", (client) => client],
    ["with retryTransient", retrying],
    ["with retryTransient in a transform", (client) => transforming(retrying(client))],
    ["with followRedirects", following],
    ["with mapRequest", (client) => HttpClient.mapRequest(client, (request) => request)]
  ]
  for (const [name, wrap] of wraps) {
    it.effect(`keeps its RequestInit, ${name}, but for redirects`, () =>
      Effect.gen(function* () {
        const { calls, layer } = recording()
        const app = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, wrap)).pipe(
          Layer.provide(FetchHttpClient.layer),
          Layer.provide([layer, Layer.succeed(FetchHttpClient.RequestInit, init)])
        )
        yield* Effect.provide(login("https://tokens.test/token"), app)
        assert.strictEqual(calls.length, 1)
        const [call] = calls as [RequestInit & { readonly dispatcher?: unknown }]
        assert.strictEqual(new Headers(call.headers).get("x-app"), "1")
        assert.strictEqual(call.dispatcher, dispatcher)
        assert.strictEqual(call.redirect, "manual")
        assert.strictEqual(
          new TextDecoder().decode(call.body as Uint8Array<ArrayBuffer>).split("&")[0],
          "grant_type=password"
        )
      })
    )
  }

  it.effect("keeps its RequestInit though the first request failed before it left", () =>
    Effect.gen(function* () {
      const { calls, layer } = recording()
      let isBroken = true
      const failingFirst: Wrap = (client) =>
        HttpClient.mapRequestEffect(client, (request) => {
          const reason = new HttpClientError.InvalidUrlError({ request, cause: new Error("not yet") })
          return isBroken ? Effect.fail(new HttpClientError.HttpClientError({ reason })) : Effect.succeed(request)
        })
      const app = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, failingFirst)).pipe(
        Layer.provide(FetchHttpClient.layer),
        Layer.provide([layer, Layer.succeed(FetchHttpClient.RequestInit, init)])
      )
      const { login } = yield* Effect.provide(endpoint("https://tokens.test/token"), app)
      const exchange = login({ username: "user", password: Redacted.make("the-password") })
      assert.strictEqual((yield* Effect.flip(exchange)).outcome, "NotSent")
      isBroken = false
      yield* exchange
      assert.strictEqual((calls[0] as RequestInit & { readonly dispatcher?: unknown }).dispatcher, dispatcher)
    })
  )

  it.effect("is not asked for anything when the endpoint is made", () =>
    Effect.gen(function* () {
      const { calls, layer } = recording()
      yield* Effect.provide(endpoint("https://tokens.test/token"), Layer.provide(FetchHttpClient.layer, layer))
      assert.strictEqual(calls.length, 0)
    })
  )
})
