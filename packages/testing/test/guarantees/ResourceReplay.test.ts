// Guarantees of group E, the second send of a call: when there is one, and that it is the same. A stub API on the
// TestClock; real sockets where connections are counted.
// Not here: where tokens may go (AuthHttpClientOrigins.test.ts).
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Acme from "./Acme.ts"
import { fails, patience, times, vendor } from "./Acme.ts"
import { setUp, status } from "./Api.ts"

/** An answer that nobody reads keeps its socket from the next call. */
const keepAlive = Layer.provide(
  NodeHttpClient.layerNodeHttpNoAgent,
  NodeHttpClient.layerAgentOptions({ keepAlive: true })
)

describe("E. The resource server", () => {
  it.effect("E6: a body that cannot be sent twice is not; the 401 comes unread, and the next call works", () => {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
      lines.push(`${logLevel} ${message} ${JSON.stringify(fiber.getRef(References.CurrentLogAnnotations))}`)
    })
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const bytes = Stream.make(new TextEncoder().encode("piece"))
    const once: ReadonlyArray<HttpClientRequest.HttpClientRequest> = [
      HttpClientRequest.post("/thing").pipe(HttpClientRequest.bodyStream(bytes)),
      HttpClientRequest.post("/thing").pipe(HttpClientRequest.bodyStream(bytes, { contentLength: 5 })),
      HttpClientRequest.put("/thing").pipe(HttpClientRequest.setBody(HttpBody.raw(new ReadableStream())))
    ]
    return Effect.gen(function* () {
      for (const request of once) {
        const { acme, client, sent } = yield* setUp((token) =>
          token === 1 ? new Response("said", { status: 401 }) : status(200)
        )
        const answer = yield* Effect.withSpan(client.execute(request), "upload")
        assert.strictEqual(answer.status, 401)
        assert.strictEqual(yield* answer.text, "said")
        assert.deepStrictEqual(
          sent.map(({ token }) => token),
          [1]
        )
        assert.strictEqual((yield* client.execute(request)).status, 200)
        assert.deepStrictEqual([acme.sent, sent.length], [["login", "refresh-1"], 2])
      }
      const uploads = spans.filter(({ name }) => name === "upload")
      assert.isTrue(uploads.length === 3 && uploads.every((span) => span.attributes.get("replayable") === false))
      assert.strictEqual(lines.filter((line) => /cannot be sent twice.*"replayable":false/.test(line)).length, 3)
    }).pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provideService(Tracer.Tracer, tracer)
    )
  })

  it.effect("E7: only a 401 repeats a call: no 5xx, no timeout, no reset", () =>
    Effect.gen(function* () {
      for (const answer of [400, 403, 404, 407, 408, 429, 500, 502, 503, 504, "reset", "silence"] as const) {
        const { acme, client, sent } = yield* setUp(() => (typeof answer === "number" ? status(answer) : answer))
        const call = yield* Acme.fork(Effect.timeoutOption(Effect.exit(client.get("/thing")), "10 seconds"))
        yield* TestClock.adjust("1 minute")
        assert.isDefined(call.pollUnsafe())
        assert.deepStrictEqual([acme.sent.length, sent.length], [1, 1], `${answer}`)
      }
    }).pipe(Acme.silent)
  )

  it.live(
    "E8: the first 401's body is drained: 10,000 of them take no more sockets than there are calls at a time",
    () =>
      Effect.gen(function* () {
        const known = new Set<string>()
        let [sockets, refused] = [0, 0]
        const server = createServer((request, response) => {
          const bearer = request.headers.authorization!
          if (known.has(bearer)) return void response.writeHead(200).end("{}")
          known.add(bearer)
          refused++
          response.writeHead(401).end("x".repeat(40_000))
        })
        server.on("connection", () => sockets++)
        yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
        yield* Effect.addFinalizer(() => Effect.sync(() => server.close().closeAllConnections()))
        const acme = vendor({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
        const { make } = yield* setUp(() => "reset", acme)
        const client = yield* Effect.flatMap(HttpClient.HttpClient, make)
        const calls = times(10_000)
        for (let call = 0; call < calls; call++) {
          known.clear()
          // The new token of the healing is unknown to it too: the second 401 is the caller's to read.
          yield* Effect.flatMap(client.get("/thing"), ({ text }) => text)
          known.add(`Bearer access-${acme.sent.length}`)
          assert.strictEqual(yield* Effect.flatMap(client.get("/thing"), ({ text }) => text), "{}")
        }
        assert.isAtLeast(refused, calls)
        assert.isAtMost(sockets, 3)
      }).pipe(Effect.provide(keepAlive), Acme.silent),
    patience
  )

  it.effect(
    "E9: the second send is the first one, but for the token: method, URL, headers, bytes and trace parent",
    () =>
      Effect.gen(function* () {
        const parents: Array<string | undefined> = []
        const { client, sent } = yield* setUp((token) => status(token === 1 ? 401 : 200))
        const bytes = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 31) % 256)
        const request = HttpClientRequest.patch("/a b/ü?x=1&y=%2F#z", {
          headers: { "x-app": "1", accept: "text/csv" }
        }).pipe(HttpClientRequest.bodyUint8Array(bytes, "application/x-acme"))
        const parent = yield* Effect.withSpan(
          Effect.andThen(
            client.execute(request),
            Effect.map(Effect.currentSpan, ({ traceId }) => traceId)
          ),
          "call"
        )
        const [first, second] = sent.map(({ request, url }) => {
          const { authorization: _, b3: __, traceparent, ...headers } = request.headers
          parents.push(traceparent?.split("-")[1])
          assert.strictEqual(request.body._tag, "Uint8Array")
          const body = Buffer.from((request.body as { readonly body: Uint8Array }).body).toString("hex")
          return { method: request.method, url, headers: { ...headers }, body }
        })
        assert.deepStrictEqual(first, second)
        assert.strictEqual(first!.body, Buffer.from(bytes).toString("hex"))
        assert.deepInclude(first!.headers, { "x-app": "1", accept: "text/csv", "content-type": "application/x-acme" })
        assert.deepStrictEqual(
          sent.map(({ token }) => token),
          [1, 2]
        )
        assert.deepStrictEqual(parents, [parent, parent])
      }).pipe(Acme.silent)
  )

  it.effect("E10: a request that has an `Authorization` already is left alone, and its 401 is the caller's", () =>
    Effect.gen(function* () {
      const { acme, client, sent } = yield* setUp(() => status(401))
      const answer = yield* client.get("/thing", { headers: { Authorization: "Basic abc" } })
      assert.strictEqual(answer.status, 401)
      assert.deepStrictEqual(
        [sent.map(({ request }) => request.headers["authorization"]), acme.sent],
        [["Basic abc"], []]
      )
    }).pipe(Acme.silent)
  )

  it.effect("E11: where no token can be had nothing is sent, not bare either", () =>
    Effect.gen(function* () {
      for (const outcome of ["NotSent", "Unknown", "Answered", "Refused"] as const) {
        const { client, sent } = yield* setUp(() => status(200), vendor({ answer: fails(outcome) }))
        for (let call = 0; call < 100; call++) {
          assert.instanceOf(yield* Effect.flip(client.get("/thing")), AuthError.AuthError)
          yield* TestClock.adjust("1 second")
        }
        assert.deepStrictEqual(sent, [])
      }
    }).pipe(Acme.silent)
  )

  it.effect("E12: a 401 of another host than the vendor's does not cost the token", () =>
    Effect.gen(function* () {
      const { acme, client, make, sent, stub } = yield* setUp((_, { url }) =>
        url.startsWith("https://api.acme.test/") ? status(302, { location: "https://other.test/x" }) : status(401)
      )
      const follows = yield* make(HttpClient.followRedirects(stub, 3))
      for (let call = 0; call < 10; call++) {
        assert.strictEqual((yield* follows.get("/thing")).status, 401)
        assert.strictEqual((yield* client.get("https://other.test/y")).status, 401)
      }
      assert.deepStrictEqual(acme.sent, ["login"])
      assert.isTrue(sent.every(({ token, url }) => (token === 1) === url.startsWith("https://api.acme.test/")))
      assert.strictEqual(sent.length, 30)
    }).pipe(Acme.silent)
  )
})
