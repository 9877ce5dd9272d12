// Guarantee J8: nothing that reads a hostile text takes longer than its length allows. On the real clock, the best of
// several times, and with wide margins: what is not linear is thousands of times slower at a MiB.
// ItemPath's reading of a 422 is one alternation of words, without anything repeated in it.
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as JwtClaims from "@vendor-auth/core/JwtClaims"
import * as TestAuth from "@vendor-auth/testing/TestAuth"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { overHttp, silent } from "./Acme.ts"

class Acme extends AuthService.Service<Acme>()("test/Acme") {}

describe("J8: parsers are linear: a hostile MiB costs at most 50 ms, tenfold, and four times as long a text four times as much", () => {
  const answering = (body: string, status: number, headers: Record<string, string>) => {
    const bytes = new TextEncoder().encode(body)
    return HttpClient.make((request) => {
      const source = { status, headers: new Headers(headers), body: new Response(bytes).body } as Response
      return Effect.succeed(HttpClientResponse.fromWeb(request, source))
    })
  }

  /** A refresh that is answered so. */
  const exchange = (body: string, status = 200, headers: Record<string, string> = {}) =>
    Effect.gen(function* () {
      const { refresh } = yield* overHttp("https://acme.test")
      yield* Effect.result(refresh(Redacted.make("rt")))
    }).pipe(Effect.provideService(HttpClient.HttpClient, answering(body, status, headers)))

  /** A call whose token is refused with such a challenge. */
  const challenged = (challenge: string) =>
    Effect.flatMap(AuthHttpClient.fromTag(Acme), (client) => Effect.result(client.get("/x"))).pipe(
      Effect.provide(
        Layer.merge(
          TestAuth.layer(Acme),
          Layer.succeed(HttpClient.HttpClient, answering("{}", 401, { "www-authenticate": challenge }))
        )
      )
    )

  const long = (piece: string, length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length)

  const parsers: Readonly<Record<string, (length: number) => Effect.Effect<unknown>>> = {
    "a body of lists": (n) => exchange(`{"a":${long("[", n / 2)}${long("]", n / 2)}}`),
    "a body of lists that never end": (n) => exchange(long("[", n)),
    "a body of keys": (n) => exchange(`{${Array.from({ length: n / 12 }, (_, k) => `"k${k}":1`).join()}}`),
    "a body of escapes": (n) => exchange(`{"${long('\\"', n)}":1}`),
    "a body that is one open string": (n) => exchange(`{"${long("\\\\", n)}`),
    "a body of white space": (n) => exchange(`{${long(" ", n)}`),
    "a body of digits": (n) => exchange(`{"expires_in":"${long("1", n)}"}`),
    "a body of a number": (n) => exchange(`{"expires_in":${long("9", n)}}`),
    "a token that is too long": (n) => exchange(`{"access_token":"${long("a", n)} "}`),
    "a token of dots": (n) => exchange(`{"access_token":"${long(".", n)}"}`),
    "an error word": (n) => exchange(`{"error":"${long("invalid_", n)}"}`, 400),
    "Retry-After of digits": (n) => exchange("", 429, { "retry-after": long("9", n) }),
    "Retry-After of white space": (n) => exchange("", 429, { "retry-after": `1${long(" \t", n)}1` }),
    "Retry-After like a date": (n) => exchange("", 503, { "retry-after": long("Sun, 01 Mar 2026 ", n) }),
    "a challenge of a name": (n) => challenged(long("a", n)),
    "a challenge of names": (n) => challenged(long("a ", n)),
    "a challenge of spaces": (n) => challenged(`error${long(" ", n)}x`),
    "a challenge of equals signs": (n) => challenged(long("a=", n)),
    "a challenge of one open text": (n) => challenged(`error="${long("\\\\", n)}`),
    "a challenge of open texts": (n) => challenged(long('a="', n)),
    "a challenge of hyphens": (n) => challenged(long("-", n)),
    "a JWT of base64": (n) => Effect.sync(() => JwtClaims.life(`a.${long("A", n)}.b`)),
    "a JWT of dots": (n) => Effect.sync(() => JwtClaims.life(long(".", n)))
  }

  const best = Effect.fnUntraced(function* (run: Effect.Effect<unknown>) {
    let least = Infinity
    for (let n = 0; n < 5; n++) {
      const began = performance.now()
      yield* run
      least = Math.min(least, performance.now() - began)
    }
    return least
  })

  for (const [name, parse] of Object.entries(parsers)) {
    it.live(name, () =>
      Effect.gen(function* () {
        for (const length of [16_384, 65_536, 262_144, 1_048_000]) {
          const [whole, quarter] = [yield* best(parse(length)), yield* best(parse(length / 4))]
          assert.isBelow(whole, 10 * quarter + 100, `${length} characters`)
          assert.isBelow(whole, 500, `${length} characters`)
        }
      }).pipe(silent, Effect.provideService(References.MinimumLogLevel, "None"))
    )
  }
})
