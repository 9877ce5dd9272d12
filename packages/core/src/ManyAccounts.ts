/**
 * Many accounts of one vendor in one layer, for apps whose tenants are known only at run time.
 *
 * Decided here: what an account of many looks like to its caller, that its name in the store is its id, and what the
 * layer can be told. Not here: which accounts are in memory (`Residents`), and what an account does (`TokenEngine`).
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AccessToken } from "./AccessToken.ts"
import * as AuthError from "./AuthError.ts"
import * as AuthHttpClient from "./AuthHttpClient.ts"
import type { Shape } from "./AuthService.ts"
import * as DueRounds from "./DueRounds.ts"
import * as Host from "./Host.ts"
import * as Residents from "./Residents.ts"
import type * as TokenEngine from "./TokenEngine.ts"
import * as TokenLifecycle from "./TokenLifecycle.ts"
import * as TokenStore from "./TokenStore.ts"

/**
 * One account of many: what a vendor's service can do. Nothing is looked up before it is used, so that its address and
 * the stream of its changes can fail, too: with `AccountUnavailable`, or for its options.
 */
export type Account<S extends Shape> = Omit<S, "api" | "changes"> & {
  /** Base URL of the vendor's API for this account. */
  readonly api: Effect.Effect<string, AuthError.AuthError>
  /** The current status, then one element for each change of state. Whoever listens keeps the account in memory. */
  readonly changes: Stream.Stream<TokenLifecycle.AuthStatus, AuthError.AuthError>
  /** A client of the vendor's API, as the vendor's `httpClient` is. */
  readonly httpClient: HttpClient.HttpClient.With<HttpClientError | AuthError.AuthError>
}

/** The accounts of a vendor. */
export interface Accounts<S extends Shape> {
  /** The account of this id. Its id is its name, in the store and in logs. */
  readonly of: (id: string) => Account<S>
  /** How many accounts are in memory now. */
  readonly size: Effect.Effect<number>
}

/** Makes a vendor's tag of many accounts. */
export const Service =
  <Self, S extends Shape>() =>
  <const Id extends string>(id: Id): Context.ServiceClass<Self, Id, Accounts<S>> =>
    Context.Service<Self, Accounts<S>>()(id)

/** How a layer of many accounts is set up. */
export interface Options<O, E, R> {
  /**
   * The options of an account. It is asked whenever something has to be done for an account, a refresh for example, and
   * its secrets are not kept in between: a lookup that is slow or dear is to be cached. It may take 30 seconds.
   */
  readonly account: (id: string) => Effect.Effect<O, E, R>
  /**
   * How many accounts are in memory at most. Beyond it the one that was used least recently makes room; it goes on
   * being refreshed from the store. @default 100,000
   */
  readonly capacity?: number | undefined
  /** After this time without a caller an account is kept in the store only. @default "1 hour" */
  readonly idleTimeToLive?: Duration.Input | undefined
}

/** Does something with an account's service. */
export type Use<S> = <A>(
  f: (service: S) => Effect.Effect<A, AuthError.AuthError>
) => Effect.Effect<A, AuthError.AuthError>

/** What a vendor gives for its many accounts. */
export interface Vendor<S extends Shape, O> extends AuthHttpClient.Options {
  readonly vendor: string
  readonly make: (options: O) => Effect.Effect<S, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope>
  /** The vendor's members beyond the shape. */
  readonly extra: (use: Use<S>) => Omit<S, keyof Shape>
}

/** Milliseconds that a lookup may take. */
const lookupLimit = 30_000

/**
 * The layer of many accounts. Sends nothing and looks nothing up; fails with `InvalidOptions`. From then on sessions of
 * this vendor that the store says are due are refreshed, whether their account was asked for or not.
 */
export const layer = <Self, S extends Shape, O extends TokenEngine.Options, E, R>(
  tag: Context.Key<Self, Accounts<S>>,
  vendor: Vendor<S, O>,
  options: Options<O, E, R>
): Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient | Exclude<R, Scope.Scope>> =>
  Layer.effect(tag, make(vendor, options))

