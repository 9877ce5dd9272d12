// Guarantees I1 and I3 over an account's life: whatever fails, in whatever state, no secret is seen in anything that an
// app can print. Each case says how it ends, so that none passes by not happening.
// The vendors are their simulators in process, on the test clock; sockets are another file's (`Transport.test.ts`).
import { describe, it } from "@effect/vitest"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Canary from "./Canary.ts"
import { play, type Case } from "./Stage.ts"
import { vendors, ways, type Name } from "./Vendors.ts"

const all = Object.keys(ways) as ReadonlyArray<Name>
const loggingIn = all.filter((name) => ways[name].logsIn)
const byRefreshToken: ReadonlyArray<Name> = ["LRS Connect by refresh token", "ItemPath by refresh token"]

const at = (kind: Simulator.Kind, times?: number) => ({ kind, ...(times !== undefined && { times }) })

const refused: ReadonlyArray<Case> = [
  {
    title: "a wrong password",
    ways: vendors,
    ends: ["InvalidCredentials", "InvalidCredentials", "InvalidCredentials", "Success", "InvalidCredentials"],
    act: Effect.fnUntraced(function* ({ build, canary, resource, run, simulator }) {
      yield* simulator.setPassword(Redacted.make(canary("the other password", Canary.password())))
      const { auth, client } = yield* build()
      yield* run(auth.token)
      yield* run(auth.refresh)
      yield* run(client.get(resource))
      yield* run(auth.signOut)
      yield* run(auth.token)
    })
  },
  {
    title: "a refused refresh whose login is refused too",
    ways: vendors,
    ends: ["Success", "InvalidCredentials", "Success"],
    act: Effect.fnUntraced(function* ({ build, canary, run, simulator }) {
      const { auth } = yield* build()
      yield* run(auth.token)
      yield* simulator.revokeRefreshTokens
      yield* simulator.setPassword(Redacted.make(canary("the other password", Canary.password())))
      yield* run(auth.refresh)
      yield* run(auth.token)
    })
  },
  {
    title: "a refused refresh without credentials",
    ways: byRefreshToken,
    ends: ["ReauthenticationRequired", "ReauthenticationRequired", "ReauthenticationRequired"],
    act: Effect.fnUntraced(function* ({ build, resource, run }) {
      const { auth, client } = yield* build()
      yield* run(auth.token)
      yield* run(auth.refresh)
      yield* run(client.get(resource))
    })
  },
  {
    title: "an exchange that stays unresolved",
    ways: ["LRS Connect by refresh token"],
    ends: ["Success", "UnresolvedExchange", "UnresolvedExchange", "Success"],
    act: Effect.fnUntraced(function* ({ build, refreshToken, run, simulator }) {
      const { auth } = yield* build({ secret: yield* refreshToken })
      yield* run(auth.token)
      yield* simulator.failNext(Simulator.drop({ carriedOut: true }), at("refresh", 3))
      yield* Effect.exit(auth.refresh)
      yield* run(auth.refresh)
      yield* TestClock.adjust("2 hours")
      yield* run(auth.token)
      yield* run(auth.signOut)
    })
  },
  {
    title: "a pause that the vendor asks for",
    ways: loggingIn,
    ends: ["Throttled", "Throttled"],
    act: Effect.fnUntraced(function* ({ build, resource, run, simulator }) {
      yield* simulator.outage(Simulator.throttle(90))
      const { auth, client } = yield* build()
      yield* run(auth.token)
      yield* run(client.get(resource))
    })
  },
  {
    title: "an endpoint that is too slow, and a caller that goes away",
    ways: loggingIn,
    ends: ["Unreachable", "Interrupted", "Interrupted"],
    act: Effect.fnUntraced(function* ({ build, run, simulator }) {
      yield* simulator.outage(Simulator.delay("10 minutes"))
      const { auth } = yield* build()
      yield* run(auth.token)
      const { auth: other } = yield* build({ account: "another", policy: { timeout: "5 minutes" } })
      yield* run(other.token)
      const caller = yield* Effect.forkChild(other.refresh, { startImmediately: true })
      yield* Fiber.interrupt(caller)
      yield* run(Fiber.join(caller))
      yield* TestClock.adjust("10 minutes")
    })
  },
  {
    title: "a scope that closes in the middle of an exchange, and what is asked of it then",
    ways: loggingIn,
    ends: ["Interrupted", "Interrupted", "Interrupted"],
    act: Effect.fnUntraced(function* ({ build, run, simulator, watch }) {
      const scope = yield* Scope.make()
      const { auth, client } = yield* Scope.provide(build(), scope)
      yield* simulator.outage(Simulator.delay("10 seconds"))
      const waiting = yield* Effect.forkChild(auth.token, { startImmediately: true })
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(closing)
      watch.see("what a closed scope leaves", auth, client, yield* auth.status)
      yield* Fiber.interrupt(waiting)
      yield* run(Fiber.join(waiting))
      yield* run(auth.refresh)
      yield* run(auth.refresh)
    })
  },
  {
    title: "a sign-out in the middle of an exchange",
    ways: loggingIn,
    ends: ["ReauthenticationRequired", "Success"],
    act: Effect.fnUntraced(function* ({ build, run, simulator }) {
      const { auth } = yield* build()
      yield* simulator.failNext(Simulator.delay("10 seconds"))
      const waiting = yield* Effect.forkChild(auth.token, { startImmediately: true })
      yield* Effect.forkChild(auth.signOut, { startImmediately: true })
      yield* run(Fiber.join(waiting))
      yield* run(auth.token)
    })
  }
]

describe("I1: no secret in any output, of failures while a session begins, goes on and ends", () => {
  for (const each of refused) {
    for (const name of each.ways) it.effect(`${name}: ${each.title}`, () => play(each, name))
  }
})
