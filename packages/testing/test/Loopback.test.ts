import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"

const echo = Simulator.make({
  vendor: "echo",
  origin: "https://echo.test",
  resource: "/api",
  password: Redacted.make("made up"),
  lives: { access: "1 minute" },
  kindOf: ({ path }) => (path === "/login" ? "login" : "api"),
  answer: ({ body, headers, method }) => Response.json({ method, body, mark: headers.get("x-mark") }, { status: 201 })
})

const send = (url: string, init?: RequestInit) =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(url, { signal, ...init })
    return { status: response.status, body: (await response.json()) as any }
  })

describe("Loopback", () => {
  it.live("carries requests and answers over a socket", () =>
    Effect.gen(function* () {
      const sim = yield* echo
      const origin = yield* Loopback.serve(sim)
      assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/)
      const answer = yield* send(`${origin}/login`, { method: "POST", body: "p=ä", headers: { "x-mark": "1" } })
      assert.deepStrictEqual(answer, { status: 201, body: { method: "POST", body: "p=ä", mark: "1" } })
      assert.deepStrictEqual((yield* send(`${origin}/api?page=2`)).body, { method: "GET", body: "", mark: null })
    })
  )

  it.live("a drop destroys the socket, and a truncated answer breaks off", () =>
    Effect.gen(function* () {
      const sim = yield* echo
      const origin = yield* Loopback.serve(sim)
      const login = Effect.promise(() =>
        fetch(`${origin}/login`, { method: "POST", body: "x" }).then(
          (response) =>
            response.text().then(
              () => response.status,
              () => "lost in the body"
            ),
          () => "lost before the answer"
        )
      )
      yield* sim.failNext(Simulator.drop({ carriedOut: false }))
      assert.strictEqual(yield* login, "lost before the answer")
      yield* sim.failNext(Simulator.truncate)
      assert.strictEqual(yield* login, "lost in the body")
      assert.deepStrictEqual(
        (yield* sim.seen).map((seen) => seen.status),
        [undefined, 201]
      )
      assert.strictEqual(yield* login, 201)
    })
  )

  it.live("closes with the scope, even while a request waits for its answer", () =>
    Effect.gen(function* () {
      const sim = yield* echo
      const scope = yield* Scope.make()
      const origin = yield* Loopback.serve(sim).pipe(Scope.provide(scope))
      yield* sim.failNext(Simulator.delay("1 hour"))
      const waiting = yield* Effect.forkChild(send(`${origin}/login`, { method: "POST", body: "x" }))
      while ((yield* sim.count("login")) === 0) yield* Effect.sleep("5 millis")
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.timeout(Fiber.join(waiting), "5 seconds"))))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(send(`${origin}/api`))))
    })
  )
})
