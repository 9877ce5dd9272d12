// LRS Connect's layer as processes of one account, over its simulator: its refresh tokens may be used once.
// Decided here: a process is a layer in a scope of its own, with a store of its own; and the test's clock does not go
// on while a real database is being asked, however slow the machine is. Not here: the stores.
import { TokenStore } from "@vendor-auth/core"
import type { Shape } from "@vendor-auth/core/AuthService"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"

/** A vendor that gives tokens of an hour. */
export const vendor = LrsConnectSimulator.make()

/** Calls of all stores that have not answered yet. */
let underWay = 0

/** The same store, whose calls are counted. */
export const counted = <E>(store: Layer.Layer<TokenStore.TokenStore, E>): Layer.Layer<TokenStore.TokenStore, E> => {
  const count = <A, B>(call: Effect.Effect<A, B>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => underWay++),
      () => call,
      () => Effect.sync(() => underWay--)
    )
  return Layer.effect(
    TokenStore.TokenStore,
    Effect.map(TokenStore.TokenStore, (inner) => ({
      ...inner,
      read: (account) => count(inner.read(account)),
      write: (...args) => count(inner.write(...args))
    }))
  ).pipe(Layer.provide(store))
}

/** The same store, each of whose calls takes so many milliseconds by the test's clock, which goes on meanwhile. */
export const slow = <E>(store: Layer.Layer<TokenStore.TokenStore, E>, millis: number) => {
  const late = Effect.acquireUseRelease(
    Effect.sync(() => underWay--),
    () => Effect.sleep(millis),
    () => Effect.sync(() => underWay++)
  )
  return Layer.effect(
    TokenStore.TokenStore,
    Effect.map(TokenStore.TokenStore, (inner) => ({
      ...inner,
      read: (account) => Effect.andThen(late, inner.read(account)),
      write: (...args) => Effect.andThen(late, inner.write(...args))
    }))
  ).pipe(Layer.provide(store))
}

/** Starts a process that refreshes when it is asked. */
export const process = Effect.fnUntraced(function* <E>(
  simulator: LrsConnectSimulator.LrsConnectSimulator,
  store: Layer.Layer<TokenStore.TokenStore, E>
) {
  const { password, username } = simulator.credentials
  const layer = TokenStore.required(
    LrsConnectAuth.layer({
      baseUrl: simulator.origin,
      credentials: { userName: username, password },
      account: "lrs"
    })
  ).pipe(Layer.provide(counted(store)), Layer.provide(Simulator.httpClient(simulator)))
  const context = yield* Layer.build(Layer.fresh(layer))
  return Context.get(context, LrsConnectAuth.LrsConnectAuth) as Shape
})

/** What the vendor was asked, and that its rules were kept. */
export const asked = Effect.fnUntraced(function* (simulator: Simulator.Simulator) {
  assert.deepStrictEqual(yield* simulator.violations, [])
  assert.strictEqual(yield* simulator.reuses, 0)
  return { logins: yield* simulator.count("login"), refreshes: yield* simulator.count("refresh") }
})

/** Whatever is ready to run, runs. */
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/**
 * Runs something that waits for the test's clock and for a real database. A step of the clock is shorter than a store's
 * call may take. Where the database is to hang, the clock goes on all the same.
 */
export const withTime = Effect.fnUntraced(function* <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { hangs = false, step = 50 }: { readonly hangs?: boolean; readonly step?: number } = {}
) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  const isDone = () => fiber.pollUnsafe() !== undefined
  for (let n = 0; n < 20_000 && !isDone(); n++) {
    yield* turn
    while (underWay > 0 && !hangs && !isDone()) yield* turn
    yield* TestClock.adjust(step)
  }
  return yield* Fiber.join(fiber)
})

/** The reason of a failure that must come. */
export const reason = (effect: Shape["token"]) =>
  Effect.map(Effect.flip(effect), ({ reason: found }) =>
    found._tag === "StoreFailure" ? `${found._tag} ${found.problem}` : found._tag
  )
