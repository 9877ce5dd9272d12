/**
 * A vendor's tag for specs: the real machine over a scripted issuer, on the spec's Clock, with no network and no
 * account.
 *
 * Decided here: what a scripted issuer gives, and the controls of it. They take the tag, so that two vendors in one
 * spec never mix, and they need `TestAuth<Self>`, so that controls of a vendor that was not swapped do not compile. Not
 * here: how a vendor behaves on the wire (its simulator).
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

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

interface Script {
  readonly shape: Shape
  readonly exchanges: Array<"login" | "refresh">
  readonly issued: { current: Redacted.Redacted<string> | undefined }
  readonly failures: Array<AuthError.Reason>
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
    const exchanges: Script["exchanges"] = []
    const failures: Script["failures"] = []
    const issued: Script["issued"] = { current: undefined }
    const life = Duration.toMillis(options.life ?? "1 hour")
    const exchange = (kind: "login" | "refresh") =>
      Effect.suspend((): Issuer.Exchange => {
        exchanges.push(kind)
        const reason = failures[0]
        if (reason === undefined) {
          const given = issue(exchanges.length, life)
          issued.current = given.accessToken
          return Effect.succeed(given)
        }
        // A refused login is said to a login: to a refresh, the session is over first.
        const isLoginRefused = kind === "refresh" && reason._tag === "InvalidCredentials"
        if (!isLoginRefused) failures.shift()
        return Effect.fail(new Issuer.ExchangeFailure({ outcome: outcome(reason), reason }))
      })
    const { shape } = yield* TokenEngine.make(
      {
        vendor: tag.key,
        api: options.api ?? "https://api.test",
        account: [],
        refreshTokenUse: "many",
        login: { exchange: exchange("login"), secrets: [] },
        refresh: () => exchange("refresh")
      },
      options
    )
    return Context.merge(
      yield* Layer.build(Layer.mock(tag)({ ...shape, ...options.extra } as never)),
      Context.make(key, { shape, exchanges, failures, issued })
    )
  })
  // Its options are written in the spec itself: a wrong one is the spec's defect.
  return Layer.effectContext(Effect.orDie(make))
}

const issue = (count: number, accessLife: number): Issuer.TokenSet => ({
  accessToken: Redacted.make(`test-token-${count}`),
  accessLife,
  refreshToken: Redacted.make(`test-refresh-token-${count}`),
  refreshLife: undefined,
  details: null
})

const outcome = (reason: AuthError.Reason): Issuer.ExchangeFailure["outcome"] => {
  switch (reason._tag) {
    case "InvalidCredentials":
    case "ReauthenticationRequired":
      return "Refused"
    case "Unreachable":
      return reason.outcome
    case "MalformedResponse":
      return "Unknown"
    default:
      return "Answered"
  }
}

/**
 * The API refuses the current token, as a 401 does: the next read waits for a new one. Without a current token nothing
 * happens.
 */
export const reject = <Self>(tag: Context.Key<Self, Shape>): Effect.Effect<void, never, TestAuth<Self>> =>
  Effect.flatMap(script(tag), ({ issued, shape }) =>
    Effect.flatMap(shape.status, (status) =>
      issued.current === undefined || !("generation" in status)
        ? Effect.void
        : shape.invalidate({
            value: issued.current,
            generation: status.generation,
            issuedAt: DateTime.makeUnsafe(0),
            expiresAt: Option.none()
          })
    )
  )

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
