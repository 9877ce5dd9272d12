// How a request is made of fields, and what is given of an answer that nobody judges. What an answer to a token request
// means is tested over HTTP, with the testing package's means.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as TokenEndpoint from "../src/TokenEndpoint.ts"

const url = "https://tokens.test/token"

const text = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

const fields = { a: "1", secret: Redacted.make("s e"), list: ["x", "y z"], none: undefined }

describe("a request", () => {
  it("in a form has a list's items as one field each, in their order", () => {
    const request = TokenEndpoint.form(url, fields, { "x-api-key": "key" })
    assert.strictEqual(text(request), "a=1&secret=s+e&list=x&list=y+z")
    assert.deepInclude(request.headers, { accept: "application/json", "x-api-key": "key" })
  })

  it("in JSON has a list as a list", () => {
    assert.deepStrictEqual(JSON.parse(text(TokenEndpoint.json(url, fields))), {
      a: "1",
      secret: "s e",
      list: ["x", "y z"]
    })
  })
})

describe("an answer that nobody judges", () => {
  const asked = (answer: () => Response) =>
    Effect.flatMap(TokenEndpoint.ask, (ask) => ask(TokenEndpoint.get(url))).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, answer())))
      )
    )

  it.effect("is given whatever its status is, with its body's members", () =>
    Effect.gen(function* () {
      for (const status of [200, 201, 302, 400, 404, 500, 503]) {
        const answer = yield* asked(() => Response.json({ error: "x" }, { status }))
        assert.deepInclude(answer, { status, body: { error: "x" } })
      }
      assert.deepStrictEqual((yield* asked(() => new Response("<html>"))).body, {})
    })
  )

  it("has a status that means the same as for a token request without a word", () => {
    const said = (status: number) => TokenEndpoint.statusReason({ status, retryAfter: undefined })
    assert.deepInclude(said(429), { _tag: "Throttled" })
    assert.deepInclude(said(500), { _tag: "Unreachable", outcome: "Answered", status: 500 })
    assert.deepInclude(said(502), { _tag: "Unreachable", outcome: "Unknown", status: 502 })
    assert.deepInclude(said(302), { _tag: "MalformedResponse" })
    for (const status of [400, 401, 403, 404]) assert.deepInclude(said(status), { _tag: "RequestRefused", status })
  })
})
