// The three vendors' layers over one file: processes that share a session, and one that starts after them.
// Decided here: a process is a layer with a store of its own. Not here: what happens when processes are killed.
import { assert, describe, it } from "@effect/vitest"
import { type AuthError, TokenStore } from "@vendor-auth/core"
import type { Shape } from "@vendor-auth/core/AuthService"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { SqlTokenStore } from "../src/index.ts"
import { type File, inFile, keys } from "./Keys.ts"
import * as Lrs from "./Lrs.ts"

interface Vendor<Self, S extends Simulator.Simulator> {
  readonly name: string
  readonly tag: Context.Key<Self, Shape>
  readonly simulator: Effect.Effect<S>
  readonly layer: (simulator: S) => Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
  /** Minutes that a token lives. */
  readonly life: number
}

const minute = 60_000

const shared = <Self, S extends Simulator.Simulator>({ layer, life, name, simulator, tag }: Vendor<Self, S>) =>
  it.effect(`${name}: one refresh a life, no token presented twice, and a restart goes on without a login`, () =>
    inFile((file) =>
      Effect.gen(function* () {
        const server = yield* simulator
        const start = Effect.gen(function* () {
          const scope = yield* Scope.make()
          const store = Lrs.counted(SqlTokenStore.layerSqlite({ filename: file.path, keys }))
          const all = TokenStore.required(layer(server)).pipe(
            Layer.provide(store),
            Layer.provide(Simulator.httpClient(server))
          )
          const auth = Context.get(yield* Scope.provide(Layer.build(Layer.fresh(all)), scope), tag)
          return { auth, stop: Scope.close(scope, Exit.void) }
        })
        /** Both processes' tokens, as their callers get them at once. */
        const tokens = (auths: ReadonlyArray<Shape>) =>
          Lrs.withTime(
            Effect.all(
              auths.map((auth) => auth.token),
              { concurrency: "unbounded" }
            )
          )

        const [first, second] = [yield* start, yield* start]
        const lives = 12
        let last = 0
        for (let n = 0; n < lives * 4; n++) {
          const [here, there] = (yield* tokens([first.auth, second.auth])) as [AccessToken, AccessToken]
          assert.isAtLeast(here.generation, last)
          assert.isAtMost(Math.abs(here.generation - there.generation), 1)
          last = here.generation
          yield* Lrs.withTime(Effect.sleep((life * minute) / 4), { step: 4_000 })
        }
        const [here, there] = (yield* tokens([first.auth, second.auth])) as [AccessToken, AccessToken]
        const newest = here.generation > there.generation ? here : there
        // One whose token is not due yet need not know of a newer one.
        if (here.generation === there.generation) assert.deepStrictEqual(here.value, there.value)
        const done = yield* Lrs.asked(server)
        assert.deepStrictEqual(done, { logins: 1, refreshes: newest.generation - 1 })
        // A token is due when three quarters of its life are over, or up to a tenth of it earlier.
        assert.isTrue(done.refreshes >= lives && done.refreshes <= lives / 0.6, String(done.refreshes))
        yield* first.stop
        yield* second.stop

        const third = yield* start
        assert.strictEqual((yield* Lrs.withTime(third.auth.token)).generation, newest.generation)
        assert.deepStrictEqual(yield* Lrs.asked(server), done)
        yield* Lrs.withTime(third.auth.refresh)
        assert.deepStrictEqual(yield* Lrs.asked(server), { logins: 1, refreshes: done.refreshes + 1 })
        yield* third.stop
      })
    )
  )

type AccessToken = Effect.Success<Shape["token"]>

describe("processes that share a file", () => {
  shared({
    name: "LRS Connect",
    tag: LrsConnectAuth.LrsConnectAuth,
    simulator: LrsConnectSimulator.make(),
    layer: ({ credentials: { password, username: userName }, origin }) =>
      LrsConnectAuth.layer({ baseUrl: origin, credentials: { userName, password } }),
    life: 60
  })
  shared({
    name: "LogiSense",
    tag: LogiSenseAuth.LogiSenseAuth,
    simulator: LogiSenseSimulator.make(),
    layer: ({ credentials: { clientId, password, username }, origin }) =>
      LogiSenseAuth.layer({ baseUrl: origin, clientId, credentials: { username, password } }),
    life: 30
  })
  shared({
    name: "ItemPath",
    tag: ItemPathAuth.ItemPathAuth,
    simulator: ItemPathSimulator.make(),
    layer: ({ credentials, origin }) => ItemPathAuth.layer({ baseUrl: origin, credentials }),
    life: 15
  })
})

describe("A12: 100 callers in each of two processes", () => {
  it.effect("cause one refresh at each expiry", () =>
    inFile((file: File) =>
      Effect.gen(function* () {
        const simulator = yield* Lrs.vendor
        const store = SqlTokenStore.layerSqlite({ filename: file.path, keys })
        const auths = [yield* Lrs.process(simulator, store), yield* Lrs.process(simulator, store)]
        const all = Effect.all(
          auths.flatMap((auth) => Array.from({ length: 100 }, () => auth.token)),
          { concurrency: "unbounded" }
        )
        for (let expiry = 0; expiry < 10; expiry++) {
          const tokens = yield* Lrs.withTime(all)
          assert.strictEqual(new Set(tokens.map(({ value }) => Redacted.value(value))).size, 1)
          assert.deepStrictEqual(yield* Lrs.asked(simulator), { logins: 1, refreshes: expiry })
          // The API refuses it: both processes have to get another one.
          yield* Effect.all(tokens.map((token, n) => auths[n < 100 ? 0 : 1]!.invalidate(token)))
          yield* TestClock.adjust("1 minute")
        }
      }).pipe(Effect.scoped)
    )
  )
})
