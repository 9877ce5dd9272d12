// What a complete answer of a token endpoint means: which class it is put in, and what its error says.
// No socket: a stub answers on the TestClock. Faults of the wire are in TokenEndpointTransport.test.ts, what an app's
// own client may do to a token request in TokenEndpointClients.test.ts, how a request is written in
// guarantees/Encodings.test.ts.
import { assert, describe, it } from "@effect/vitest"
import type * as Issuer from "@vendor-auth/core/Issuer"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const url = "https://tokens.test/oauth/token"

const answering = (answer: () => Response) =>
  HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, answer())))

const send = (kind: "login" | "refresh", answer: () => Response) =>
  Effect.gen(function* () {
    const endpoint = OAuth2.make({
      send: yield* TokenEndpoint.make,
      encode: TokenEndpoint.form,
      url,
      spelling: OAuth2.rfc6749,
      common: {},
      defaultLife: Duration.hours(1)
    })
    return yield* kind === "login"
      ? endpoint.login({ username: "user", password: Redacted.make("secret") })
      : endpoint.refresh(Redacted.make("refresh-token"))
  }).pipe(Effect.provideService(HttpClient.HttpClient, answering(answer)))

/** A failure as one line: its class, its reason and what the reason holds. */
const line = ({ outcome, reason }: Issuer.ExchangeFailure): string =>
  [outcome, reason._tag, JSON.stringify({ ...reason, name: undefined, _tag: undefined, cause: undefined })].join(" ")

const said = (kind: "login" | "refresh", answer: () => Response) => Effect.map(Effect.flip(send(kind, answer)), line)

const error =
  (status: number, word: string, headers: Record<string, string> = {}) =>
  () =>
    Response.json({ error: word, error_description: "secret" }, { status, headers })

const plain =
  (status: number, body: string | null = null, headers: Record<string, string> = {}) =>
  () =>
    new Response(body, { status, headers })

const good = { access_token: "at", refresh_token: "rt", expires_in: 60 }

