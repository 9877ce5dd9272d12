// The client of an API over sockets, on fetch, node:http and undici: redirects, answers of other hosts, and the
// connections of refused calls. And on the TestClock, together with what an app wraps around or puts inside of it.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

interface Server {
  readonly origin: string
  readonly seen: Array<{
    readonly url: string
    readonly method: string
    readonly auth: string | undefined
    readonly body: string
  }>
  readonly sockets: Set<Socket>
  readonly close: () => void
}

const serve = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const [seen, sockets]: [Server["seen"], Server["sockets"]] = [[], new Set()]
      const server = createServer((request, response) => {
        let body = ""
        request
          .on("data", (chunk) => (body += chunk))
          .on("end", () => {
            seen.push({ url: request.url!, method: request.method!, auth: request.headers.authorization, body })
            answer(request, response)
          })
      })
      server.on("connection", (socket) => sockets.add(socket))
      const close = () => {
        server.close()
        server.closeAllConnections()
      }
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, sockets, close })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )

const keepAlive = NodeHttpClient.layerAgentOptions({ keepAlive: true })

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", Layer.provide(NodeHttpClient.layerNodeHttpNoAgent, keepAlive)],
  ["undici", NodeHttpClient.layerUndici]
]

const following = <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.followRedirects(client, 5)

/** Redirects followed by the client inside, around, and by both. */
const arrangements = {
  "the client inside": Effect.updateService(AuthHttpClient.fromTag(Acme), HttpClient.HttpClient, following),
  "a client around": Effect.map(AuthHttpClient.fromTag(Acme), following),
  both: Effect.map(Effect.updateService(AuthHttpClient.fromTag(Acme), HttpClient.HttpClient, following), following)
}

for (const [name, layer] of clients) {
  describe(name, () => {
    for (const [where, make] of Object.entries(arrangements)) {
      for (const status of [301, 302, 303, 307, 308]) {
        it.live(`a ${status} followed by ${where} takes the token to the same origin only`, () =>
          Effect.gen(function* () {
            const evil = yield* serve((_, response) => response.writeHead(200).end("{}"))
            const vendor = yield* serve((request, response) => {
              const location = {
                "/away": `${evil.origin}/x`,
                "/named": `${evil.origin.replace("127.0.0.1", "localhost")}/x`,
                "/here": "/x"
              }
              const to = location[request.url as never] as string | undefined
              response.writeHead(to === undefined ? 200 : status, to === undefined ? {} : { location: to }).end("{}")
            })
            yield* Effect.gen(function* () {
              const client = yield* make
              for (const path of ["/away", "/here"]) {
                const get = yield* client.get(path)
                const post = yield* client.post(path, {
                  body: HttpClientRequest.bodyText(HttpClientRequest.post(""), "hi").body
                })
                assert.deepStrictEqual([get.status, post.status], [200, 200])
              }
            }).pipe(Effect.provide([layer, TestAuth.layer(Acme, { api: vendor.origin })]))
            assert.deepStrictEqual(
              evil.seen.map(({ auth }) => auth),
              [undefined, undefined]
            )
            assert.deepStrictEqual(
              vendor.seen.map(({ url }) => url),
              ["/away", "/away", "/here", "/x", "/here", "/x"]
            )
            assert.isTrue(vendor.seen.every(({ auth }) => auth === "Bearer test-token-1"))
          })
        )
      }

      it.live(`a 401 of another host, reached by a redirect that ${where} followed, says nothing of the token`, () =>
        Effect.gen(function* () {
          const other = yield* serve((_, response) => response.writeHead(401).end("{}"))
          const vendor = yield* serve((_, response) => response.writeHead(302, { location: `${other.origin}/x` }).end())
          yield* Effect.gen(function* () {
            assert.strictEqual((yield* (yield* make).get("/x")).status, 401)
            assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login"])
          }).pipe(Effect.provide([layer, TestAuth.layer(Acme, { api: vendor.origin })]))
          assert.strictEqual(other.seen.length, 1)
        })
      )
    }

    it.live("the body of a refused call is read, so that its connection serves the next one", () =>
      Effect.gen(function* () {
        const tokens = new Set<string>()
        const vendor = yield* serve((request, response) => {
          const auth = request.headers.authorization!
          response.writeHead(tokens.has(auth) ? 200 : 401).end("x".repeat(20_000))
          tokens.add(auth)
        })
        yield* Effect.gen(function* () {
          const client = yield* AuthHttpClient.fromTag(Acme)
          for (let i = 0; i < 50; i++) {
            tokens.clear()
            for (const _ of [1, 2]) yield* Effect.flatMap(client.get("/x"), (response) => response.text)
          }
        }).pipe(Effect.provide([layer, TestAuth.layer(Acme, { api: vendor.origin })]))
        assert.isAtLeast(vendor.seen.length, 100)
        assert.isAtMost(vendor.sockets.size, 3)
      })
    )

    it.live("a refused call whose body never ends is repeated all the same", () =>
      Effect.gen(function* () {
        const vendor = yield* serve((request, response) => {
          if (request.headers.authorization === "Bearer test-token-2") return void response.writeHead(200).end("{}")
          response.writeHead(401).write("{")
        })
        yield* Effect.gen(function* () {
          const response = yield* Effect.timeoutOption((yield* AuthHttpClient.fromTag(Acme)).get("/x"), "3 seconds")
          assert.strictEqual(response._tag === "Some" ? response.value.status : "no answer within 3 seconds", 200)
        }).pipe(Effect.provide([layer, TestAuth.layer(Acme, { api: vendor.origin })]))
      })
    )
  })
}

