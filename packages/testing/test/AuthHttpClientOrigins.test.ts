// Where a token may go: to the API's exact origin, whatever an address in a call looks like, and nowhere else. The stub
// takes the address as a client would and keeps what was sent.
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as References from "effect/References"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

const api = "https://api.vendor.test/rest"

const stub = () => {
  const sent: Array<{ readonly url: URL; readonly headers: Readonly<Record<string, string | undefined>> }> = []
  const client = HttpClient.make((request, url) => {
    sent.push({ url, headers: request.headers })
    return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({})))
  })
  return {
    sent,
    client,
    layer: Layer.merge(TestAuth.layer(Acme, { api }), Layer.succeed(HttpClient.HttpClient, client))
  }
}

const silent = Effect.provideService(References.MinimumLogLevel, "None")

const send = (url: string) =>
  Effect.gen(function* () {
    const { layer, sent } = stub()
    yield* Effect.exit(
      Effect.provide(
        Effect.flatMap(AuthHttpClient.fromTag(Acme), (client) => client.get(url)),
        layer
      )
    )
    return sent[0]
  })

describe("a token goes to the API's origin", () => {
  const rows: ReadonlyArray<readonly [given: string, sent: string]> = [
    ["/x", `${api}/x`],
    ["x", `${api}/x`],
    ["", api],
    ["?page=2", `${api}?page=2`],
    ["/x?next=https://evil.test/", `${api}/x?next=https://evil.test/`],
    [`${api}/page/2`, `${api}/page/2`],
    ["https://api.vendor.test/elsewhere", "https://api.vendor.test/elsewhere"],
    ["https://api.vendor.test:443/x", "https://api.vendor.test/x"],
    ["HTTPS://API.VENDOR.TEST/x", "https://api.vendor.test/x"],
    ["https://api.vendor.test\\@evil.test/x", "https://api.vendor.test/@evil.test/x"],
    ["https://api.vendor.test?@evil.test/", "https://api.vendor.test/?@evil.test/"],
    ["https://api.vendor.test#@evil.test/", "https://api.vendor.test/#@evil.test/"],
    // What is not an address with a scheme is a path, whatever it begins with.
    ["//evil.test/x", `${api}//evil.test/x`],
    ["///evil.test/x", `${api}///evil.test/x`],
    ["\\\\evil.test/x", `${api}///evil.test/x`],
    ["/\\evil.test/x", `${api}//evil.test/x`],
    ["@evil.test/x", `${api}/@evil.test/x`],
    [".evil.test/x", `${api}/.evil.test/x`],
    [":8443/x", `${api}/:8443/x`],
    ["https:evil.test/x", `${api}/https:evil.test/x`],
    ["https:/evil.test/x", `${api}/https:/evil.test/x`],
    ["https:\\\\evil.test/x", `${api}/https://evil.test/x`],
    ["http:evil.test", `${api}/http:evil.test`],
    ["ftp://evil.test/x", `${api}/ftp://evil.test/x`],
    ["javascript:alert(1)", `${api}/javascript:alert(1)`],
    ["data:text/plain,x", `${api}/data:text/plain,x`],
    ["evil.test", `${api}/evil.test`],
    [" https://evil.test/x", `${api}/%20https://evil.test/x`],
    ["\thttps://evil.test/x", `${api}/https://evil.test/x`],
    ["ht\ntps://evil.test/x", `${api}/https://evil.test/x`],
    ["\0https://evil.test/x", `${api}/%00https://evil.test/x`],
    ["#@evil.test", `${api}/#@evil.test`]
  ]
  for (const [given, expected] of rows) {
    it.effect(`for ${JSON.stringify(given)}`, () =>
      Effect.gen(function* () {
        const sent = yield* send(given)
        assert.strictEqual(sent?.url.origin, "https://api.vendor.test")
        assert.strictEqual(sent.url.href, expected)
        assert.strictEqual(sent.headers["authorization"], "Bearer test-token-1")
      })
    )
  }
})

