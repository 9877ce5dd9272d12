/**
 * The state machine of one account, as pure functions: (state, event, now) -> state and what to do.
 *
 * | state       | a read of `token`                 | leaves by                                                     |
 * |-------------|-----------------------------------|---------------------------------------------------------------|
 * | signed out  | starts or joins the flight, waits | success: fresh; transient failure: backing off; final: refused|
 * | fresh       | answers at once                   | time: due; its own 401: expired                               |
 * | due         | answers at once, refreshes behind | success: fresh; failure: due, next try by the retry schedule; |
 * |             |                                   | time: expired                                                 |
 * | expired     | joins the flight, waits           | success: fresh; transient failure: backing off; final: refused|
 * | backing off | fails at once with that error     | the retry schedule's time: the next read starts the flight;   |
 * |             |                                   | `refresh` starts it now                                       |
 * | refused     | fails at once; `refresh` too      | `signOut`, or a layer with other credentials                  |
 * | unresolved  | as fresh or due while the access  | `signOut`, or a login by `onUnresolved`                       |
 * |             | token lives, then fails at once   |                                                               |
 *
 * Not here: how a flight goes (`Flight`), what runs these decisions (`TokenEngine`), and the windows' figures
 * (`RefreshPolicy`). Instants are milliseconds since the epoch.
 */
import * as DateTime from "effect/DateTime"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { AccessToken } from "./AccessToken.ts"
import type { AuthError } from "./AuthError.ts"

/** Where an account stands, for people and programs that watch it. */
export type AuthStatus =
  | { readonly _tag: "SignedOut" }
  | { readonly _tag: "Fresh"; readonly generation: number; readonly expiresAt: Option.Option<DateTime.Utc> }
  | {
      readonly _tag: "Due"
      readonly generation: number
      readonly expiresAt: Option.Option<DateTime.Utc>
      /** Why the last exchange failed, if it did. */
      readonly error: Option.Option<AuthError>
    }
  | { readonly _tag: "Expired"; readonly generation: number }
  | {
      readonly _tag: "BackingOff"
      readonly error: AuthError
      readonly since: DateTime.Utc
      readonly retryAt: DateTime.Utc
    }
  | { readonly _tag: "Refused"; readonly error: AuthError; readonly since: DateTime.Utc }
  | { readonly _tag: "Unresolved"; readonly error: AuthError; readonly since: DateTime.Utc }

/** A token in memory, and the moments at which its state changes. */
export interface Held {
  readonly token: AccessToken
  /** When the schedule refreshes it; `Infinity` for never. */
  readonly timerAt: number
  /** From when on a read refreshes behind. */
  readonly dueAt: number
  /** From when on it is no longer handed out. */
  readonly expiredAt: number
}

/** All that is remembered of an account between two events. */
export interface State {
  /** The newest token; it may be expired, or rejected. */
  readonly held: Held | undefined
  /** A flight is out. */
  readonly isExchanging: boolean
  /** How the last exchange failed, and since when they all do, if none succeeded since. */
  readonly failure: { readonly error: AuthError; readonly since: number; readonly retryAt: number } | undefined
}

/** What happened. */
export type Event =
  | { readonly _tag: "Read" }
  | { readonly _tag: "Refresh" }
  | { readonly _tag: "Timer" }
  /** The store says that the account's refresh is due; nothing of it may be in memory. */
  | { readonly _tag: "Due" }
  | { readonly _tag: "Rejected"; readonly generation: number }
  | { readonly _tag: "Succeeded"; readonly held: Held }
  /** `held`: the store has a good token all the same. */
  | {
      readonly _tag: "Failed"
      readonly error: AuthError
      readonly retryAt: number
      readonly held?: Held | undefined
    }
  /** Another process was in the way; nothing failed here. */
  | { readonly _tag: "Overtaken"; readonly error: AuthError }
  | { readonly _tag: "SignedOut" }

/** What follows from an event: the next state, what its caller gets, and whether a flight starts. */
export interface Decision {
  readonly state: State
  /** At once, or with the flight that is out. */
  readonly answer: AccessToken | AuthError | "wait"
  /** A flight starts now. */
  readonly starts: boolean
}

/** The state of an account that was never used. */
export const initial: State = { held: undefined, isExchanging: false, failure: undefined }

/** Decides what follows from an event. `now` is the wall clock, in milliseconds since the epoch. */
export const on = (state: State, event: Event, now: number): Decision => {
  switch (event._tag) {
    case "Read":
      return read(state, now)
    case "Refresh":
      return state.failure?.error.isFinal ? stay(state, state.failure.error) : join(state)
    case "Timer":
      return refreshesAt(state, now) <= now ? join(state) : stay(state)
    case "Due":
      return state.held === undefined && !(state.failure && isPending(state.failure, now))
        ? join(state)
        : on(state, { _tag: "Timer" }, now)
    case "Rejected":
      return state.held?.token.generation === event.generation
        ? stay({ ...state, held: { ...state.held, timerAt: Infinity, expiredAt: -Infinity } })
        : stay(state)
    case "Succeeded":
      return stay({ held: event.held, isExchanging: false, failure: undefined }, event.held.token)
    case "Failed":
      return stay(
        { held: event.held ?? state.held, isExchanging: false, failure: fail(state, event, now) },
        event.error
      )
    case "Overtaken":
      return stay({ ...state, isExchanging: false }, event.error)
    case "SignedOut":
      return stay(initial)
  }
}

