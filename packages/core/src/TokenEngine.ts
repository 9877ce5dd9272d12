/**
 * Runs the state machine of one account: asks `TokenLifecycle` what to do and does it.
 *
 * Decided here: that a flight belongs to the layer's scope and not to the caller who began it, so that no interruption
 * loses it; that one timer is armed for the next moment that matters; and what becomes of a flight that a sign-out
 * overtook. Not here: what follows from an event (`TokenLifecycle`), how a flight goes (`Flight`), and what is done for
 * an account that is one of many (`Host`).
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as AccessToken from "./AccessToken.ts"
import * as Account from "./Account.ts"
import * as ApplicationToken from "./ApplicationToken.ts"
import * as AuthError from "./AuthError.ts"
import type { Shape } from "./AuthService.ts"
import * as Flight from "./Flight.ts"
import * as Healing from "./Healing.ts"
import * as Host from "./Host.ts"
import type { Issuer } from "./Issuer.ts"
import * as Memory from "./Memory.ts"
import * as RefreshPolicy from "./RefreshPolicy.ts"
import type * as Session from "./Session.ts"
import * as Telemetry from "./Telemetry.ts"
import * as Timer from "./Timer.ts"
import * as TokenLifecycle from "./TokenLifecycle.ts"
import * as TokenStore from "./TokenStore.ts"

/** What a vendor's `make` builds its service from. */
export interface Engine {
  readonly shape: Shape
  /** The session behind a valid token, for what a vendor offers beyond the shape. */
  readonly session: Effect.Effect<Session.Session, AuthError.AuthError>
}

/** The options that every vendor has. */
export interface Options {
  /** Names the session in the store. @default derived from the vendor, its address and the user or client id */
  readonly account?: string | undefined
  readonly policy?: Partial<RefreshPolicy.RefreshPolicy> | undefined
}

/**
 * Makes an account's engine. Sends nothing; the first `token` does, and from then on the schedule runs until the scope
 * closes. Fails with `InvalidOptions` for a policy that cannot be used.
 */
