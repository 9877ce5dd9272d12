// Guarantees B3 and B4: what becomes of an outcome that nobody knows, as hours go by. A vendor that rotates its refresh
// tokens and notes each reuse, in process, on the TestClock; faults, ways in and policies are drawn at random.
// Not here: the same over sockets (B3 in ../wire), and other processes that crash in the middle (ConcurrencyModels).
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { engine, fails, hour, minute, patience, scoped, second, times, value, vendor } from "./Acme.ts"

/** After each of them nobody knows whether the vendor carried the request out. */
const unknowns: ReadonlyArray<Simulator.Fault> = [
  Simulator.drop({ carriedOut: true }),
  Simulator.drop({ carriedOut: false }),
  Simulator.truncate,
  Simulator.delay(hour),
  ...[408, 502, 504].flatMap((status) =>
    [true, false].map((carriedOut) => Simulator.answer(status, { carriedOut, body: "<html>" }))
  ),
  Simulator.answer(200, { carriedOut: true, body: "<html>" }),
  Simulator.answer(204, { carriedOut: true })
]

/** An issuer that counts how often each refresh token is sent, and notes what came of it. */
const counting = (issuer: Issuer.Issuer) => {
  const sent = new Map<string, Array<string>>()
  const refresh: Issuer.Issuer["refresh"] = (token) =>
    Effect.suspend(() => {
      const text = Redacted.value(token)
      const outcomes = sent.get(text) ?? []
      const at = outcomes.push("Unknown") - 1
      sent.set(text, outcomes)
      const note = (outcome: string) => Effect.sync(() => (outcomes[at] = outcome))
      return issuer.refresh(token).pipe(
        Effect.tap(() => note("Success")),
        Effect.tapError(({ outcome }) => note(outcome))
      )
    })
  return { sent, issuer: { ...issuer, refresh } }
}

