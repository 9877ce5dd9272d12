// Everything there is to watch reaches `effect/observability` by its layers alone: spans, metrics and log lines.
// Not here: what each of them says, and when (core's own tests).
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./guarantees/Acme.ts"
import { engine, vendor } from "./guarantees/Acme.ts"
import { Tag } from "./guarantees/Api.ts"

/** A session that is used: a login, a caller who joins, a 401 healed, an unknown outcome without a way out. */
const life = Effect.gen(function* () {
  const acme = vendor({ answer: Acme.late(1_000) })
  const auth = yield* engine(acme)
  const both = yield* Acme.fork(Effect.all([auth.token, auth.token], { concurrency: "unbounded" }))
  yield* TestClock.adjust("1 second")
  yield* Fiber.join(both)
  acme.answer = Effect.succeed
  const client = yield* AuthHttpClient.fromTag(Tag).pipe(
    Effect.provideService(Tag, auth),
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        const isStale = request.headers["authorization"] === "Bearer access-1"
        const answer = new Response(null, { status: isStale ? 401 : 200 })
        return Effect.succeed(HttpClientResponse.fromWeb(request, answer))
      })
    )
  )
  assert.strictEqual((yield* client.get("/thing")).status, 200)
  const seed = { login: undefined, refreshToken: Redacted.make("a once-only token") }
  const lost = yield* engine(vendor({ ...seed, answer: Acme.fails("Unknown") }))
  assert.strictEqual(yield* Acme.reasonOf(lost.token), "UnresolvedExchange")
})

const metrics = [
  /^vendor_auth_exchanges_total\{.*kind="login".*outcome="Issued".*\} 1$/m,
  /^vendor_auth_exchanges_total\{.*kind="refresh".*outcome="Unknown".*\} 1$/m,
  /^vendor_auth_waiters_joined_total\{vendor="Acme"\} 1$/m,
  /^vendor_auth_healed_401_total\{api="https:\/\/api.acme.test"\} 1$/m,
  /^vendor_auth_unresolved_total\{vendor="Acme"\} 1$/m,
  /^vendor_auth_token_life_seconds\{.*vendor="Acme".*\} \d+$/m
]

describe("effect/observability", () => {
  it.effect("shows each metric to Prometheus", () =>
    Effect.gen(function* () {
      yield* life
      const text = yield* PrometheusMetrics.format()
      for (const metric of metrics) assert.match(text, metric)
    }).pipe(Acme.silent)
  )

  it.effect("sends spans, metrics and log lines to a collector by its own layer", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const collector = HttpClient.make((request, url) =>
        Effect.sync(() => {
          const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
          sent.push(`${url.pathname} ${body}`)
          return HttpClientResponse.fromWeb(request, new Response("{}"))
        })
      )
      const layer = Otlp.layerJson({ baseUrl: "http://collector.test", resource: { serviceName: "app" } })
      yield* Effect.scoped(life).pipe(
        Effect.provide(layer.pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, collector))))
      )
      const of = (path: string) => sent.filter((one) => one.startsWith(path)).join("\n")
      assert.include(of("/v1/traces"), "vendor-auth.exchange")
      assert.include(of("/v1/traces"), "vendor-auth.token")
      for (const name of ["exchanges_total", "waiters_joined_total", "healed_401_total", "unresolved_total"]) {
        assert.include(of("/v1/metrics"), `vendor_auth_${name}`)
      }
      assert.match(of("/v1/logs"), /Acme: fresh, generation 1/)
    })
  )
})
