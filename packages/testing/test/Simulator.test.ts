import { assert, describe, it } from "@effect/vitest"
import * as Issued from "@vendor-auth/testing/Issued"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

// A vendor of one path per kind, which answers with what reached it.
const echo = (origin = "https://echo.test") =>
  Effect.suspend(() => {
    let carriedOut = 0
    return Effect.map(
      Simulator.make({
        vendor: "echo",
        origin,
        resource: "/api",
        password: Redacted.make("first"),
        lives: { access: "1 minute" },
        kindOf: ({ path }) => (path === "/login" ? "login" : path === "/refresh" ? "refresh" : "api"),
        answer: ({ body, headers, method, now }, kind, desk) => {
          carriedOut++
          return Response.json({
            kind,
            method,
            now,
            body,
            knows: desk.isPassword(body),
            type: headers.get("content-type"),
            auth: headers.get("authorization")
          })
        }
      }),
      (simulator) => ({ ...simulator, carriedOut: Effect.sync(() => carriedOut) })
    )
  })

const post = (path: string, body = "") => new Request(`https://echo.test${path}`, { method: "POST", body })
const json = (response: Response) => Effect.promise(() => response.json() as Promise<any>)

describe("faults", () => {
  it.effect("a delayed request is carried out at once and answered later", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.delay("2 seconds"))
      const fiber = yield* Effect.forkChild(echoed.handle(post("/login")))
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(yield* echoed.carriedOut, 1)
      assert.isUndefined(fiber.pollUnsafe())
      assert.deepStrictEqual(yield* echoed.seen, [
        { at: 0, kind: "login", method: "POST", path: "/login", status: undefined }
      ])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
      assert.strictEqual((yield* echoed.seen)[0]!.status, 200)
    })
  )

  it.effect("an answer in a request's place leaves it undone, unless it says carriedOut", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.throttle(30))
      const throttled = yield* echoed.handle(post("/refresh"))
      assert.strictEqual(throttled.status, 429)
      assert.strictEqual(throttled.headers.get("retry-after"), "30")
      assert.strictEqual(yield* echoed.carriedOut, 0)
      yield* echoed.failNext(Simulator.answer(502, { body: "<html>", carriedOut: true }))
      assert.strictEqual((yield* echoed.handle(post("/refresh"))).status, 502)
      assert.strictEqual(yield* echoed.carriedOut, 1)
    })
  )

  it.effect("a drop loses the answer, and the request too unless it was carried out", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.drop({ carriedOut: false }))
      assert.strictEqual((yield* Effect.flip(echoed.handle(post("/login"))))._tag, "Dropped")
      assert.strictEqual(yield* echoed.carriedOut, 0)
      yield* echoed.failNext(Simulator.drop({ carriedOut: true }))
      yield* Effect.flip(echoed.handle(post("/login")))
      assert.strictEqual(yield* echoed.carriedOut, 1)
      assert.deepStrictEqual(
        (yield* echoed.seen).map((seen) => seen.status),
        [undefined, undefined]
      )
    })
  )

  it.effect("a truncated answer breaks off in the middle of its body", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.truncate)
      const response = yield* echoed.handle(post("/login"))
      assert.strictEqual(response.status, 200)
      const text = yield* Effect.exit(Effect.tryPromise(() => response.text()))
      assert.isTrue(Exit.isFailure(text))
      assert.strictEqual(yield* echoed.carriedOut, 1)
    })
  )

  it.effect("faults wait for their kind, come in order, and pass; an outage meets token requests until it ends", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      const status = (path: string) => Effect.map(echoed.handle(post(path)), (response) => response.status)
      yield* echoed.failNext(Simulator.answer(500), { kind: "refresh", times: 2 })
      yield* echoed.failNext(Simulator.answer(403), { kind: ["api"] })
      yield* echoed.outage(Simulator.answer(503))
      const statuses = yield* Effect.forEach(["/login", "/refresh", "/api", "/refresh", "/refresh", "/api"], status)
      assert.deepStrictEqual(statuses, [503, 500, 403, 500, 503, 200])
      yield* echoed.outage(undefined)
      assert.deepStrictEqual(yield* Effect.forEach(["/login", "/refresh"], status), [200, 200])
      assert.strictEqual(yield* echoed.count("refresh"), 4)
    })
  )
})

describe("the kit", () => {
  it.effect("a password can be changed, and trace headers and query strings on a token request are violations", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.setPassword(Redacted.make("second"))
      assert.isFalse((yield* json(yield* echoed.handle(post("/login", "first")))).knows)
      assert.isTrue((yield* json(yield* echoed.handle(post("/login", "second")))).knows)
      assert.deepStrictEqual(yield* echoed.violations, [])
      const headers = { b3: "0", traceparent: "0" }
      yield* echoed.handle(new Request("https://echo.test/login?password=second", { method: "POST", headers }))
      yield* echoed.handle(new Request("https://echo.test/api?page=2", { headers: { b3: "0" } }))
      assert.deepStrictEqual(yield* echoed.violations, [
        "the trace header b3 on a login request",
        "the trace header traceparent on a login request",
        "a query string on a login request"
      ])
    })
  )

  it.effect("the journal keeps the Clock's time, and no secret", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* TestClock.adjust("1 hour")
      yield* echoed.handle(post("/login?password=swordfish", "swordfish"))
      assert.deepStrictEqual(yield* echoed.seen, [
        { at: 3_600_000, kind: "login", method: "POST", path: "/login", status: 200 }
      ])
      assert.notInclude(JSON.stringify([yield* echoed.seen, yield* echoed.violations]), "swordfish")
    })
  )
})

