// Guarantees of group A about what is stored: refresh tokens that may be used once, races for a session, accounts that
// differ. Shown by many random runs; the dice are seeded, so a failure comes again.
// Not here: A12 (many processes, the shared store), A14 to A16 (many accounts).
import { assert, describe, it } from "@effect/vitest"
import type { Shape } from "@vendor-auth/core/AuthService"
import type * as Session from "@vendor-auth/core/Session"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { engine, fails, fork, hour, minute, onDemand, patience, scoped, times, value, vendor } from "./Acme.ts"

describe("A. Correctness under concurrency", () => {
  it.effect(
    "A11: a refresh token that may be used once is sent at most once, unless it is known not to have been used",
    () =>
      Effect.gen(function* () {
        const { below, one } = Acme.dice(11)
        let presented = 0
        // An assertion inside of an exchange would be taken for a vendor's bug.
        const again: Array<string> = []
        for (let run = 0; run < times(100_000, 100); run++) {
          yield* Effect.gen(function* () {
            const spent = new Set<string>()
            const acme = vendor({
              ...(run % 2 === 0 && { login: undefined, refreshToken: Redacted.make("seed") }),
              answer: (given, n, what) => {
                if (what !== "login") {
                  presented++
                  if (spent.has(what)) again.push(`${what} in run ${run}`)
                }
                const kind = below(8)
                if (kind === 0) return fails("Answered")(given, n, what)
                if (kind === 1) return fails("NotSent")(given, n, what)
                spent.add(what)
                const after = one([0, 0, 0, 100, 1_500, 60_000])
                if (kind === 2) return Effect.delay(fails("Unknown")(given, n, what), after)
                if (kind === 3) return Effect.die("a bug in a vendor")
                return Effect.delay(Effect.succeed(given), after)
              }
            })
            const memory = yield* TokenStore.makeMemory
            let kill: Effect.Effect<unknown> = Effect.void
            /** A process: once it is killed, nothing of it reaches the store. */
            const start = Effect.gen(function* () {
              let isDead = false
              const scope = yield* Scope.make()
              kill = Effect.suspend(() => {
                isDead = true
                return fork(Scope.close(scope, Exit.void))
              })
              const alive = <A, E>(call: Effect.Effect<A, E>) => Effect.suspend(() => (isDead ? Effect.never : call))
              const store = TokenStore.TokenStore.of({
                ...memory,
                read: (account) => alive(memory.read(account)),
                write: (account, version, session) => alive(memory.write(account, version, session))
              })
              return yield* Scope.provide(engine(acme, { timeout: "2 seconds" }, store), scope)
            })
            let auth: Shape = yield* start
            for (let step = 0; step < 12; step++) {
              const act = below(8)
              if (act < 3) yield* fork(Effect.exit(auth.token))
              if (act === 3) yield* fork(Effect.exit(auth.refresh))
              if (act === 4) yield* fork(Effect.exit(Effect.flatMap(auth.token, auth.invalidate)))
              if (act === 5) yield* Effect.flatMap(fork(auth.refresh), Fiber.interrupt)
              if (act === 6) {
                yield* kill
                auth = yield* start
              }
              yield* TestClock.adjust(one([0, 50, 1_000, 5_000, minute, 50 * minute]))
            }
            yield* kill
            yield* TestClock.adjust(minute)
          })
        }
        assert.deepStrictEqual(again, [])
        assert.isAbove(presented, times(100_000, 100))
      }).pipe(Random.withSeed("faults"), Acme.silent),
    patience
  )

  it.effect(
    "A13: a refused refresh token is no death where the store has a newer one: no grant is lost to a race",
    () =>
      Effect.gen(function* () {
        const { below } = Acme.dice(13)
        for (let race = 0; race < times(10_000); race++) {
          yield* Effect.gen(function* () {
            const memory = yield* TokenStore.makeMemory
            let key = ""
            const store = TokenStore.TokenStore.of({
              ...memory,
              read: (account) =>
                Effect.andThen(
                  Effect.sync(() => (key = account)),
                  memory.read(account)
                )
            })
            const acme = vendor({ login: undefined, refreshToken: Redacted.make("seed") })
            const auth = yield* engine(acme, onDemand, store)
            yield* auth.token
            // The lock is broken: while our request is out, somebody else's exchange with the same token wins.
            acme.answer = (given, n, what) =>
              what !== "refresh-1"
                ? Effect.succeed(given)
                : Effect.gen(function* () {
                    yield* Effect.sleep(below(1_000))
                    const row = yield* memory.read(key)
                    yield* memory.write(key, row.version, theirs(row.session!, row.now))
                    yield* Effect.sleep(below(1_000))
                  }).pipe(Effect.orDie, Effect.andThen(fails("Refused")(given, n, what)))
            const callers = []
            for (let i = 0; i < 3; i++) callers.push(yield* fork(Effect.exit(i === 0 ? auth.refresh : auth.token)))
            yield* TestClock.adjust("2 seconds")
            for (const exit of yield* Fiber.joinAll(callers)) assert(Exit.isSuccess(exit), "a grant was lost")
            assert.strictEqual(value(yield* auth.token), "theirs")
            yield* auth.refresh
            assert.deepStrictEqual(acme.sent, ["seed", "refresh-1", "their-refresh"])
          }).pipe(scoped)
        }
      }).pipe(Acme.silent),
    patience
  )

  it.effect("A17: accounts that differ in any parameter share neither a flight nor a record: all pairs of 500", () =>
    Effect.gen(function* () {
      const { below, next } = Acme.dice(17)
      const memory = yield* TokenStore.makeMemory
      const keys = new Set<string>()
      const store = TokenStore.TokenStore.of({
        ...memory,
        write: (account, version, session) => {
          keys.add(account)
          return memory.write(account, version, session)
        }
      })
      const parts = ["a", "b", "a b", 'a","b', "[", "\\", "é", "e\u0301", "A", "__proto__", "read", "read write", ""]
      const parameters = new Map<string, ReadonlyArray<string>>()
      while (parameters.size < 500) {
        const list = Array.from({ length: 2 + below(3) }, () => parts[below(parts.length)]!)
        parameters.set(JSON.stringify(list), list)
      }
      const waiting = []
      for (const account of parameters.values()) {
        const acme = vendor({ account, answer: (given) => Effect.delay(Effect.succeed(own(given, account)), 100) })
        const made = TokenEngine.make(acme.issuer, {})
        const { shape } = yield* Effect.provideService(made, TokenStore.TokenStore, store)
        const check = Effect.map(shape.token, (token) => {
          assert.strictEqual(value(token), Buffer.from(JSON.stringify(account)).toString("hex"))
          assert.deepStrictEqual(acme.sent, ["login"])
        })
        for (let i = next() < 0.5 ? 1 : 2; i > 0; i--) waiting.push(yield* fork(check))
      }
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll(waiting)
      assert.strictEqual(keys.size, 500)
    }).pipe(Acme.silent)
  )
})

/** The record after another process's exchange. */
const theirs = (session: Session.Session, now: number): Session.Session => ({
  ...session,
  generation: session.generation + 1,
  tokens: { ...session.tokens!, access: Redacted.make("theirs"), issuedAt: now, expiresAt: now + hour },
  refreshToken: Redacted.make("their-refresh"),
  intent: null,
  lastIntent: "theirs"
})

const own = (given: ReturnType<typeof Acme.tokens>, account: ReadonlyArray<string>) => ({
  ...given,
  accessToken: Redacted.make(Buffer.from(JSON.stringify(account)).toString("hex"))
})