const make = Effect.fnUntraced(function* <S extends Shape, O extends TokenEngine.Options, E, R>(
  vendor: Vendor<S, O>,
  options: Options<O, E, R>
): Effect.fn.Return<Accounts<S>, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope | R> {
  const client = yield* HttpClient.HttpClient
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<R>()
  const store = yield* TokenStore.orMemory
  const failed = (reason: AuthError.Reason) => new AuthError.AuthError({ vendor: vendor.vendor, reason })
  const invalid = (field: string, problem: string) => failed(new AuthError.InvalidOptions({ field, problem }))

  const { capacity = 100_000, idleTimeToLive = "1 hour" } = options
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    return yield* invalid("capacity", "is not a whole number above 0")
  const idle = Duration.fromInput(idleTimeToLive)
  if (Option.isNone(idle) || !(Duration.toMillis(idle.value) > 0)) {
    return yield* invalid("idleTimeToLive", "is not a duration above 0")
  }

  const lookup = (id: string): Effect.Effect<O, AuthError.AuthError> =>
    options.account(id).pipe(
      Effect.mapError((failure) => ({ failure: Redacted.make<unknown>(failure) })),
      Effect.timeoutOrElse({ duration: lookupLimit, orElse: () => Effect.fail({}) }),
      Effect.mapError((said) => failed(new AuthError.AccountUnavailable({ problem: "Lookup", ...said }))),
      Effect.provideContext(context)
    )

  const provided = Context.make(HttpClient.HttpClient, client).pipe(Context.add(TokenStore.TokenStore, store))
  const residents = yield* Residents.make<S>({
    vendor: vendor.vendor,
    capacity,
    idleTimeToLive: Duration.toMillis(idle.value),
    make: Effect.fnUntraced(function* (id, host) {
      const found = yield* lookup(id)
      if (found.account !== undefined && found.account !== id) {
        return yield* invalid("account", "is not the id that the account was asked for by: leave it out")
      }
      // Given here and not before: what the app does to look an account up is not this account's.
      const given = Context.mergeAll(provided, Context.make(Host.Host, host))
      return yield* Effect.provideContext(vendor.make({ ...found, account: id }), given)
    })
  })
  yield* DueRounds.make({ vendor: vendor.vendor, store, residents })

  const now = () => clock.currentTimeMillisUnsafe()

  const of = (id: string): Account<S> => {
    const use: Use<S> = (f) => residents.use(id, f)
    /** What its record says is said at once: a good token, or that its last failure is to be waited out. */
    const token = Effect.suspend(() => {
      const resident = residents.get(id)
      const state = resident?.memory.state ?? TokenLifecycle.initial
      const { answer, starts } = TokenLifecycle.on(state, { _tag: "Read" }, now())
      if (resident === undefined || starts || answer === "wait") return use((service) => service.token)
      resident.usedAt = now()
      return "value" in answer ? Effect.succeed(answer) : Effect.fail(answer)
    })
    /** A token of an account that was forgotten meanwhile is in the store still. */
    const invalidate = (rejected: AccessToken) =>
      Effect.ignore(
        use((service) =>
          Effect.andThen(
            residents.get(id)?.memory.state.held === undefined ? service.token : Effect.void,
            service.invalidate(rejected)
          )
        )
      )
    const api = use((service) => Effect.succeed(service.api))
    let known: HttpClient.HttpClient.With<HttpClientError | AuthError.AuthError> | undefined
    const authenticated = Effect.suspend(() =>
      known !== undefined
        ? Effect.succeed(known)
        : use(({ api }) =>
            Effect.sync(() => {
              const account = residents.get(id)!.memory
              return (known = AuthHttpClient.make(account, { api, invalidate, token }, client, vendor))
            })
          )
    )
    return {
      ...vendor.extra(use),
      token,
      refresh: use((service) => service.refresh),
      invalidate,
      status: Effect.sync(() =>
        TokenLifecycle.status(residents.get(id)?.memory.state ?? TokenLifecycle.initial, now())
      ),
      changes: Stream.unwrap(Effect.map(residents.hold(id), ({ changes }) => changes)),
      signOut: use((service) => service.signOut),
      api,
      httpClient: HttpClient.makeWith<
        HttpClientError | AuthError.AuthError,
        never,
        HttpClientError | AuthError.AuthError,
        never
      >(
        (request) => Effect.flatMap(authenticated, (own) => own.postprocess(request)),
        (request) => Effect.flatMap(authenticated, (own) => own.preprocess(request))
      )
    } as Account<S>
  }
  return { of, size: Effect.sync(residents.size) }
})
