// What a client says of its own failures: it may quote what it was to send, so nothing of it is passed on.
import { assert, describe, it } from "@effect/vitest"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"

describe("a failure of the app's client", () => {
  it.effect("is not quoted: the failure has no cause of it", () =>
    Effect.gen(function* () {
      const client = HttpClient.make((request) => {
        const sent = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        assert.include(sent, "the-password")
        const cause = new Error(`cannot send ${sent}`)
        const reason = new HttpClientError.TransportError({ request, cause })
        return Effect.fail(new HttpClientError.HttpClientError({ reason }))
      })
      const send = yield* Effect.provideService(TokenEndpoint.make, HttpClient.HttpClient, client)
      const endpoint = OAuth2.make({
        send,
        encode: TokenEndpoint.form,
        url: "https://api.acme.test/token",
        spelling: OAuth2.rfc6749,
        common: {},
        defaultLife: Duration.hours(1)
      })
      const failure = yield* Effect.flip(endpoint.login({ username: "user", password: Redacted.make("the-password") }))
      assert.strictEqual(failure.outcome, "Unknown")
      const printed = inspect(failure, { depth: 20, showHidden: true })
      assert.notInclude(printed, "the-password")
      assert.notInclude(printed, "cannot send")
      assert.notProperty(failure.reason, "cause")
    })
  )
})