export const make = Effect.fnUntraced(function* (
  issuer: Issuer,
  options: Options
): Effect.fn.Return<Engine, AuthError.AuthError, Scope.Scope> {
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  // What the app runs inside an exchange is no account of this host's.
  const context = Context.omit(Host.Host)(yield* Effect.context<never>())
  const policy = yield* RefreshPolicy.resolve(issuer.vendor, options.policy)
  const account = yield* Account.identify(issuer, options.account)
  const store = yield* TokenStore.orMemory
  const host = yield* Host.Host
  const memory = host?.memory ?? Memory.make()
  const flights =
    issuer.applicationToken === undefined
      ? Flight.make({ issuer, policy, store, memory, warning: host?.warning ?? { isGiven: false }, ...account })
      : ApplicationToken.make(issuer.vendor, issuer.applicationToken)

  const now = () => clock.currentTimeMillisUnsafe()
  const changes = yield* SubscriptionRef.make(TokenLifecycle.status(memory.state, now()))

  /** The answer of the running flight, for all who wait. */
  let landing = Deferred.makeUnsafe<AccessToken.AccessToken, AuthError.AuthError>()
  /** Callers that joined the running flight. */
  let joined = 0
  /** Counts sign-outs: a flight begun before one does not touch what comes after it. */
  let epoch = 0
  /** Flights that are out: the current one, and those that a sign-out overtook. */
  let flying = 0
  /** Sign-outs that are being written. */
  let signingOut = 0

  // Who keeps the service of a closed scope keeps no token with it. Made first, undone last: no flight is left by then.
  const forget = Effect.sync(() => {
    Memory.forget(memory)
    keep(memory.state)
    landing = Deferred.makeUnsafe()
  })
  if (host === undefined) yield* Effect.addFinalizer(() => forget)

  /** Closed while a sign-out is written: what would begin a flight waits for it. */
  const forgotten = Latch.makeUnsafe(true)

  let held: TokenLifecycle.Held | undefined
  let { answer, from, until } = TokenLifecycle.fresh(held)
  const keep = (state: TokenLifecycle.State) => {
    memory.state = state
    if (state.held !== held) ({ answer, from, until } = TokenLifecycle.fresh((held = state.held)))
  }
  keep(memory.state)

  /** Decides on an event; the effect does what follows from it. */
  const decide = (event: TokenLifecycle.Event): Effect.Effect<TokenLifecycle.Decision> => {
    const decision = TokenLifecycle.on(memory.state, event, now())
    if (decision.starts && !forgotten.isOpen()) {
      return Effect.andThen(Effect.interruptible(forgotten.await), dispatch(event))
    }
    if (decision.starts && host !== undefined && event._tag !== "Refresh") {
      const { failure } = memory.state
      if (failure === undefined) host.started()
      else if (!host.mayRetry(now())) return Effect.andThen(postpone(failure), dispatch(event))
    }
    keep(decision.state)
    if (decision.starts) landing = Deferred.makeUnsafe()
    const start = decision.starts ? takeOff(event, decision) : Effect.void
    return Effect.as(Effect.andThen(start, Effect.andThen(publish, arm)), decision)
  }

  /** Too many accounts of this vendor fail already: what would have been the next try is left out. */
  const postpone = (failure: NonNullable<TokenLifecycle.State["failure"]>) =>
    Effect.map(Random.next, (random) => {
      memory.state = { ...memory.state, failure: { ...failure, retryAt: Math.round(now() + (1 + random) * postponed) } }
    })

  // Between the decision and the flight nothing may come: an account would wait for a flight that never began.
  const dispatch = (event: TokenLifecycle.Event) => Effect.uninterruptible(Effect.suspend(() => decide(event)))

  const timer = yield* Timer.make(dispatch({ _tag: "Timer" }))

  /** The same for what a flight brought, unless somebody signed out since it began: no other fiber comes in between. */
  const report = (begun: number, event: TokenLifecycle.Event, adopted?: Session.Session) =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (begun !== epoch) return Effect.void
        if (adopted !== undefined) memory.session = adopted
        return decide(event)
      })
    )

  const publish = Effect.suspend(() => {
    const before = SubscriptionRef.getUnsafe(changes)
    const after = TokenLifecycle.status(memory.state, now())
    if (TokenLifecycle.isSame(before, after)) return Effect.void
    const set = SubscriptionRef.set(changes, after)
    return TokenLifecycle.isSameState(before, after)
      ? set
      : Effect.andThen(
          set,
          Telemetry.stateChanged(issuer.vendor, account.label, after, host === undefined ? now() : undefined)
        )
  })

  const takeOff = (event: TokenLifecycle.Event, { answer, state: { held } }: TokenLifecycle.Decision) => {
    const [waiting, begun] = [landing, epoch]
    flying++
    const flight = flights.fly({
      after: held?.token.generation ?? 0,
      isForced: event._tag === "Refresh",
      isBackground: event._tag === "Timer" || event._tag === "Due" || answer !== "wait",
      isCurrent: () => begun === epoch && forgotten.isOpen()
    })
    return flight.pipe(
      Effect.exit,
      Effect.flatMap((exit) => land(exit, begun)),
      Effect.exit,
      Effect.tap(() => {
        const count = joined
        joined = 0
        return Telemetry.waitersJoined(issuer.vendor, count)
      }),
      Effect.provideContext(context),
      Effect.forkIn(scope, { startImmediately: true }),
      // On the fiber and not in it: a scope that is closed by now ends a fiber before it runs.
      Effect.map((fiber) =>
        fiber.addObserver((exit) => {
          const outcome = Exit.isSuccess(exit) ? exit.value : Exit.failCause(exit.cause)
          flying--
          Deferred.doneUnsafe(waiting, outcome)
          host?.landed(Exit.isSuccess(outcome))
        })
      )
    )
  }

  /** Takes in what a flight brought. One begun before a sign-out is told to those who waited, and that is all. */
  const land = Effect.fnUntraced(function* (
    exit: Exit.Exit<Flight.Brought, AuthError.AuthError | Flight.Overtaken>,
    begun: number
  ): Effect.fn.Return<AccessToken.AccessToken, AuthError.AuthError> {
    if (Exit.isSuccess(exit)) {
      if (begun === epoch) memory.retryDelay = undefined
      const { fellBack, session } = exit.value
      const held = yield* hold(session)
      if (fellBack) Healing.fellBack(held.token)
      yield* report(begun, { _tag: "Succeeded", held }, session)
      return held.token
    }
    const failure = Option.getOrUndefined(Exit.findErrorOption(exit))
    if (failure?._tag === "Overtaken") {
      yield* report(begun, failure.by === "signOut" ? { _tag: "SignedOut" } : failure)
      return yield* failure.error
    }
    // A `refresh` that fails must not cost an account that holds nothing yet the good token in the store.
    const isLooking = memory.state.held === undefined && failure?.reason._tag !== "StoreFailure"
    const good = isLooking ? Option.getOrUndefined(yield* Effect.option(flights.look)) : undefined
    const held = good && (yield* hold(good))
    // A defect is for the callers to see; the account takes it as one more failure.
    const error = failure ?? unknownOutcome(issuer.vendor)
    memory.retryDelay ??= yield* RefreshPolicy.stepper(policy.retry)
    const delay = yield* memory.retryDelay(now(), error)
    const pause = Math.min(TokenLifecycle.longestPause, Math.max(shortestPause, delay))
    yield* report(begun, { _tag: "Failed", error, retryAt: Math.round(now() + pause), held }, good)
    return failure === undefined ? yield* Effect.failCause(exit.cause as Cause.Cause<never>) : yield* failure
  }, Effect.uninterruptible)

  const hold = Effect.fnUntraced(function* (session: Session.Session) {
    memory.refreshDelay ??= yield* RefreshPolicy.stepper(policy.refresh)
    return yield* RefreshPolicy.hold(session, policy, memory.refreshDelay, now)
  })

  /** The next moment that begins a refresh or changes the status. */
  const arm = Effect.suspend(() => {
    const at = TokenLifecycle.wakesAt(memory.state, now())
    if (host === undefined) return timer(at)
    // In the same step: a moment read before another fiber's decision must not be set after it.
    host.alarm(at)
    return Effect.void
  })

  const ask = (event: TokenLifecycle.Event): Effect.Effect<AccessToken.AccessToken, AuthError.AuthError> =>
    Effect.flatMap(dispatch(event), ({ answer, starts }) => {
      if (answer !== "wait") return "value" in answer ? Effect.succeed(answer) : Effect.fail(answer)
      return Effect.withFiber((fiber) => wait(fiber, !starts))
    })

  /** Thousands may come while one flight is out: what is done for each of them is next to nothing. */
  const wait = (fiber: Fiber.Fiber<unknown, unknown>, isJoining: boolean) => {
    if (scope.state._tag === "Closed") return Effect.interrupt
    if (isJoining) joined++
    return Telemetry.waits(issuer.vendor, fiber, Deferred.await(landing))
  }

  const token = Effect.withFiber<AccessToken.AccessToken, AuthError.AuthError>((fiber) => {
    const at = now()
    if (at >= from && at < until) return answer
    const isJoining = memory.state.isExchanging && (held === undefined || at >= held.expiredAt)
    return isJoining ? wait(fiber, true) : ask({ _tag: "Read" })
  })

  const shape: Shape = {
    token,
    refresh: ask({ _tag: "Refresh" }),
    invalidate: (rejected) =>
      Effect.suspend(() => {
        if (memory.state.held?.token.generation === rejected.generation) flights.reject(rejected.value)
        return Effect.asVoid(dispatch({ _tag: "Rejected", generation: rejected.generation }))
      }),
    status: Effect.sync(() => TokenLifecycle.status(memory.state, now())),
    changes: SubscriptionRef.changes(changes),
    signOut: Effect.gen(function* () {
      signingOut++
      forgotten.closeUnsafe()
      yield* flights.signOut
      memory.retryDelay = undefined
      epoch++
      memory.session = undefined
      yield* dispatch({ _tag: "SignedOut" })
    }).pipe(Effect.ensuring(Effect.sync(() => --signingOut === 0 && forgotten.openUnsafe())), Effect.uninterruptible),
    api: issuer.api
  }
  host?.attach({
    wake: (isDue) => Effect.asVoid(dispatch({ _tag: isDue ? "Due" : "Timer" })),
    settled: Effect.suspend(() =>
      memory.state.isExchanging ? Effect.ignoreCause(Deferred.await(landing)) : Effect.void
    ),
    isBusy: () => flying > 0 || signingOut > 0,
    rest: () => {
      if (policy.refresh === RefreshPolicy.standard) memory.refreshDelay = undefined
    }
  })
  // A token that never expires is at hand from the beginning, and nothing is sent for it.
  if (issuer.applicationToken !== undefined) yield* token
  return { shape, session: Effect.map(token, () => memory.session!) }
})

/** The shortest pause between two tries, in milliseconds. */
const shortestPause = 1_000

/** Milliseconds by which a retry is put off where too many accounts of a vendor fail; up to twice that, at random. */
const postponed = 120_000

const unknownOutcome = (vendor: string) =>
  new AuthError.AuthError({ vendor, reason: new AuthError.Unreachable({ outcome: "Unknown" }) })