/** The end of a call, however long it takes: a token, or an error that has a reason. */
const ended = Effect.fnUntraced(function* <A>(call: Effect.Effect<A, AuthError.AuthError>) {
  const fiber = yield* Acme.fork(Effect.exit(call))
  for (let i = 0; i < 60 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(second)
  assert.isDefined(fiber.pollUnsafe(), "it takes longer than its deadline")
  const exit = yield* Fiber.join(fiber)
  if (Exit.isFailure(exit)) {
    const error = Option.getOrUndefined(Exit.findErrorOption(exit))
    assert.instanceOf(error, AuthError.AuthError, Cause.pretty(exit.cause))
  }
  return exit
})

describe("B. Token endpoint: transport faults", () => {
  const policies = ["report", "presentAgain"] as const
  for (const onUnresolved of policies) {
    for (const ways of ["credentials", "no credentials"] as const) {
      it.effect(
        `B4: with ${ways} and "${onUnresolved}", 10,000 unknown outcomes end in a token or a typed error; never a loop`,
        () =>
          Effect.gen(function* () {
            const { below, next, one } = Acme.dice(4)
            let outcomes = 0
            const ends = new Map<string, number>()
            while (outcomes < times(10_000) / 4) {
              yield* Effect.gen(function* () {
                const sim = yield* Acme.simulator
                const plain = yield* Effect.provide(Acme.overHttp(sim.origin), Simulator.httpClient(sim))
                const { refreshToken } = yield* plain.login!.exchange
                const { issuer, sent } = counting({
                  ...plain,
                  refreshToken,
                  login: ways === "credentials" ? plain.login : undefined
                })
                const policy = one([{}, Acme.onDemand])
                const auth = yield* engine({ issuer }, { ...policy, onUnresolved })
                if (below(2) === 0) yield* auth.token
                const both = next() < 0.3
                const kind = both ? (["login", "refresh"] as const) : (["refresh"] as const)
                yield* sim.failNext(one(unknowns), { kind, times: both ? 2 : 1 })
                const before = (yield* sim.seen).length
                yield* ended(auth.refresh)
                for (let i = 0; i < 12; i++) {
                  const exit = yield* ended(one([auth.token, auth.token, auth.token, auth.refresh]))
                  const end = Exit.isSuccess(exit) ? "token" : Option.getOrThrow(Exit.findErrorOption(exit)).reason._tag
                  ends.set(end, (ends.get(end) ?? 0) + 1)
                  yield* TestClock.adjust(one([0, second, minute, 20 * minute]))
                }
                // Each `refresh` is a request, or a refresh and the login after it; a token is refreshed every 38 minutes.
                assert.isAtMost((yield* sim.seen).length - before, 2 * 14 + 8)

                for (const [token, all] of sent) {
                  const unknown = all.indexOf("Unknown")
                  if (unknown < 0) continue
                  outcomes++
                  const again = all.slice(unknown + 1)
                  const mayBeAgain = ways === "no credentials" && onUnresolved === "presentAgain" ? 1 : 0
                  assert.isAtMost(again.length, mayBeAgain, `${token}: ${all.join(", ")}`)
                }
                if (ways === "credentials" || onUnresolved === "report") assert.strictEqual(yield* sim.reuses, 0)
              }).pipe(scoped)
            }
            const allowed = {
              credentials: ["token", "Unreachable", "Throttled", "MalformedResponse"],
              "no credentials": [
                "token",
                "Unreachable",
                "MalformedResponse",
                "UnresolvedExchange",
                "ReauthenticationRequired"
              ]
            }[ways]
            for (const end of ends.keys()) assert.include(allowed, end)
            assert.isAbove(ends.get("token") ?? 0, 0)
            if (ways === "no credentials") assert.isAbove(ends.get("UnresolvedExchange") ?? 0, 0)
          }).pipe(Random.withSeed("unknown"), Acme.silent),
        patience
      )
    }
  }

  it.effect(
    "B4: after an unknown outcome the store is read again, and what another process wrote meanwhile is used",
    () =>
      Effect.gen(function* () {
        for (const login of ["login", undefined] as const) {
          for (const onUnresolved of policies) {
            const store = yield* TokenStore.makeMemory
            const acme = vendor({ account: [`${login} ${onUnresolved}`] })
            const key = JSON.stringify(["Acme", ...acme.issuer.account])
            yield* Effect.flatMap(engine(acme, Acme.onDemand, store), ({ token }) => token)
            const auth = yield* engine(
              { issuer: { ...acme.issuer, login: login && acme.issuer.login } },
              { ...Acme.onDemand, onUnresolved },
              store
            )
            acme.answer = (given, n, what) =>
              Effect.gen(function* () {
                // While the answer is lost, somebody else recovers the account.
                const { session, version } = yield* Effect.orDie(store.read(key))
                assert(session !== undefined && session.tokens !== null)
                const { generation, tokens } = session
                yield* Effect.orDie(
                  store.write(key, version, {
                    ...session,
                    generation: generation + 1,
                    tokens: { ...tokens, access: Redacted.make("access-of-another") },
                    refreshToken: Redacted.make("refresh-of-another"),
                    intent: null
                  })
                )
                return yield* fails("Unknown")(given, n, what)
              })
            acme.sent.length = 0
            assert.strictEqual(value(yield* auth.refresh), "access-of-another")
            assert.deepStrictEqual(acme.sent, ["refresh-1"])
          }
        }
      }).pipe(Acme.silent)
  )

  for (const ways of ["credentials", "no credentials"] as const) {
    it.effect(`B3: with ${ways}, a rotating refresh is retried automatically only when it was not sent`, () =>
      Effect.gen(function* () {
        for (const outcome of ["NotSent", "Answered", "Unknown"] as const) {
          yield* Effect.gen(function* () {
            const acme = vendor({ refreshToken: Redacted.make("refresh-0") })
            const login = ways === "credentials" ? acme.issuer.login : undefined
            const auth = yield* engine({ issuer: { ...acme.issuer, login } })
            yield* auth.token
            acme.answer = fails(outcome)
            // The schedule refreshes by itself from the 45th minute on, or sooner by up to six.
            yield* TestClock.adjust(2 * hour)
            const again = acme.sent.filter((what) => what === "refresh-1").length
            if (outcome === "Unknown") assert.strictEqual(again, 1)
            else assert.isAbove(again, 3, outcome)
            acme.answer = Effect.succeed
            const read = yield* Effect.exit(auth.token)
            if (outcome === "Unknown" && ways === "no credentials") assert.isTrue(Exit.isFailure(read))
            else assert.isTrue(Exit.isSuccess(read), outcome)
            assert.strictEqual(acme.sent.filter((what) => what === "refresh-0").length, 1)
          }).pipe(scoped)
        }
      }).pipe(Random.withSeed("not sent"), Acme.silent)
    )
  }
})
