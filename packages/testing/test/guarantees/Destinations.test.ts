// Guarantees of group J, addresses: a token and a password leave to their own origin and nowhere else, whatever address
// a call is given and whatever stands around the app's client. Nothing is contacted: the client keeps what it is to send.
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import { engine, overHttp, reasonOf } from "./Acme.ts"
import { athome, elsewhere, home } from "./Corpus.ts"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

/** A client that sends nothing and keeps what it was to send, as an HTTP stack would see it. */
const recorder = (answer: (url: URL) => Response = () => Response.json({})) => {
  const sent: Array<{ readonly url: URL; readonly all: string; readonly auth: string | undefined }> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const { authorization, ...others } = request.headers
      sent.push({ url, all: JSON.stringify([url.href, others, body]), auth: authorization })
      return HttpClientResponse.fromWeb(request, answer(url))
    })
  )
  return { sent, client }
}

/** The ways in which a call is given an address. */
const ways: Readonly<Record<string, (client: Client, url: string) => Effect.Effect<unknown, unknown>>> = {
  "a GET": (client, url) => client.get(url),
  "a POST with parameters": (client, url) => client.post(url, { urlParams: { page: "1" } }),
  "a request": (client, url) => client.execute(HttpClientRequest.patch(url)),
  "a URL that is read before": (client, url) =>
    URL.canParse(url) ? client.get(new URL(url)) : client.execute(HttpClientRequest.get(url)),
  "a client that follows redirects": (client, url) => HttpClient.followRedirects(client, 3).get(url)
}

type Client = Effect.Success<ReturnType<typeof AuthHttpClient.fromTag<Acme, AuthService.Shape>>>

const call = Effect.fnUntraced(function* (
  url: string,
  way: (client: Client, url: string) => Effect.Effect<unknown, unknown>
) {
  const { client, sent } = recorder()
  yield* Effect.gen(function* () {
    yield* Effect.exit(way(yield* AuthHttpClient.fromTag(Acme), url))
  }).pipe(
    Effect.provide(TestAuth.layer(Acme, { api: `${home}/rest` })),
    Effect.provideService(HttpClient.HttpClient, client),
    Effect.provideService(References.MinimumLogLevel, "None")
  )
  return sent
})

describe("J2: a token leaves only to its exact origin, scheme, host and port, checked at each send", () => {
  it("the corpus has more than 200 addresses, none of them twice", () => {
    const all = [...elsewhere, ...athome]
    assert.strictEqual(new Set(all).size, all.length)
    assert.isAtLeast(elsewhere.length, 200)
  })

  for (const [name, way] of Object.entries(ways)) {
    it.effect(`0 bearers elsewhere, by ${name}`, () =>
      Effect.gen(function* () {
        let count = 0
        for (const url of elsewhere) {
          for (const { all, auth, url: to } of yield* call(url, way)) {
            count++
            assert.isUndefined(auth, JSON.stringify(url))
            assert.notInclude(all, "test-token", JSON.stringify(url))
            assert.notStrictEqual(to.origin, home, JSON.stringify(url))
          }
        }
        // Most of them are addresses that a client would take.
        assert.isAbove(count, 130)
      })
    )

    it.effect(`and one at home for each address there, by ${name}`, () =>
      Effect.gen(function* () {
        for (const url of athome) {
          // Read as an address before, these are other ones.
          if (name === "a URL that is read before" && URL.canParse(url) && new URL(url).origin !== home) continue
          const sent = yield* call(url, way)
          assert.deepStrictEqual(
            sent.map(({ auth, url: to }) => [to.origin, auth]),
            [[home, "Bearer test-token-1"]],
            JSON.stringify(url)
          )
        }
      })
    )
  }
})

type Wrap = (client: HttpClient.HttpClient) => HttpClient.HttpClient

describe("J2: a password and a refresh token too, where the app's client has an address of its own", () => {
  const token = "https://acme.test/token"
  const based =
    (url: string): Wrap =>
    (client) =>
      HttpClient.mapRequest(client, HttpClientRequest.prependUrl(url))
  const turned =
    (url: string): Wrap =>
    (client) =>
      HttpClient.mapRequest(client, HttpClientRequest.setUrl(url))
  const wraps: Readonly<Record<string, Wrap>> = {
    "a base URL": based("https://evil.test"),
    "a base URL with a path": based("https://evil.test/proxy/"),
    "a base URL that ends in a name": based("https://evil.test/?x="),
    "an address of its own": turned("https://evil.test/token"),
    "http instead of https": turned("http://acme.test/token"),
    "another port": turned("https://acme.test:8443/token"),
    "a trailing dot": turned("https://acme.test./token"),
    "a name before the host": turned("https://x.acme.test/token"),
    "a base URL below a transform": (client) =>
      HttpClient.transform(based("https://evil.test")(client), (sent) => sent),
    "a base URL and retries": (client) => HttpClient.retryTransient(based("https://evil.test")(client), { times: 3 }),
    "a base URL and redirects": (client) => HttpClient.followRedirects(based("https://evil.test")(client), 3)
  }
  for (const [name, wrap] of Object.entries(wraps)) {
    it.effect(`nothing is sent by a client with ${name}, and the error says why`, () =>
      Effect.gen(function* () {
        const { client, sent } = recorder()
        const issuer = yield* Effect.provideService(overHttp("https://acme.test"), HttpClient.HttpClient, wrap(client))
        const auth = yield* engine({ issuer })
        const error = yield* Effect.flip(auth.token)
        assert.strictEqual(error.reason._tag, "InsecureEndpoint")
        assert.include(error.message, "HttpClient turns token requests to another origin")
        assert.notInclude(Cause.pretty(Cause.fail(error)), "evil")
        // It is not the network's fault, so that time does not heal it.
        assert.isTrue(error.isFinal)
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(yield* reasonOf(auth.token), "InsecureEndpoint")
        assert.deepStrictEqual(sent, [])
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
    )
  }

  it.effect(
    "a refresh token that would be turned elsewhere is not sent, and after a sign-out all goes home again",
    () =>
      Effect.gen(function* () {
        const { client, sent } = recorder(() =>
          Response.json({ access_token: "at", refresh_token: "rt", expires_in: 60 })
        )
        let isTurned = false
        const app = HttpClient.mapRequest(client, (request) =>
          isTurned ? HttpClientRequest.setUrl(request, "https://evil.test/token") : request
        )
        const issuer = yield* Effect.provideService(overHttp("https://acme.test"), HttpClient.HttpClient, app)
        const auth = yield* engine({ issuer })
        yield* auth.token
        isTurned = true
        assert.strictEqual(yield* reasonOf(auth.refresh), "InsecureEndpoint")
        assert.strictEqual(sent.length, 1)
        yield* auth.signOut
        isTurned = false
        yield* auth.token
        assert.isTrue(sent.every(({ url }) => url.href === token))
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  )

  it.effect("and a client that adds to an address, or a header, is left alone", () =>
    Effect.gen(function* () {
      const { client, sent } = recorder(() => Response.json({ access_token: "at", expires_in: 60 }))
      const app = client.pipe(
        HttpClient.mapRequest(HttpClientRequest.setUrlParam("trace", "1")),
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-app", "1"))
      )
      const issuer = yield* Effect.provideService(overHttp("https://acme.test"), HttpClient.HttpClient, app)
      yield* Effect.flatMap(engine({ issuer }), (auth) => auth.token)
      assert.strictEqual(sent[0]!.url.href, `${token}?trace=1`)
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  )
})