describe("no token goes to another origin", () => {
  const urls = [
    "https://evil.test/",
    "https://evil.test/https://api.vendor.test/",
    "https://evil.test/?https://api.vendor.test/",
    "https://evil.test/#https://api.vendor.test/",
    "https://api.vendor.test@evil.test/",
    "https://api.vendor.test:443@evil.test/",
    "https://api.vendor.test%40evil.test/",
    "https://user:api.vendor.test@evil.test/",
    "https://api.vendor.test.evil.test/",
    "https://evil-api.vendor.test/",
    "https://evilapi.vendor.test/",
    "https://evil.api.vendor.test/",
    "https://vendor.test/",
    "https://www.vendor.test/",
    "https://api.vendor.tes/",
    "https://api.vendor.testing/",
    "https://api-vendor.test/",
    "https://apixvendor.test/",
    "https://api.vendor.test./",
    "https://api.vendor.test:8443/",
    "https://api.vendor.test:80/",
    "http://api.vendor.test/",
    "http://api.vendor.test:443/",
    "https://evil.test\\@api.vendor.test/",
    "https://evil.test\\.api.vendor.test/",
    "https://evil.test?.api.vendor.test/",
    "https://evil.test#.api.vendor.test/",
    "https://evil.test/.api.vendor.test/",
    "https://evil.test:443\\@api.vendor.test/",
    "https://\tevil.test/",
    "https://ev\nil.test/",
    "https:///evil.test/",
    "https://\\evil.test/",
    "https://api.vend\u043Er.test/",
    "https://\u0430pi.vendor.test/",
    "https://api.vendor\u2024test.evil.test/",
    "https://api\u00ADx.vendor.test/",
    "https://xn--pi-7kc.vendor.test/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/",
    "HTTP://EVIL.TEST/",
    "https://api.vendor.test:0443@evil.test/",
    "https://"
  ]
  for (const url of urls) {
    it.effect(`for ${JSON.stringify(url)}`, () =>
      Effect.gen(function* () {
        const sent = yield* send(url)
        assert.isUndefined(sent?.headers["authorization"])
        if (sent !== undefined) assert.notStrictEqual(sent.url.origin, "https://api.vendor.test")
      })
    )
  }

  it.effect("nor where the client inside has a base URL of its own", () => {
    const { client, layer, sent } = stub()
    const based = HttpClient.mapRequest(client, HttpClientRequest.prependUrl("https://other.test/proxy/"))
    return Effect.gen(function* () {
      yield* (yield* AuthHttpClient.fromTag(Acme)).get("/x")
      assert.strictEqual(sent[0]!.url.origin, "https://other.test")
      assert.isUndefined(sent[0]!.headers["authorization"])
    }).pipe(Effect.provideService(HttpClient.HttpClient, based), Effect.provide(layer))
  })

  it.effect("and a call that carries no token costs no exchange", () => {
    const { layer } = stub()
    return Effect.gen(function* () {
      yield* (yield* AuthHttpClient.fromTag(Acme)).get("https://evil.test/")
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), [])
    }).pipe(Effect.provide(layer))
  })
})

describe("headers and failures", () => {
  it.effect("Accept is added only where there is none", () => {
    const { layer, sent } = stub()
    return Effect.gen(function* () {
      const client = yield* AuthHttpClient.fromTag(Acme)
      yield* client.get("/x")
      yield* client.get("/x", { headers: { ACCEPT: "text/csv" } })
      yield* client.get("/x", { accept: "application/pdf" })
      assert.deepStrictEqual(
        sent.map(({ headers }) => headers["accept"]),
        ["application/json", "text/csv", "application/pdf"]
      )
    }).pipe(Effect.provide(layer))
  })

  const refused = new AuthError.InvalidCredentials({ status: 400 })

  it.effect("if no token can be had nothing is sent", () => {
    const { layer, sent } = stub()
    return Effect.gen(function* () {
      yield* TestAuth.failNext(Acme, refused)
      const error = yield* Effect.flip((yield* AuthHttpClient.fromTag(Acme)).get("/x"))
      assert(error._tag === "AuthError")
      assert.strictEqual(error.reason._tag, "InvalidCredentials")
      assert.strictEqual(sent.length, 0)
    }).pipe(Effect.provide(layer), silent)
  })

  it.effect("toHttpClient gives the plain type: an AuthError is the cause of a TransportError", () => {
    const { layer, sent } = stub()
    return Effect.gen(function* () {
      const client: HttpClient.HttpClient = AuthHttpClient.toHttpClient(yield* AuthHttpClient.fromTag(Acme))
      yield* TestAuth.failNext(Acme, refused)
      const error = yield* Effect.flip(client.get("/x"))
      assert(error.reason._tag === "TransportError")
      assert.isTrue(error.reason.cause instanceof AuthError.AuthError)
      assert.include(Cause.pretty(Cause.fail(error)), "the login was refused")
      assert.strictEqual(sent.length, 0)
      yield* Effect.flatMap(Acme, ({ signOut }) => signOut)
      yield* client.get("/x")
      yield* HttpClient.mapRequest(client, HttpClientRequest.setHeader("x-app", "1")).get("/y")
      assert.deepStrictEqual(
        sent.map(({ url }) => url.href),
        [`${api}/x`, `${api}/y`]
      )
      assert.strictEqual(sent[1]!.headers["authorization"], "Bearer test-token-2")
      assert.strictEqual(sent[1]!.headers["x-app"], "1")
    }).pipe(Effect.provide(layer), silent)
  })
})