const fail = ({ failure }: State, { error, retryAt }: Extract<Event, { _tag: "Failed" }>, now: number) => ({
  error,
  since: failure?.since ?? now,
  retryAt
})

const read = (state: State, now: number): Decision => {
  const { failure, held } = state
  if (held !== undefined && now < held.expiredAt) {
    const isQuiet = !isDue(held, now) || (failure !== undefined && isPending(failure, now))
    return isQuiet ? stay(state, held.token) : { ...join(state), answer: held.token }
  }
  if (failure !== undefined && !state.isExchanging && isPending(failure, now)) return stay(state, failure.error)
  return join(state)
}

/** A clock that stands so long before a token's issue was set back, and the token's moments mean nothing to it. */
const longestSkew = 300_000

/** Milliseconds that a pause between two tries may take; one that seems longer belongs to a clock that was set back. */
export const longestPause = 3_600_000

const isSetBack = (held: Held, now: number): boolean =>
  held.dueAt < Infinity && now < DateTime.toEpochMillis(held.token.issuedAt) - longestSkew

const isDue = (held: Held, now: number): boolean => now >= held.dueAt || isSetBack(held, now)

/**
 * What a read answers at once, with nothing else that follows, and from when until when: all that is asked on the way
 * of every call, made once for a token.
 */
export const fresh = (
  held: Held | undefined
): { readonly answer: Exit.Exit<AccessToken>; readonly from: number; readonly until: number } =>
  held === undefined
    ? { answer: Exit.die("no token"), from: Infinity, until: -Infinity }
    : {
        answer: Exit.succeed(held.token),
        from: held.dueAt < Infinity ? DateTime.toEpochMillis(held.token.issuedAt) - longestSkew : -Infinity,
        until: Math.min(held.dueAt, held.expiredAt)
      }

const isPending = ({ error, retryAt }: NonNullable<State["failure"]>, now: number): boolean =>
  error.isFinal || (now < retryAt && retryAt - now <= longestPause)

const stay = (state: State, answer: Decision["answer"] = "wait"): Decision => ({ state, answer, starts: false })

const join = (state: State): Decision => ({
  state: state.isExchanging ? state : { ...state, isExchanging: true },
  answer: "wait",
  starts: !state.isExchanging
})

/**
 * The next moment that matters without a caller; `Infinity` for none. It begins a refresh, by the refresh schedule or,
 * while a good token is at hand, by the retry schedule; or time alone changes the status then. A token whose schedule
 * does no background work is left alone.
 */
export const wakesAt = (state: State, now: number): number => {
  const { held } = state
  if (held === undefined || held.timerAt === Infinity) return Infinity
  const boundary = [held.dueAt, held.expiredAt].find((at) => now < at) ?? Infinity
  return Math.min(refreshesAt(state, now), boundary)
}

const refreshesAt = ({ failure, held, isExchanging }: State, now: number): number => {
  if (held === undefined || isExchanging || failure?.error.isFinal) return Infinity
  if (failure === undefined) return isSetBack(held, now) ? now : held.timerAt
  return failure.retryAt < held.expiredAt ? failure.retryAt : Infinity
}

/** The state's name and what belongs to it. */
export const status = ({ failure, held }: State, now: number): AuthStatus => {
  const error = failure?.error
  const since = DateTime.makeUnsafe(failure?.since ?? now)
  if (error?.reason._tag === "UnresolvedExchange") return { _tag: "Unresolved", error, since }
  if (held !== undefined && now < held.expiredAt) {
    const { expiresAt, generation } = held.token
    return isDue(held, now)
      ? { _tag: "Due", generation, expiresAt, error: Option.fromUndefinedOr(error) }
      : { _tag: "Fresh", generation, expiresAt }
  }
  if (error?.isFinal) return { _tag: "Refused", error, since }
  if (failure !== undefined) {
    return { _tag: "BackingOff", error: failure.error, since, retryAt: DateTime.makeUnsafe(failure.retryAt) }
  }
  return held === undefined ? { _tag: "SignedOut" } : { _tag: "Expired", generation: held.token.generation }
}

/** Nothing changed that a watcher could see. */
export const isSame = (before: AuthStatus, after: AuthStatus): boolean =>
  isSameState(before, after) && errorOf(before) === errorOf(after)

/** The same state of the same token: one more failure of the same kind is no news for a log. */
export const isSameState = (before: AuthStatus, after: AuthStatus): boolean =>
  before._tag === after._tag &&
  Reflect.get(before, "generation") === Reflect.get(after, "generation") &&
  (errorOf(before) === undefined) === (errorOf(after) === undefined)

const errorOf = (status: AuthStatus): AuthError | undefined =>
  "error" in status ? ("reason" in status.error ? status.error : Option.getOrUndefined(status.error)) : undefined