describe("answers that mean the same at a login and at a refresh", () => {
  const rows: Array<readonly [string, () => Response, string]> = [
    ["408 is unknown", plain(408), 'Unknown Unreachable {"outcome":"Unknown","status":408}'],
    ["502 is unknown", plain(502, "<html>"), 'Unknown Unreachable {"outcome":"Unknown","status":502}'],
    ["504 is unknown", plain(504), 'Unknown Unreachable {"outcome":"Unknown","status":504}'],
    [
      "504 with a word is unknown",
      error(504, "invalid_grant"),
      'Unknown Unreachable {"outcome":"Unknown","status":504}'
    ],
    ["500 was answered", plain(500, "oops"), 'Answered Unreachable {"outcome":"Answered","status":500}'],
    [
      "500 with a word was answered",
      error(500, "invalid_grant"),
      'Answered Unreachable {"outcome":"Answered","status":500}'
    ],
    ["503 was answered", plain(503), 'Answered Unreachable {"outcome":"Answered","status":503}'],
    [
      "503 with a garbled Retry-After was answered",
      plain(503, null, { "retry-after": "soon" }),
      'Answered Unreachable {"outcome":"Answered","status":503}'
    ],
    ["429 asks for a pause", plain(429), "Answered Throttled {}"],
    ["429 with a word asks for a pause", error(429, "invalid_grant"), "Answered Throttled {}"],
    ["404 was answered", plain(404, "Not Found"), 'Answered RequestRefused {"status":404}'],
    [
      "unsupported_grant_type is about the request",
      error(400, "unsupported_grant_type"),
      'Answered RequestRefused {"status":400,"code":"unsupported_grant_type"}'
    ],
    [
      "invalid_request is about the request",
      error(400, "invalid_request"),
      'Answered RequestRefused {"status":400,"code":"invalid_request"}'
    ],
    [
      "invalid_scope with 401 is about the request",
      error(401, "invalid_scope"),
      'Answered RequestRefused {"status":401,"code":"invalid_scope"}'
    ],
    [
      "a 200 with invalid_request is a 400",
      error(200, "invalid_request"),
      'Answered RequestRefused {"status":400,"code":"invalid_request"}'
    ],
    ["204 is no token answer", plain(204), 'Unknown MalformedResponse {"paths":["(body)"]}'],
    [
      "200 with HTML is no token answer",
      plain(200, "<html>secret</html>", { "content-type": "text/html" }),
      'Unknown MalformedResponse {"paths":["(body)"]}'
    ],
    ["200 with an empty body is no token answer", plain(200, ""), 'Unknown MalformedResponse {"paths":["(body)"]}'],
    ["200 with null is no token answer", plain(200, "null"), 'Unknown MalformedResponse {"paths":["(body)"]}'],
    ["200 with a string is no token answer", plain(200, '"secret"'), 'Unknown MalformedResponse {"paths":["(body)"]}'],
    [
      "200 with half of a JSON is no token answer",
      plain(200, '{"access_token":"sec'),
      'Unknown MalformedResponse {"paths":["(body)"]}'
    ],
    ["200 without a token names the field", plain(200, "{}"), 'Unknown MalformedResponse {"paths":["access_token"]}'],
    [
      "200 with broken fields names all of them",
      plain(200, JSON.stringify({ access_token: "a b", refresh_token: "", expires_in: "soon" })),
      'Unknown MalformedResponse {"paths":["access_token","refresh_token","expires_in"]}'
    ],
    [
      "200 with tokens under __proto__ has none",
      plain(200, '{"__proto__":{"access_token":"at"}}'),
      'Unknown MalformedResponse {"paths":["access_token"]}'
    ],
    [
      "200 nested 100,000 deep is no token answer",
      plain(200, `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
      'Unknown MalformedResponse {"paths":["access_token"]}'
    ]
  ]
  for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
    const body = status === 304 ? null : "moved"
    rows.push([
      `${status} is no token answer, and was answered`,
      plain(status, body, { location: "https://elsewhere.test/" }),
      'Answered MalformedResponse {"paths":["(redirect)"]}'
    ])
  }
  for (const [title, answer, expected] of rows) {
    it.effect(title, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* said("login", answer), expected)
        assert.strictEqual(yield* said("refresh", answer), expected)
      })
    )
  }
})

describe("answers that mean one thing at a login and another at a refresh", () => {
  const credentials = (status: number, code?: string) =>
    `Refused InvalidCredentials ${JSON.stringify(code === undefined ? { status } : { status, code })}`
  const request = (status: number, code?: string) =>
    `Answered RequestRefused ${JSON.stringify(code === undefined ? { status } : { status, code })}`
  const over = "Refused ReauthenticationRequired {}"
  const rows: ReadonlyArray<readonly [string, () => Response, atLogin: string, atRefresh: string]> = [
    ["400 invalid_grant", error(400, "invalid_grant"), credentials(400, "invalid_grant"), over],
    ["401 invalid_token", error(401, "invalid_token"), credentials(401, "invalid_token"), over],
    ["200 invalid_grant", error(200, "invalid_grant"), credentials(400, "invalid_grant"), over],
    [
      "invalid_client",
      error(401, "invalid_client"),
      credentials(401, "invalid_client"),
      request(401, "invalid_client")
    ],
    ["400 without a word", plain(400), credentials(400), request(400)],
    ["400 with an unknown word, which is not kept", error(400, "secret"), credentials(400), request(400)],
    ["401 without a word", plain(401), credentials(401), request(401)],
    ["403 without a word", plain(403, "<html>"), credentials(403), request(403)],
    ["a 200 with an unknown word", error(200, "secret"), credentials(400), request(400)]
  ]
  for (const [title, answer, atLogin, atRefresh] of rows) {
    it.effect(title, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* said("login", answer), atLogin)
        assert.strictEqual(yield* said("refresh", answer), atRefresh)
      })
    )
  }

  it.effect("a 200 whose error is null or empty, beside tokens, is a token answer", () =>
    Effect.gen(function* () {
      for (const none of [null, ""]) {
        const given = yield* send("login", () => Response.json({ ...good, error: none }))
        assert.strictEqual(Redacted.value(given.accessToken), "at")
      }
    })
  )

  it.effect("the content type of an answer does not matter", () =>
    Effect.gen(function* () {
      const given = yield* send("login", plain(200, JSON.stringify(good), { "content-type": "text/plain" }))
      assert.strictEqual(given.accessLife, 60_000)
    })
  )
})

describe("Retry-After", () => {
  const at = Date.parse("2026-03-01T12:00:00Z")
  const rows: ReadonlyArray<readonly [header: string, seconds: number | undefined]> = [
    ["120", 120],
    ["0", 0],
    ["Sun, 01 Mar 2026 12:01:30 GMT", 90],
    ["Sunday, 01-Mar-26 12:01:30 GMT", 90],
    ["Sun Mar  1 12:01:30 2026", 90],
    ["Sun, 01 Mar 2026 11:00:00 GMT", 0],
    ["1000000000000", 1e12],
    ["-5", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["NaN", undefined],
    ["soon", undefined],
    ["120, 60", undefined],
    ["2026-03-01T12:01:30Z", undefined],
    ["", undefined]
  ]
  for (const [header, seconds] of rows) {
    it.effect(`"${header}" is ${seconds === undefined ? "no time" : `${seconds} s`}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(at)
        const failure = yield* Effect.flip(send("refresh", plain(429, null, { "retry-after": header })))
        assert.strictEqual(failure.outcome, "Answered")
        assert(failure.reason._tag === "Throttled")
        const given = failure.reason.retryAfter
        assert.strictEqual(given && Duration.toSeconds(given), seconds)
        const busy = yield* Effect.flip(send("refresh", plain(503, null, { "retry-after": header })))
        assert.strictEqual(busy.reason._tag, seconds === undefined ? "Unreachable" : "Throttled")
      })
    )
  }
})
