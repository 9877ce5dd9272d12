/**
 * A vendor's many accounts for specs: core's real layer of many over one scripted issuer for each id.
 *
 * Decided here: that an account's script begins with the first mention of its id and outlives its memory, what it means
 * that an account cannot be had, and which HttpClient plays the API. Not here: what a script does (`TestAuthScript`),
 * and which accounts are in memory (core's `Residents`).
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as ManyAccounts from "@vendor-auth/core/ManyAccounts"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Options, TestAuth } from "./TestAuth.ts"
import * as TestAuthScript from "./TestAuthScript.ts"

/** How each account of a swapped vendor is set up. */
export type OptionsOfOne<Extra> = Omit<Options<Extra>, "account">

/** The controls of one account. */
export interface Controls<Self> {
  /** The exchanges made so far for this account, in order. */
  readonly exchanges: Effect.Effect<ReadonlyArray<"login" | "refresh">, never, TestAuth<Self>>
  /**
   * The next exchange of this account fails with this reason; several calls queue up. `AccountUnavailable` is for the
   * next time that the account's options are looked up.
   */
  readonly failNext: (reason: AuthError.Reason) => Effect.Effect<void, never, TestAuth<Self>>
  /** The API refuses this account's current token: its next read waits for a new one. */
  readonly reject: Effect.Effect<void, never, TestAuth<Self>>
  /** Ends the current token's life early, without moving the clock. */
  readonly expire: Effect.Effect<void, never, TestAuth<Self>>
}

interface Script extends TestAuthScript.Script {
  /** What the next look-ups fail with. */
  readonly unavailable: Array<AuthError.AccountUnavailable>
  readonly account: ManyAccounts.Account<Shape>
}

const scripts = <Self>(tag: Context.Key<Self, ManyAccounts.Accounts<Shape>>) =>
  Context.Service<TestAuth<Self>, (id: string) => Script>(`@vendor-auth/testing/TestAuth/${tag.key}`)

/**
 * Swaps a vendor's many accounts in a spec. It needs nothing else, and knows every id; the options are those of all
 * accounts, or are asked for by id. The API is played by the `HttpClient` of the layer, or else of who calls.
 *
 * **Example** (Two tenants, one of which the vendor is busy for)
 *
 * ```ts
 * import { assert, it } from "@effect/vitest"
 * import { AuthError } from "@vendor-auth/core"
 * import { LogiSenseAuth } from "@vendor-auth/logisense"
 * import { TestAuth } from "@vendor-auth/testing"
 * import { Effect } from "effect"
 *
 * const tag = LogiSenseAuth.Many
 *
 * it.effect("one tenant's trouble is its own", () =>
 *   Effect.gen(function*() {
 *     const many = yield* tag
 *     yield* TestAuth.of(tag, "acme").failNext(new AuthError.Throttled({}))
 *     yield* Effect.flip(many.of("acme").token)
 *     yield* many.of("bravo").token
 *     assert.deepStrictEqual(yield* TestAuth.of(tag, "bravo").exchanges, ["login"])
 *   }).pipe(Effect.provide(TestAuth.layerMany(tag))))
 * ```
 */
export const layerMany = <Self, S extends Shape>(
  tag: Context.Key<Self, ManyAccounts.Accounts<S>>,
  options: OptionsOfOne<Omit<S, keyof Shape>> | ((id: string) => OptionsOfOne<Omit<S, keyof Shape>>) = {}
): Layer.Layer<Self | TestAuth<Self>> => {
  const optionsOf = typeof options === "function" ? options : () => options
  const make = Effect.gen(function* () {
    const begun = new Map<string, Script>()
    const scriptOf = (id: string): Script => {
      const known = begun.get(id)
      if (known !== undefined) return known
      const { api, life } = optionsOf(id)
      const issuer = TestAuthScript.make({
        vendor: tag.key,
        owner: encodeURIComponent(id.replace(/\p{Cs}/gu, "?")),
        api,
        life
      })
      const script: Script = { ...issuer, unavailable: [], account: accounts.of(id) }
      begun.set(id, script)
      return script
    }
    const real = ManyAccounts.layer<Self, S, TokenEngine.Options & { readonly id: string }, never, never>(
      tag,
      {
        vendor: tag.key,
        extra: () => ({}) as Omit<S, keyof Shape>,
        make: Effect.fnUntraced(function* ({ id, ...own }) {
          const { issuer, unavailable } = scriptOf(id)
          const reason = unavailable.shift()
          if (reason !== undefined) return yield* new AuthError.AuthError({ vendor: tag.key, reason })
          return (yield* TokenEngine.make(issuer, own)).shape as S
        })
      },
      { account: (id) => Effect.sync(() => ({ id, policy: optionsOf(id).policy })) }
    )
    const client = yield* Effect.serviceOption(HttpClient.HttpClient)
    const given = Layer.succeed(
      HttpClient.HttpClient,
      Option.getOrElse(client, () => ofCaller)
    )
    const context = yield* Layer.build(Layer.provide(real, given))
    const accounts = Context.get(context, tag)
    const missing = yield* absentees(tag.key)

    const of = (id: string): ManyAccounts.Account<S> => {
      const account = accounts.of(id)
      const signOut = Effect.tap(account.signOut, () => Effect.sync(() => (scriptOf(id).issued.current = undefined)))
      return new Proxy(
        { ...account, signOut, ...optionsOf(id).extra },
        { get: (target, member) => Reflect.get(member in target ? target : missing, member) }
      )
    }
    return Context.make(tag, { ...accounts, of }).pipe(Context.add(scripts(tag), scriptOf))
  })
  // Its options are written in the spec itself: a wrong one is the spec's defect.
  return Layer.effectContext(Effect.orDie(make))
}

/** Members that nobody gave: each dies with its name when it is used. */
const absentees = (key: string) => {
  const tag = Context.Service<never, object>(key)
  return Effect.map(Layer.build(Layer.mock(tag)({})), (context) => Context.get(context as Context.Context<never>, tag))
}

const ofCaller = HttpClient.make((request, { origin }) =>
  Effect.flatMap(
    Effect.serviceOption(HttpClient.HttpClient),
    Option.match({
      onNone: () => Effect.die(new Error(`TestAuth: nothing plays ${origin}: give the spec an HttpClient`)),
      onSome: (client) => client.execute(request)
    })
  )
)

/** The controls of one account of many. */
export const of = <Self>(tag: Context.Key<Self, ManyAccounts.Accounts<Shape>>, id: string): Controls<Self> => {
  const script = Effect.map(scripts(tag), (scriptOf) => scriptOf(id))
  const reject = Effect.flatMap(script, ({ account, ...told }) =>
    Effect.flatMap(account.status, ({ _tag }) =>
      // One that nobody asked for in a while is in the store only, and is no longer known to be signed in.
      _tag === "SignedOut" && told.issued.current !== undefined
        ? Effect.ignore(Effect.flatMap(account.token, account.invalidate))
        : TestAuthScript.reject(told, account)
    )
  )
  return {
    exchanges: Effect.map(script, ({ exchanges }) => [...exchanges]),
    failNext: (reason) =>
      Effect.map(script, ({ failures, unavailable }) => {
        if (reason._tag === "AccountUnavailable") unavailable.push(reason)
        else failures.push(reason)
      }),
    reject,
    expire: reject
  }
}
