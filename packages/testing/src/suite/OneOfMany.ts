/**
 * One account of many in the place of a layer that has one account, so that the suite's sentences hold for both.
 *
 * Decided here: how the one is made of the other. Not here: the sentences.
 */
import type { AuthError, ManyAccounts, RefreshPolicy } from "@vendor-auth/core"
import * as AuthService from "@vendor-auth/core/AuthService"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Simulator } from "../Simulator.ts"
import type * as Sentence from "./Sentence.ts"

/** What a vendor of many accounts brings to its suite. */
export interface ManyVendor<Self, S extends Simulator> extends Pick<
  Sentence.Vendor<never, S>,
  "simulator" | "life" | "refreshTokenUse"
> {
  readonly tag: Context.Key<Self, ManyAccounts.Accounts<AuthService.Shape>>
  /**
   * The layer, each account of which has the simulator's credentials, and its `idleTimeToLive` no end: a sentence that
   * lets hours pass looks at the account afterwards.
   */
  readonly layer: (
    simulator: S,
    options: { readonly policy: Partial<RefreshPolicy.RefreshPolicy> }
  ) => Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
}

class One extends AuthService.Service<One>()("@vendor-auth/testing/OneOfMany") {}

/** A vendor whose only account is one of many. */
export const vendor = <Self, S extends Simulator>(many: ManyVendor<Self, S>): Sentence.Vendor<Self | One, S> => {
  const account = Effect.map(many.tag, (accounts) => accounts.of("tenant"))
  const one = Layer.effect(
    One,
    Effect.gen(function* () {
      const { api, changes, ...shape } = yield* account
      return { ...shape, api: yield* Effect.orDie(api), changes: Stream.orDie(changes) }
    })
  )
  return {
    ...many,
    tag: One as Context.Key<Self | One, AuthService.Shape>,
    layer: (simulator, options) => Layer.provideMerge(one, many.layer(simulator, options)),
    httpClient: Effect.map(account, ({ httpClient }) => httpClient)
  }
}