describe("together with", () => {
  /** An API that takes the second token, after so many 503s or 429s. */
  const stub = (busy: number, status = 503) => {
    let left = busy
    const sent: Array<string | undefined> = []
    const client = HttpClient.make((request) =>
      Effect.sync(() => {
        sent.push(request.headers["authorization"]?.slice(-1))
        const code = left-- > 0 ? status : request.headers["authorization"] === "Bearer test-token-2" ? 200 : 401
        return HttpClientResponse.fromWeb(
          request,
          new Response(null, { status: code, headers: { "retry-after": "1" } })
        )
      })
    )
    return { sent, layer: Layer.merge(TestAuth.layer(Acme), Layer.succeed(HttpClient.HttpClient, client)) }
  }

  const run = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("1 minute")
      return yield* Fiber.join(fiber)
    })

  const retrying = <E, R>(client: HttpClient.HttpClient.With<E, R>) =>
    HttpClient.retryTransient(client, { times: 5, schedule: Schedule.spaced("1 second") })
  const fromTag = AuthHttpClient.fromTag(Acme)

  const limited = Effect.map(
    Effect.provide(RateLimiter.make, RateLimiter.layerStoreMemory),
    (limiter) =>
      <E, R>(client: HttpClient.HttpClient.With<E, R>) =>
        HttpClient.withRateLimiter(client, { limiter, window: "1 second", limit: 100, key: "all" })
  )

  it.effect("retryTransient inside", () => {
    const { layer, sent } = stub(2)
    return Effect.gen(function* () {
      const client = yield* Effect.updateService(fromTag, HttpClient.HttpClient, retrying)
      assert.strictEqual((yield* run(client.get("/x"))).status, 200)
      assert.deepStrictEqual(sent, ["1", "1", "1", "2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("retryTransient outside", () => {
    const { layer, sent } = stub(2)
    return Effect.gen(function* () {
      const client = retrying(yield* fromTag)
      assert.strictEqual((yield* run(client.get("/x"))).status, 200)
      assert.deepStrictEqual(sent, ["1", "1", "1", "2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("withRateLimiter inside", () => {
    const { layer, sent } = stub(2, 429)
    return Effect.gen(function* () {
      const limit = yield* limited
      const client = yield* Effect.updateService(fromTag, HttpClient.HttpClient, (client) =>
        HttpClient.catchTag(limit(client), "RateLimiterError", Effect.die)
      )
      assert.strictEqual((yield* run(client.get("/x"))).status, 200)
      assert.deepStrictEqual(sent, ["1", "1", "1", "2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("withRateLimiter outside", () => {
    const { layer, sent } = stub(2, 429)
    return Effect.gen(function* () {
      const client = (yield* limited)(yield* fromTag)
      assert.strictEqual((yield* run(client.get("/x"))).status, 200)
      assert.deepStrictEqual(sent, ["1", "1", "1", "2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("filterStatusOk inside, a 401 heals, and a second failure is the client's own", () => {
    const { layer, sent } = stub(0)
    return Effect.gen(function* () {
      const client = yield* Effect.updateService(fromTag, HttpClient.HttpClient, HttpClient.filterStatusOk)
      assert.strictEqual((yield* client.get("/x")).status, 200)
      assert.deepStrictEqual(sent, ["1", "2"])
      yield* TestAuth.reject(Acme)
      const error = yield* Effect.flip(client.get("/x"))
      assert(error._tag === "HttpClientError" && error.reason._tag === "StatusCodeError")
      assert.strictEqual(error.reason.response.status, 401)
    }).pipe(Effect.provide(layer))
  })

  it.effect("filterStatusOk and retryTransient inside and outside, a 401 heals once", () => {
    const { layer, sent } = stub(1)
    return Effect.gen(function* () {
      const inside = Effect.updateService(fromTag, HttpClient.HttpClient, (client) =>
        retrying(HttpClient.filterStatusOk(client))
      )
      const client = retrying(HttpClient.filterStatusOk(yield* inside))
      assert.strictEqual((yield* run(client.get("/x"))).status, 200)
      assert.deepStrictEqual(sent, ["1", "1", "2"])
    }).pipe(Effect.provide(layer))
  })
})
