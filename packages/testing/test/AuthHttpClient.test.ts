// The client of an API: which answers heal, how often, and what is sent a second time. A stub API on the TestClock that
// takes one token at a time. Where tokens may go is in AuthHttpClientOrigins.test.ts; what sockets and other clients do
// to it, in AuthHttpClientWire.test.ts.
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An API that keeps what it was sent; `answer` is asked with the number in the bearer's token, 0 without one. */
const api = (answer: (token: number, count: number) => Response | "reset") => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const { body, headers, method } = request
      const text =
        body._tag === "FormData"
          ? JSON.stringify(Array.from(body.formData))
          : body._tag === "Stream"
            ? yield* Effect.orDie(Stream.mkString(Stream.decodeText(body.stream)))
            : body._tag === "Empty"
              ? ""
              : Buffer.from(body.body as Uint8Array).toString("base64")
      sent.push({ method, url: url.href, headers: { ...headers }, body: text })
      const given = answer(
        Number(/^Bearer test-token-(\d+)$/.exec(headers["authorization"] ?? "")?.[1] ?? 0),
        sent.length
      )
      if (given !== "reset") return HttpClientResponse.fromWeb(request, given)
      const reason = new HttpClientError.TransportError({ request, cause: new Error("reset") })
      return yield* new HttpClientError.HttpClientError({ reason })
    })
  )
  return {
    sent,
    client,
    layer: Layer.merge(TestAuth.layer(Acme, { life: "100 days" }), Layer.succeed(HttpClient.HttpClient, client))
  }
}

const status = (code: number, body: unknown = { code }) => Response.json(body, { status: code })
const silent = Effect.provideService(References.MinimumLogLevel, "None")
const exchanges = TestAuth.exchanges(Acme)

const speaksOfTokens: AuthHttpClient.Options = {
  isRejected: (response) =>
    response.status !== 422
      ? Effect.succeed(false)
      : Effect.match(response.json, {
          onFailure: () => false,
          onSuccess: (body) => typeof body === "object" && body !== null && "msg" in body
        })
}

