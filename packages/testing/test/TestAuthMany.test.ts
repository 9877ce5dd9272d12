/**
 * TestAuth for many accounts as a user's spec meets it: one line swaps all of a vendor's accounts, and controls take
 * the tag and an id.
 */
import { assert, describe, it } from "@effect/vitest"
import { AuthError, AuthService, ManyAccounts, RefreshPolicy } from "@vendor-auth/core"
import { TestAuth } from "@vendor-auth/testing"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

class Acme extends AuthService.Service<Acme, { readonly plan: Effect.Effect<string, AuthError.AuthError> }>()(
  "test/Acme"
) {}
class Many extends ManyAccounts.Service<Many, Acme["Service"]>()("test/Many") {}
class Others extends ManyAccounts.Service<Others, AuthService.Shape>()("test/Others") {}

const many = TestAuth.layerMany(Many)
const [bravo, charlie] = [TestAuth.of(Many, "bravo"), TestAuth.of(Many, "charlie")]

const value = (id: string) =>
  Effect.flatMap(Many, (accounts) => Effect.map(accounts.of(id).token, (token) => Redacted.value(token.value)))

/** Answers every request, and writes down where it went and with what. */
const api = (seen: Array<string>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        seen.push(`${url.href} ${request.headers["authorization"]}`)
        return HttpClientResponse.fromWeb(request, Response.json({}))
      })
    )
  )

