/**
 * How a sentence of the vendor suite is set up, and the small words sentences are written in.
 *
 * Decided here: each sentence has a simulator and a layer of its own on the TestClock, without jitter, and afterwards
 * the simulator must have seen no violation of the vendor's protocol and no refresh token presented again after it was
 * spent. Not here: the sentences.
 */
import { assert, it } from "@effect/vitest"
import type { AuthError, RefreshPolicy, TokenLifecycle } from "@vendor-auth/core"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as Policy from "@vendor-auth/core/RefreshPolicy"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as Simulator from "../Simulator.ts"

/** What a vendor brings to its suite. */
export interface Vendor<Self, S extends Simulator.Simulator> {
  readonly tag: Context.Key<Self, Shape>
  readonly simulator: Effect.Effect<S>
  /** The layer with the simulator's credentials, a user's name and password among them. */
  readonly layer: (
    simulator: S,
    options: { readonly policy: Partial<RefreshPolicy.RefreshPolicy> }
  ) => Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
  readonly httpClient: Effect.Effect<
    HttpClient.HttpClient.With<HttpClientError | AuthError.AuthError>,
    never,
    Self | HttpClient.HttpClient
  >
  /** Life of an access token. */
  readonly life: Duration.Input
  readonly refreshTokenUse: "once" | "many"
}

/** The words that the sentences of one vendor are written in. */
export type Sentences<Self, S extends Simulator.Simulator> = ReturnType<typeof make<Self, S>>

/** Makes the words for a vendor. */
export const make = <Self, S extends Simulator.Simulator>(vendor: Vendor<Self, S>) => {
  const life = Duration.toMillis(vendor.life)
  return {
    vendor,

    /** One sentence. */
    sentence: (
      title: string,
      body: (auth: Shape, simulator: S) => Effect.Effect<unknown, unknown, Self | HttpClient.HttpClient>
    ) =>
      it.effect(title, () =>
        Effect.gen(function* () {
          const simulator = yield* vendor.simulator
          const policy = { refresh: Policy.beforeExpiry({ jitter: 0 }) }
          yield* Effect.flatMap(vendor.tag, (auth) => body(auth, simulator)).pipe(
            Effect.provide(vendor.layer(simulator, { policy })),
            Effect.provide(Simulator.httpClient(simulator))
          )
          assert.deepStrictEqual(yield* simulator.violations, [])
          assert.strictEqual(yield* simulator.reuses, 0)
        })
      ),

    /** The token requests so far. */
    requests: (simulator: S) =>
      Effect.map(Effect.all([simulator.count("login"), simulator.count("refresh")]), ([logins, refreshes]) => ({
        logins,
        refreshes
      })),

    /** The reason of a failure that must come. */
    reason: <A, R>(effect: Effect.Effect<A, AuthError.AuthError, R>) =>
      Effect.map(Effect.flip(effect), (error) => error.reason._tag),

    tagOf: Effect.map((status: TokenLifecycle.AuthStatus) => status._tag),

    untilDue: TestClock.adjust(life * 0.75),

    untilExpired: TestClock.adjust(life),

    /** Until a request is out: what has to be digested for it first is digested by the platform, in real time. */
    sent: (simulator: S) =>
      Effect.gen(function* () {
        while ((yield* simulator.seen).length === 0) yield* TestClock.withLive(Effect.sleep("1 millis"))
      }),

    /** Long enough for any fiber that is ready to run. */
    settle: TestClock.adjust(1)
  }
}
