// One way into one vendor, set up for a single thing to go wrong on the test clock, and seen by a watch from the start.
// Decided here: that all an app holds is shown to the watch (options, service, client, tokens, sessions of the store,
// each exit), and how an effect is run. Not here: what goes wrong (`Lifecycle.test.ts`).
import { assert } from "@effect/vitest"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import type * as Simulator from "@vendor-auth/testing/Simulator"
import { httpClient } from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Canary from "./Canary.ts"
import { makeWatch, reasonOf } from "./Channels.ts"
import { ways, type Built, type Given, type Name } from "./Vendors.ts"
import * as Wire from "./Wire.ts"

/** What a case has to work with. */
export interface Stage {
  readonly simulator: Simulator.Simulator
  /** An address of the vendor's API that answers. */
  readonly resource: string
  /** The secret that the way in is given. */
  readonly secret: Redacted.Redacted<string>
  readonly watch: ReturnType<typeof makeWatch>
  /** A secret of the case's own: another password, what a store or a sign-in says. */
  readonly canary: (name: string, text: string) => string
  /** A refresh token that is alive at the vendor. */
  readonly refreshToken: Effect.Effect<Redacted.Redacted<string>>
  readonly build: (given?: Partial<Given>) => Effect.Effect<Built, never, HttpClient.HttpClient | Scope.Scope>
  /** Runs for at most 40 seconds of the test clock, and interrupts what is not done by then. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Exit.Exit<A, E>, never, R>
}

const origin = "https://vendor.test"

/** Something that goes wrong. */
export interface Case {
  readonly title: string
  readonly ways: ReadonlyArray<Name>
  /** The reasons with which its runs end, in their order. */
  readonly ends: ReadonlyArray<string>
  readonly act: (stage: Stage) => Effect.Effect<void, unknown, HttpClient.HttpClient | Scope.Scope>
}

/** Plays a case, and finds no secret in anything that was seen. */
export const play = ({ act, ends }: Case, name: Name) =>
  Effect.gen(function* () {
    const way = ways[name]
    const secret = Redacted.make(way.isToken ? Canary.token() : Canary.password())
    const password = way.isToken ? Redacted.make(Canary.password()) : secret
    const canaries = [
      { name: "the secret of the options", text: Redacted.value(secret) },
      { name: "the vendor's password", text: Redacted.value(password) }
    ]
    const simulator = yield* way.simulator(origin, password)
    const watch = makeWatch()
    const ended: Array<string> = []

    const store = yield* TokenStore.makeMemory
    const spying = TokenStore.TokenStore.of({
      ...store,
      read: (account) => Effect.tap(store.read(account), (row) => Effect.sync(() => watch.see("a record", row))),
      write: (account, version, session) => {
        watch.see("a session", session)
        return store.write(account, version, session)
      }
    })

    const run: Stage["run"] = Effect.fnUntraced(function* (effect) {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("40 seconds")
      if (fiber.pollUnsafe() === undefined) yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      ended.push(reasonOf(exit))
      watch.see("an exit", exit)
      return exit
    })

    const build: Stage["build"] = (given) =>
      Effect.suspend(() => {
        const all = { baseUrl: origin, secret, ...given }
        watch.see("the options", way.options(all))
        return Effect.orDie(way.build(all))
      }).pipe(
        Effect.provideService(TokenStore.TokenStore, spying),
        Effect.tap(({ auth, client }) => Effect.sync(() => watch.see("what the layer gave", auth, client)))
      )

    yield* act({
      simulator,
      resource: `${origin}${simulator.resource}`,
      secret,
      watch,
      canary: (name, text) => {
        canaries.push({ name, text })
        return text
      },
      refreshToken: Effect.gen(function* () {
        // A login outside of the case, as a person has done it before.
        const byPassword = name.startsWith("LRS") ? "LRS Connect by password" : "ItemPath by password"
        const { auth } = yield* Effect.orDie(ways[byPassword].build({ baseUrl: origin, secret: password }))
        yield* Effect.orDie(auth.token)
        return Redacted.make(canaries.findLast(({ name }) => name.startsWith("refresh"))!.text)
      }).pipe(Effect.scoped, Effect.provide(layer())),
      build,
      run
    }).pipe(
      Effect.scoped,
      // An app may well record all headers that it sends.
      Effect.provideService(HttpClient.TracerHeaderFilter, (_, phase) => phase === "request"),
      Effect.provide(layer()),
      watch.during
    )

    function layer() {
      return httpClient({ ...simulator, ...Wire.watched(simulator, canaries) })
    }

    assert.deepStrictEqual(ended, ends)
    assert.deepStrictEqual(Canary.search(canaries, yield* watch.everything), [])
    return { canaries, watch }
  })