describe("a 401", () => {
  const file = new FormData()
  file.append("a", "1")
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const requests: ReadonlyArray<readonly [string, HttpClientRequest.HttpClientRequest]> = [
    ["GET", HttpClientRequest.get("/x?a=1&b=%20#here")],
    ["GET with parameters", HttpClientRequest.get("/x", { urlParams: { "a b": "&=+%" } })],
    ["HEAD", HttpClientRequest.head("/x")],
    ["DELETE", HttpClientRequest.delete("/x/1")],
    ["POST with text", HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyText("täxt"))],
    ["PUT with JSON", HttpClientRequest.put("/x").pipe(HttpClientRequest.bodyJsonUnsafe({ a: [1, "ü"] }))],
    ["PATCH with bytes", HttpClientRequest.patch("/x").pipe(HttpClientRequest.bodyUint8Array(bytes))],
    ["POST with a form", HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyUrlParams({ a: "&=+%" }))],
    ["POST with form data", HttpClientRequest.post("/x").pipe(HttpClientRequest.bodyFormData(file))]
  ]
  for (const [name, request] of requests) {
    it.effect(`refreshes and repeats the same ${name} once, with the new token`, () => {
      const { layer, sent } = api((token) => status(token === 2 ? 200 : 401))
      return Effect.gen(function* () {
        const client = yield* AuthHttpClient.fromTag(Acme)
        const response = yield* client.execute(HttpClientRequest.setHeader(request, "x-app", "1"))
        assert.strictEqual(response.status, 200)
        assert.deepStrictEqual(
          sent.map(({ headers }) => headers["authorization"]),
          ["Bearer test-token-1", "Bearer test-token-2"]
        )
        const [first, second] = sent.map((one) => ({
          ...one,
          headers: { ...one.headers, authorization: "", b3: "", traceparent: "" }
        }))
        assert.deepStrictEqual(second, first)
        assert.strictEqual(first!.method, request.method)
        assert.strictEqual(first!.headers["x-app" as never], "1")
        assert.deepStrictEqual(yield* exchanges, ["login", "refresh"])
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("to a body that is a stream is returned as it came, and the next call has a new token", () => {
    const { layer, sent } = api((token) => status(token === 2 ? 200 : 401, { said: token }))
    const upload = HttpClientRequest.post("/x").pipe(
      HttpClientRequest.bodyStream(Stream.make(new TextEncoder().encode("piece")))
    )
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      const response = yield* client.execute(upload)
      assert.strictEqual(response.status, 401)
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(response.stream)), '{"said":1}')
      assert.deepStrictEqual(
        sent.map(({ body }) => body),
        ["piece"]
      )
      assert.strictEqual((yield* client.execute(upload)).status, 200)
      assert.strictEqual(sent.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("to a request that brought its own Authorization is the caller's", () => {
    const { layer, sent } = api(() => status(401))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      const response = yield* client.get("/x", { headers: { Authorization: "Basic abc" } })
      assert.strictEqual(response.status, 401)
      assert.deepStrictEqual(
        sent.map(({ headers }) => headers["authorization"]),
        ["Basic abc"]
      )
      assert.deepStrictEqual(yield* exchanges, [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("twice in a row is returned, with its body", () => {
    const { layer, sent } = api((token) => status(401, { said: token }))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      const response = yield* client.get("/x")
      assert.deepStrictEqual([response.status, yield* response.json], [401, { said: 2 }])
      assert.strictEqual(sent.length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("whose new token cannot be had fails the call with that AuthError", () => {
    const { layer, sent } = api(() => status(401))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      yield* Effect.flatMap(Acme, ({ token }) => token)
      yield* TestAuth.failNext(Acme, new AuthError.RequestRefused({ status: 403 }))
      const error = yield* Effect.flip(client.get("/x"))
      assert(error._tag === "AuthError")
      assert.strictEqual(error.reason._tag, "RequestRefused")
      assert.strictEqual(sent.length, 1)
    }).pipe(Effect.provide(layer), silent)
  })

  it.effect("of a thousand concurrent calls costs one refresh", () => {
    const { layer, sent } = api((token) => status(token === 1 ? 401 : 200))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      const all = yield* Effect.all(
        Array.from({ length: 1_000 }, () => client.get("/x")),
        { concurrency: "unbounded" }
      )
      assert.isTrue(all.every((response) => response.status === 200))
      assert.deepStrictEqual(yield* exchanges, ["login", "refresh"])
      assert.isAtMost(sent.length, 2_000)
    }).pipe(Effect.provide(layer))
  })

  it.effect("that comes late, for a token long replaced, replaces nothing", () => {
    const { layer } = api((token, count) => status(token === 1 && count === 1 ? 401 : 200))
    return Effect.gen(function* () {
      const auth = yield* Acme
      const first = yield* auth.token
      yield* auth.refresh
      yield* auth.invalidate(first)
      yield* (yield* AuthHttpClient.fromTag(Acme)).get("/x")
      assert.deepStrictEqual(yield* exchanges, ["login", "refresh"])
    }).pipe(Effect.provide(layer))
  })
})

describe("other answers never refresh", () => {
  for (const code of [200, 204, 302, 400, 402, 403, 404, 407, 419, 422, 429, 498, 500, 502, 503, 504]) {
    it.effect(`${code}`, () => {
      const { layer, sent } = api(() => (code === 204 ? new Response(null, { status: 204 }) : status(code)))
      return Effect.gen(function* () {
        const client = yield* AuthHttpClient.fromTag(Acme)
        assert.strictEqual((yield* client.get("/x")).status, code)
        assert.strictEqual(sent.length, 1)
        assert.deepStrictEqual(yield* exchanges, ["login"])
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("nor does a lost connection", () => {
    const { layer, sent } = api(() => "reset")
    return Effect.gen(function* () {
      const error = yield* Effect.flip((yield* AuthHttpClient.fromTag(Acme)).get("/x"))
      assert.strictEqual(error._tag, "HttpClientError")
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(yield* exchanges, ["login"])
    }).pipe(Effect.provide(layer))
  })

  for (const read of ["json", "text", "stream"] as const) {
    it.effect(`but a vendor may say which ones speak of the token; another one's body can be read as ${read}`, () => {
      const { layer, sent } = api((token) =>
        status(422, token === 1 ? { msg: "Not enough segments" } : { errors: [1] })
      )
      return Effect.gen(function* () {
        const client = yield* AuthHttpClient.fromTag(Acme, speaksOfTokens)
        const response = yield* client.post("/x")
        assert.deepStrictEqual([response.status, sent.length], [422, 2])
        assert.deepStrictEqual(yield* exchanges, ["login", "refresh"])
        const body =
          read === "json"
            ? Effect.map(response.json, (body) => JSON.stringify(body))
            : read === "text"
              ? response.text
              : Stream.mkString(Stream.decodeText(response.stream))
        assert.strictEqual(yield* body, '{"errors":[1]}')
      }).pipe(Effect.provide(layer))
    })
  }
})

describe("an API that refuses every token", () => {
  const kinds = {
    "a GET": HttpClientRequest.get("/x"),
    "a streamed upload": HttpClientRequest.post("/x").pipe(
      HttpClientRequest.bodyStream(Stream.make(new TextEncoder().encode("piece")))
    )
  }
  for (const [kind, request] of Object.entries(kinds)) {
    it.effect(
      `costs at most 60 refreshes an hour, met by ${kind} each second`,
      () => {
        const { layer, sent } = api(() => status(401))
        return Effect.gen(function* () {
          const client = yield* AuthHttpClient.fromTag(Acme)
          for (let second = 0; second < 3_600; second++) {
            assert.strictEqual((yield* client.execute(request)).status, 401)
            yield* TestClock.adjust("1 second")
          }
          assert.isAtMost((yield* exchanges).length - 1, 60)
          assert.isAtMost(sent.length, 3_600 + 60)
        }).pipe(Effect.provide(layer), silent)
      },
      60_000
    )
  }

  it.effect("once more than a minute ago is given another token", () => {
    const { layer } = api((token) => status(token > 2 ? 200 : 401))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      const code = Effect.map(client.get("/x"), (response) => response.status)
      assert.deepStrictEqual([yield* code, yield* code, (yield* exchanges).length], [401, 401, 2])
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual([yield* code, yield* code, (yield* exchanges).length], [200, 200, 3])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a token revoked twice in 10 seconds is healed twice", () => {
    let dead = 0
    const { layer } = api((token) => status(token > dead ? 200 : 401))
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      for (let revoked = 0; revoked < 3; revoked++) {
        dead = revoked
        assert.strictEqual((yield* client.get("/x")).status, 200)
        yield* TestClock.adjust("5 seconds")
      }
      assert.deepStrictEqual(yield* exchanges, ["login", "refresh", "refresh"])
    }).pipe(Effect.provide(layer))
  })
})