describe("TestAuth for many accounts", () => {
  it.effect("swaps a vendor's accounts and needs nothing else: each id has a session of its own", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        [yield* value("bravo"), yield* value("charlie"), yield* value("bravo")],
        ["test-token-bravo-1", "test-token-charlie-1", "test-token-bravo-1"]
      )
      assert.deepStrictEqual([yield* bravo.exchanges, yield* charlie.exchanges], [["login"], ["login"]])
      assert.deepStrictEqual(yield* TestAuth.of(Many, "nobody").exchanges, [])
    }).pipe(Effect.provide(many))
  )

  it.effect("`expire` and `reject` make the next read of one account wait for another token", () =>
    Effect.gen(function* () {
      yield* value("bravo")
      yield* value("charlie")
      yield* bravo.expire
      assert.strictEqual(yield* value("bravo"), "test-token-bravo-2")
      yield* bravo.reject
      assert.strictEqual(yield* value("bravo"), "test-token-bravo-3")
      assert.strictEqual(yield* value("charlie"), "test-token-charlie-1")
      assert.deepStrictEqual(yield* bravo.exchanges, ["login", "refresh", "refresh"])
      assert.deepStrictEqual(yield* charlie.exchanges, ["login"])
    }).pipe(Effect.provide(many))
  )

  it.effect("controls of an account without a token change nothing and send nothing, after a sign-out too", () =>
    Effect.gen(function* () {
      yield* bravo.expire
      assert.deepStrictEqual(yield* bravo.exchanges, [])
      yield* value("bravo")
      yield* Effect.flatMap(Many, (accounts) => accounts.of("bravo").signOut)
      yield* bravo.reject
      assert.deepStrictEqual(yield* bravo.exchanges, ["login"])
      yield* value("bravo")
      assert.deepStrictEqual(yield* bravo.exchanges, ["login", "login"])
    }).pipe(Effect.provide(many))
  )

  it.effect("`failNext` fails the next exchanges of one account in their order, and no other account's", () =>
    Effect.gen(function* () {
      const accounts = yield* Many
      yield* bravo.failNext(new AuthError.Throttled({}))
      yield* bravo.failNext(new AuthError.InvalidCredentials({ status: 401 }))
      yield* value("charlie")
      const { refresh } = accounts.of("bravo")
      const failures = [yield* Effect.flip(refresh), yield* Effect.flip(refresh), yield* Effect.flip(refresh)]
      assert.deepStrictEqual(
        failures.map(({ reason }) => reason._tag),
        ["Throttled", "InvalidCredentials", "InvalidCredentials"]
      )
      assert.deepStrictEqual(yield* bravo.exchanges, ["login", "login"])
      assert.deepStrictEqual(yield* charlie.exchanges, ["login"])
    }).pipe(Effect.provide(many))
  )

  it.effect(
    "an account that cannot be looked up fails without an exchange, and is looked up again by the next read",
    () =>
      Effect.gen(function* () {
        const accounts = yield* Many
        yield* bravo.failNext(new AuthError.AccountUnavailable({ problem: "Lookup" }))
        const { reason } = yield* Effect.flip(accounts.of("bravo").token)
        assert.strictEqual(reason._tag, "AccountUnavailable")
        assert.deepStrictEqual(yield* bravo.exchanges, [])
        assert.strictEqual(yield* value("bravo"), "test-token-bravo-1")
      }).pipe(Effect.provide(many))
  )

  it.effect("the real schedule runs on the spec's clock, each account's own", () =>
    Effect.gen(function* () {
      yield* value("bravo")
      yield* TestClock.adjust("30 minutes")
      yield* value("charlie")
      yield* TestClock.adjust("30 minutes")
      assert.deepStrictEqual([yield* bravo.exchanges, yield* charlie.exchanges], [["login", "refresh"], ["login"]])
    }).pipe(Effect.provide(many))
  )

  it.effect(
    "an account that nobody asks for is forgotten, refreshed from the store, and still obeys its controls",
    () =>
      Effect.gen(function* () {
        yield* value("bravo")
        yield* TestClock.adjust("200 minutes")
        const status = yield* Effect.flatMap(Many, (accounts) => accounts.of("bravo").status)
        assert.strictEqual(status._tag, "SignedOut")
        assert.deepStrictEqual(yield* bravo.exchanges, ["login", "refresh", "refresh", "refresh", "refresh"])
        yield* bravo.expire
        assert.strictEqual(yield* value("bravo"), "test-token-bravo-6")
      }).pipe(
        Effect.provide(TestAuth.layerMany(Many, { policy: { refresh: RefreshPolicy.beforeExpiry({ jitter: 0 }) } }))
      )
  )

  it.effect("the options are those of all accounts, or are asked for by id", () =>
    Effect.gen(function* () {
      const plan = (id: string) => Effect.flatMap(Many, (accounts) => accounts.of(id).plan)
      const plans = Effect.all([plan("bravo"), plan("charlie")])
      const same = TestAuth.layerMany(Many, { extra: { plan: Effect.succeed("basic") } })
      assert.deepStrictEqual(yield* Effect.provide(plans, same), ["basic", "basic"])
      const own = TestAuth.layerMany(Many, (id) => ({ extra: { plan: Effect.succeed(`${id}'s`) } }))
      assert.deepStrictEqual(yield* Effect.provide(plans, own), ["bravo's", "charlie's"])
      const exit = yield* Effect.exit(Effect.provide(plans, many))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "plan")
    })
  )

  it.effect("an account's client goes to its `api` with its token, over the layer's HttpClient or the caller's", () =>
    Effect.gen(function* () {
      const swapped = TestAuth.layerMany(Many, (id) => ({ api: `https://${id}.test/v1` }))
      const calls = Effect.gen(function* () {
        const accounts = yield* Many
        yield* accounts.of("bravo").httpClient.get("/plans")
        yield* accounts.of("charlie").httpClient.get("/plans")
      })
      const [seen, inside]: [Array<string>, Array<string>] = [[], []]
      yield* Effect.provide(calls, [swapped, api(seen)])
      yield* Effect.provide(calls, Layer.provide(swapped, api(inside)))
      assert.deepStrictEqual(seen, [
        "https://bravo.test/v1/plans Bearer test-token-bravo-1",
        "https://charlie.test/v1/plans Bearer test-token-charlie-1"
      ])
      assert.deepStrictEqual(inside, seen)
      const exit = yield* Effect.exit(Effect.provide(calls, swapped))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "nothing plays https://bravo.test")
    })
  )

  it.effect("a 401 of one account's API is healed with a new token of that account", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          seen.push(request.headers["authorization"])
          const status = seen.length === 1 ? 401 : 200
          return HttpClientResponse.fromWeb(request, Response.json({}, { status }))
        })
      )
      const { status } = yield* Effect.flatMap(Many, (accounts) => accounts.of("bravo").httpClient.get("/plans")).pipe(
        Effect.provideService(HttpClient.HttpClient, client)
      )
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(seen, ["Bearer test-token-bravo-1", "Bearer test-token-bravo-2"])
      assert.deepStrictEqual(yield* bravo.exchanges, ["login", "refresh"])
    }).pipe(Effect.provide(many))
  )

  it.effect("two vendors in one spec never mix, nor do a vendor's tags of one account and of many", () =>
    Effect.gen(function* () {
      yield* value("bravo")
      yield* (yield* Acme).token
      yield* (yield* Acme).refresh
      assert.deepStrictEqual(yield* bravo.exchanges, ["login"])
      assert.deepStrictEqual(yield* TestAuth.of(Others, "bravo").exchanges, [])
      assert.deepStrictEqual(yield* TestAuth.exchanges(Acme), ["login", "refresh"])
    }).pipe(Effect.provide([many, TestAuth.layerMany(Others), TestAuth.layer(Acme)]))
  )

  it.effect("each layer begins anew", () =>
    Effect.gen(function* () {
      const first = Effect.andThen(value("bravo"), bravo.exchanges)
      const once = yield* Effect.provide(first, many, { local: true })
      const again = yield* Effect.provide(first, many, { local: true })
      assert.deepStrictEqual([once, again], [["login"], ["login"]])
    })
  )

  it.effect("controls of accounts that were not swapped do not compile", () => {
    // @ts-expect-error: TestAuth<Others> is missing
    const spec: Effect.Effect<void, never, never> = TestAuth.of(Others, "bravo").expire.pipe(Effect.provide(many))
    return Effect.map(Effect.exit(spec), (exit) => assert.isTrue(Exit.isFailure(exit)))
  })
})
