/**
 * TestAuth as a user's spec meets it: one line swaps a vendor, and its controls take the vendor's tag.
 */
import { assert, describe, it } from "@effect/vitest"
import { AuthError, AuthHttpClient, AuthService } from "@vendor-auth/core"
import { TestAuth } from "@vendor-auth/testing"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

class Acme extends AuthService.Service<Acme, { readonly plan: Effect.Effect<string> }>()("test/Acme") {}
class Other extends AuthService.Service<Other>()("test/Other") {}

const acme = TestAuth.layer(Acme)

describe("TestAuth", () => {
  it.effect("swaps a vendor and needs nothing else", () =>
    Effect.gen(function* () {
      const auth = yield* Acme
      assert.isAbove(Redacted.value((yield* auth.token).value).length, 0)
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login"])
    }).pipe(Effect.provide(acme))
  )

  it.effect("`expire` and `reject` make the next read wait for another token", () =>
    Effect.gen(function* () {
      const auth = yield* Acme
      const values = [(yield* auth.token).value]
      yield* TestAuth.expire(Acme)
      values.push((yield* auth.token).value)
      yield* TestAuth.reject(Acme)
      values.push((yield* auth.token).value)
      assert.strictEqual(new Set(values.map((value) => Redacted.value(value))).size, 3)
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login", "refresh", "refresh"])
    }).pipe(Effect.provide(acme))
  )

  it.effect("controls of a vendor without a token change nothing and send nothing", () =>
    Effect.gen(function* () {
      yield* TestAuth.expire(Acme)
      yield* TestAuth.reject(Acme)
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), [])
    }).pipe(Effect.provide(acme))
  )

  it.effect("`failNext` fails the next exchange with its reason, several in their order", () =>
    Effect.gen(function* () {
      const auth = yield* Acme
      yield* TestAuth.failNext(Acme, new AuthError.Throttled({}))
      yield* TestAuth.failNext(Acme, new AuthError.InvalidCredentials({ status: 401 }))
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "Throttled")
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "InvalidCredentials")
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "InvalidCredentials")
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login", "login"])
    }).pipe(Effect.provide(acme))
  )

  it.effect("a refused login reaches a vendor that has a session already", () =>
    Effect.gen(function* () {
      const auth = yield* Acme
      yield* auth.token
      yield* TestAuth.failNext(Acme, new AuthError.InvalidCredentials({}))
      assert.strictEqual((yield* Effect.flip(auth.refresh)).reason._tag, "InvalidCredentials")
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login", "refresh", "login"])
    }).pipe(Effect.provide(acme))
  )

  it.effect("the real schedule runs on the spec's clock", () =>
    Effect.gen(function* () {
      yield* (yield* Acme).token
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login", "refresh"])
    }).pipe(Effect.provide(acme))
  )

  it.effect("two vendors in one spec never mix", () =>
    Effect.gen(function* () {
      yield* (yield* Acme).token
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login"])
      assert.deepStrictEqual(yield* TestAuth.exchanges(Other), [])
    }).pipe(Effect.provide([acme, TestAuth.layer(Other)]))
  )

  it.effect("controls of a vendor that was not swapped do not compile", () => {
    // @ts-expect-error: TestAuth<Other> is missing
    const spec: Effect.Effect<void, never, never> = TestAuth.expire(Other).pipe(Effect.provide(acme))
    return Effect.map(Effect.exit(spec), (exit) => assert.isTrue(Exit.isFailure(exit)))
  })

  it.effect("a member of the vendor's extra is what `extra` gives, or dies with its name", () =>
    Effect.gen(function* () {
      const plan = Effect.flatMap(Acme, (auth) => auth.plan)
      const given = TestAuth.layer(Acme, { extra: { plan: Effect.succeed("basic") } })
      assert.strictEqual(yield* Effect.provide(plan, given), "basic")
      const exit = yield* Effect.exit(Effect.provide(plan, TestAuth.layer(Acme)))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "plan")
    })
  )

  it.effect("the vendor's client goes to `api`, with the test token", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const client = HttpClient.make((request, url) =>
        Effect.sync(() => {
          seen.push(`${url.href} ${request.headers["authorization"]}`)
          return HttpClientResponse.fromWeb(request, Response.json({}))
        })
      )
      yield* Effect.flatMap(AuthHttpClient.fromTag(Acme), (api) => api.get("/plans")).pipe(
        Effect.provide(TestAuth.layer(Acme, { api: "https://acme.test/v1" })),
        Effect.provideService(HttpClient.HttpClient, client)
      )
      assert.deepStrictEqual(seen, ["https://acme.test/v1/plans Bearer test-token-1"])
    })
  )
})

describe("AuthService.layerFrom", () => {
  it.effect("gives vendor-neutral code its service from one vendor's tag", () =>
    Effect.gen(function* () {
      yield* (yield* AuthService.AuthService).token
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login"])
    }).pipe(Effect.provide(AuthService.layerFrom(Acme).pipe(Layer.provideMerge(acme))))
  )

  it("code that forgets to name its vendor does not compile", () => {
    // @ts-expect-error: AuthService is missing
    const forgotten: Effect.Effect<unknown, AuthError.AuthError, never> = Effect.flatMap(
      AuthService.AuthService,
      (auth) => auth.token
    )
    assert.isDefined(forgotten)
  })
})