describe("a simulator that runs for days", () => {
  it.effect("forgets the requests so far and the tokens that ended an hour ago, and nothing that still counts", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.handle(post("/login"))
      yield* TestClock.adjust("1 day")
      yield* echoed.forget
      assert.deepStrictEqual(yield* echoed.seen, [])
      yield* echoed.handle(post("/refresh"))
      assert.strictEqual(yield* echoed.count("refresh"), 1)

      const issued = Issued.make({ access: "1 minute" })
      const token = (expiresAt: number | undefined) => ({ kind: "refresh", family: 1, expiresAt }) as const
      for (const [text, end] of [
        ["ended", 999],
        ["spent", 1_000],
        ["endless", undefined]
      ] as const) {
        issued.record(text, token(end))
      }
      issued.spend("spent")
      issued.forget(1_000)
      const standings = ["ended", "spent", "endless"].map((text) => issued.standing(text, "refresh", 500))
      assert.deepStrictEqual(standings, ["unknown", "spent", "live"])
    })
  )
})

describe("httpClient", () => {
  const send = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(HttpClient.execute(request), (response) => response.json as Effect.Effect<any, any>)

  it.effect("carries method, headers and body, streamed too, to the simulator of the origin", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* echo("https://a.test"), yield* echo("https://b.test")]
      const program = Effect.gen(function* () {
        const form = HttpClientRequest.post("https://a.test/login").pipe(
          HttpClientRequest.bodyUrlParams({ p: "$&+=%ä" })
        )
        assert.deepInclude(yield* send(form), {
          kind: "login",
          method: "POST",
          type: "application/x-www-form-urlencoded",
          body: "p=%24%26%2B%3D%25%C3%A4"
        })
        const bytes = Stream.make(new TextEncoder().encode("in "), new TextEncoder().encode("pieces"))
        const streamed = HttpClientRequest.put("https://b.test/api").pipe(HttpClientRequest.bodyStream(bytes))
        assert.deepInclude(yield* send(streamed), { kind: "api", method: "PUT", body: "in pieces" })
      })
      yield* Effect.provide(program, Simulator.httpClient(a, b))
      assert.deepStrictEqual([yield* a.carriedOut, yield* b.carriedOut], [1, 1])
    })
  )

  it.effect("dies on an origin nobody serves, naming it", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      const exit = yield* HttpClient.get("https://other.test/x").pipe(
        Effect.provide(Simulator.httpClient(echoed)),
        Effect.exit
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.include(String(Exit.isFailure(exit) && Cause.pretty(exit.cause)), "https://other.test")
    })
  )

  it.effect("a lost connection is a transport error", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.drop({ carriedOut: true }))
      const error = yield* HttpClient.post("https://echo.test/login").pipe(
        Effect.provide(Simulator.httpClient(echoed)),
        Effect.flip
      )
      assert.strictEqual(error.reason._tag, "TransportError")
    })
  )

  it.effect("a delay is as long as the Clock says, through the client too", () =>
    Effect.gen(function* () {
      const echoed = yield* echo()
      yield* echoed.failNext(Simulator.delay("2 seconds"))
      const request = HttpClientRequest.post("https://echo.test/login").pipe(HttpClientRequest.bodyText("x"))
      const fiber = yield* Effect.forkChild(Effect.provide(send(request), Simulator.httpClient(echoed)))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).now, 0)
    })
  )

  it.effect("follows a redirect as fetch does, without the credential, unless it is told not to", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* echo("https://a.test"), yield* echo("https://b.test")]
      const moved = (status: number) =>
        a.failNext(Simulator.answer(status, { headers: { location: "https://b.test/login" } }))
      const request = HttpClientRequest.post("https://a.test/login").pipe(
        HttpClientRequest.bearerToken("t"),
        HttpClientRequest.bodyText("secret")
      )
      const program = Effect.gen(function* () {
        yield* moved(307)
        assert.deepInclude(yield* send(request), { method: "POST", body: "secret", auth: null })
        yield* moved(302)
        assert.deepInclude(yield* send(request), { method: "GET", body: "", auth: null })
        yield* moved(307)
        const manual = HttpClient.execute(request).pipe(
          Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
        )
        assert.strictEqual((yield* manual).status, 307)
      })
      yield* Effect.provide(program, Simulator.httpClient(a, b))
      assert.strictEqual(yield* b.carriedOut, 2)
    })
  )
})
