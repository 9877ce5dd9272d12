/**
 * A vendor's tag for specs: the real machine over a scripted issuer, on the spec's Clock, with no network and no
 * account.
 *
 * Decided here: the controls. They take the tag, so that two vendors in one spec never mix, and they need
 * `TestAuth<Self>`, so that controls of a vendor that was not swapped do not compile. Not here: what a scripted issuer
 * gives (`TestAuthScript`), many accounts of a vendor (`TestAuthMany`), and how a vendor behaves on the wire (its
 * simulator).
 */
import type * as AuthError from "@vendor-auth/core/AuthError"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestAuthScript from "./TestAuthScript.ts"

export { type Controls, layerMany, of, type OptionsOfOne } from "./TestAuthMany.ts"

/** Says that the vendor of this tag was swapped. */
export interface TestAuth<in out Self> {
  readonly swapped: (self: Self) => Self
}

/** How a swapped vendor is set up. */
export interface Options<Extra> extends TokenEngine.Options {
  /** @default "https://api.test" */
  readonly api?: string | undefined
  /** Members that the vendor has beyond the shape. One that is not given dies with its name when it is used. */
  readonly extra?: Partial<Extra> | undefined
  /** Life of the tokens that are issued. @default "1 hour" */
  readonly life?: Duration.Input | undefined
}

interface Script extends TestAuthScript.Script {
  readonly shape: Shape
}

const script = <Self>(tag: Context.Key<Self, Shape>) =>
  Context.Service<TestAuth<Self>, Script>(`@vendor-auth/testing/TestAuth/${tag.key}`)

/**
 * Swaps a vendor in a spec. It needs nothing else.
 *
 * **Example** (A spec without a vendor account)
 *
 * ```ts
 * import { assert, it } from "@effect/vitest"
 * import { LogiSenseAuth } from "@vendor-auth/logisense"
 * import { TestAuth } from "@vendor-auth/testing"
 * import { Effect } from "effect"
 *
 * const tag = LogiSenseAuth.LogiSenseAuth
 *
 * it.effect("logs in once", () =>
 *   Effect.gen(function*() {
 *     yield* Effect.flatMap(tag, (auth) => auth.token)
 *     assert.deepStrictEqual(yield* TestAuth.exchanges(tag), ["login"])
 *   }).pipe(Effect.provide(TestAuth.layer(tag))))
 * ```
 */
export const layer = <Self, Extra extends object>(
  tag: Context.Key<Self, Shape & Extra>,
  options: Options<Extra> = {}
): Layer.Layer<Self | TestAuth<Self>> => {
  const key = script(tag)
  const make = Effect.gen(function* () {
    const { api, life } = options
    const told = TestAuthScript.make({ vendor: tag.key, owner: undefined, api, life })
    const { shape } = yield* TokenEngine.make(told.issuer, options)
    return Context.merge(
      yield* Layer.build(Layer.mock(tag)({ ...shape, ...options.extra } as never)),
      Context.make(key, { ...told, shape })
    )
  })
  // Its options are written in the spec itself: a wrong one is the spec's defect.
  return Layer.effectContext(Effect.orDie(make))
}

/**
 * The API refuses the current token, as a 401 does: the next read waits for a new one. Without a current token nothing
 * happens.
 */
export const reject = <Self>(tag: Context.Key<Self, Shape>): Effect.Effect<void, never, TestAuth<Self>> =>
  Effect.flatMap(script(tag), ({ shape, ...told }) => TestAuthScript.reject(told, shape))

/** Ends the current token's life early, without moving the clock: the next read waits for a new one. */
export const expire: typeof reject = reject

/** The next exchange fails with this reason. Several calls queue up. */
export const failNext = <Self>(
  tag: Context.Key<Self, Shape>,
  reason: AuthError.Reason
): Effect.Effect<void, never, TestAuth<Self>> =>
  Effect.map(script(tag), ({ failures }) => {
    failures.push(reason)
  })

/** The exchanges made so far, in order. */
export const exchanges = <Self>(
  tag: Context.Key<Self, Shape>
): Effect.Effect<ReadonlyArray<"login" | "refresh">, never, TestAuth<Self>> =>
  Effect.map(script(tag), (told) => [...told.exchanges])
