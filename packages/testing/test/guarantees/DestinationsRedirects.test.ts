// Guarantee J3: where redirects take a token, a header that is added to it, and a password: five statuses, to the same
// origin, to another one and from https to http, on fetch, node:http and undici, followed by the client inside, by one
// around, by both and by the client's own ways. All servers are on 127.0.0.1 and keep what they were sent.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as http from "node:http"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import * as tls from "node:tls"
import * as Certificates from "../wire/Certificates.ts"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

const certificates = Certificates.make()
const trusted = tls.getCACertificates("default")
beforeAll(() => tls.setDefaultCACertificates([certificates.authority]))
afterAll(() => tls.setDefaultCACertificates(trusted))

interface Seen {
  readonly path: string
  readonly method: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

interface Server {
  readonly origin: string
  readonly seen: Array<Seen>
  readonly close: () => void
}

/** Paths are `/{status}/{where}`, which redirects there; anything else is an end. */
const serve = (scheme: "http" | "https", where: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const seen: Array<Seen> = []
      const answer: http.RequestListener = (request, response) => {
        let body = ""
        request
          .on("data", (chunk) => (body += chunk))
          .on("end", () => {
            const { headers, method = "", url: path = "" } = request
            seen.push({ path, method, headers, body })
            const [, status, to = ""] = path.split("/")
            const location = where[to] ?? (to === "same" ? "/end" : undefined)
            if (location === undefined) response.writeHead(200).end('{"access_token":"at"}')
            else response.writeHead(Number(status), { location }).end()
          })
      }
      const server =
        scheme === "http"
          ? http.createServer(answer)
          : https.createServer({ key: certificates.key, cert: certificates.good }, answer)
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ origin: `${scheme}://127.0.0.1:${port}`, seen, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

/** A vendor over TLS, another origin over TLS, and one in the clear. */
const servers = Effect.gen(function* () {
  const [other, clear] = [yield* serve("https"), yield* serve("http")]
  const vendor = yield* serve("https", { other: `${other.origin}/end`, downgrade: `${clear.origin}/end` })
  return { vendor, strangers: [other, clear] }
})

const statuses = [301, 302, 303, 307, 308]
const targets = ["same", "other", "downgrade"]

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp],
  ["undici", NodeHttpClient.layerUndici]
]

type Wrap = <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E, R>
const plain: Wrap = (client) => client
const following: Wrap = (client) => HttpClient.followRedirects(client, 5)

const arrangements: Readonly<Record<string, { readonly inside: Wrap; readonly outside: Wrap }>> = {
  "the client as it is": { inside: plain, outside: plain },
  "followRedirects inside": { inside: following, outside: plain },
  "followRedirects outside": { inside: plain, outside: following },
  "followRedirects inside and outside": { inside: following, outside: following }
}

/** fetch follows by itself, unless the app says otherwise. */
const inits: ReadonlyArray<readonly [string, RequestInit]> = [
  ["", {}],
  [", with redirects left to Effect", { redirect: "manual" }]
]

describe("J3: redirects", () => {
  for (const [name, layer] of clients) {
    for (const [how, { inside, outside }] of Object.entries(arrangements)) {
      for (const [added, init] of inits) {
        if (name !== "fetch" && added !== "") continue
        it.live(`a call by ${name}, ${how}${added}: the token goes to the same origin only`, () =>
          Effect.gen(function* () {
            const { strangers, vendor } = yield* servers
            yield* Effect.gen(function* () {
              const client = outside(
                yield* Effect.updateService(AuthHttpClient.fromTag(Acme), HttpClient.HttpClient, inside)
              )
              const body = HttpClientRequest.bodyText(HttpClientRequest.post(""), "hi").body
              for (const status of statuses) {
                for (const target of targets) {
                  yield* client.get(`/${status}/${target}`)
                  // What fetch follows by itself with a body it refuses to send again.
                  yield* Effect.exit(client.post(`/${status}/${target}`, { body }))
                }
              }
            }).pipe(
              Effect.provide([layer, TestAuth.layer(Acme, { api: vendor.origin })]),
              Effect.provideService(FetchHttpClient.RequestInit, init),
              Effect.provideService(References.MinimumLogLevel, "None")
            )
            const isFollowed = how !== "the client as it is" || (name === "fetch" && added === "")
            assert.strictEqual(vendor.seen.filter(({ path }) => path !== "/end").length, 30)
            assert.isTrue(vendor.seen.every(({ headers }) => headers.authorization === "Bearer test-token-1"))
            assert.strictEqual(vendor.seen.filter(({ path }) => path === "/end").length > 0, isFollowed)
            for (const { seen } of strangers) {
              // Each status was followed there, as a GET at least.
              assert.strictEqual(seen.length >= statuses.length, isFollowed)
              for (const { body, headers, path } of seen) {
                assert.notInclude(JSON.stringify([path, headers, body]), "test-token")
                assert.notProperty(headers, "authorization")
              }
            }
          }).pipe(Effect.scoped)
        )
      }
    }

    for (const [how, wrap] of Object.entries({ "as it is": plain, "with followRedirects": following })) {
      it.live(`a token request by ${name} ${how}: nothing is followed, and no password goes anywhere else`, () =>
        Effect.gen(function* () {
          const { strangers, vendor } = yield* servers
          const app = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, wrap))
          yield* Effect.gen(function* () {
            const send = yield* TokenEndpoint.make
            for (const encode of [TokenEndpoint.form, TokenEndpoint.json]) {
              for (const status of statuses) {
                for (const target of targets) {
                  const url = `${vendor.origin}/${status}/${target}`
                  const { login, refresh } = OAuth2.make({
                    send,
                    encode,
                    url,
                    spelling: OAuth2.rfc6749,
                    common: {},
                    defaultLife: Duration.hours(1)
                  })
                  const exchanges = [
                    login({ username: "user", password: Redacted.make("the-password") }),
                    refresh(Redacted.make("the-refresh-token")),
                    send("refresh", TokenEndpoint.bearer(url, Redacted.make("the-refresh-token")), {
                      tokens: () => assert.fail("it was followed")
                    })
                  ]
                  for (const exchange of exchanges) {
                    const failure = yield* Effect.flip(exchange)
                    assert.strictEqual(failure.outcome, "Answered")
                    assert.deepInclude(failure.reason, { _tag: "MalformedResponse", paths: ["(redirect)"] })
                  }
                }
              }
            }
          }).pipe(Effect.provide(Layer.provide(app, layer)))
          assert.deepStrictEqual(
            strangers.flatMap(({ seen }) => seen),
            []
          )
          assert.strictEqual(vendor.seen.length, 90)
          assert.isTrue(vendor.seen.every(({ method, path }) => method === "POST" && path !== "/end"))
        }).pipe(Effect.scoped)
      )
    }
  }
})
