/**
 * When a token is refreshed and how a failed exchange is tried again: Effect Schedules, ready ones and the user's own.
 *
 * Decided here: the default figures. A token is due when min(15 minutes, 25 %) of its life is left, moved earlier by up
 * to 10 % of the life at random, so that accounts issued in the same second do not come back in the same second; it is
 * expired, for callers, when min(`minimumLifetime`, 10 %) is left. Not here: what a state does (`TokenLifecycle`).
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as AccessToken from "./AccessToken.ts"
import * as AuthError from "./AuthError.ts"
import type { Session } from "./Session.ts"

const dueFraction = 0.25
const dueAtMost = Duration.minutes(15)
const dueJitter = 0.1

/** How one account is kept fresh. Every vendor's options take a part of it. */
export interface RefreshPolicy {
  /** Bounds a whole flight: waiting, connecting, sending, headers and body. @default "30 seconds" */
  readonly timeout: Duration.Input
  /** The least life of a token that is handed out; never more than 10 % of its life. @default "10 seconds" */
  readonly minimumLifetime: Duration.Input
  /** Its input is the token just issued, its delay says when the refresh begins. @default `beforeExpiry()` */
  readonly refresh: Schedule.Schedule<unknown, AccessToken.AccessToken>
  /** The pauses between failed exchanges; its input is the failure. @default `backOff` */
  readonly retry: Schedule.Schedule<unknown, AuthError.AuthError>
  /**
   * What to do when a refresh token that may be used once was spent on an unknown outcome and no credentials are at
   * hand: fail with `UnresolvedExchange`, or present it once more. @default "report"
   */
  readonly onUnresolved: "report" | "presentAgain"
}

/**
 * Refreshes before a token expires: `fraction` of its life before, at most `atMost` before, and earlier by up to
 * `jitter` of its life at random. Never sooner than min(5 seconds, half its life) after it was issued.
 */
export const beforeExpiry = (window?: {
  /** @default 0.25 */
  readonly fraction?: number | undefined
  /** @default "15 minutes" */
  readonly atMost?: Duration.Input | undefined
  /** @default 0.1 */
  readonly jitter?: number | undefined
}): Schedule.Schedule<AccessToken.AccessToken, AccessToken.AccessToken> => {
  const fraction = window?.fraction ?? dueFraction
  const atMost = Duration.toMillis(Duration.fromInputUnsafe(window?.atMost ?? dueAtMost))
  const jitter = window?.jitter ?? dueJitter
  return Schedule.identity<AccessToken.AccessToken>().pipe(
    Schedule.modifyDelay(({ input, now }) =>
      Effect.map(Random.next, (random) => {
        const issuedAt = DateTime.toEpochMillis(input.issuedAt)
        const life = Option.match(input.expiresAt, {
          onNone: () => Infinity,
          onSome: (at) => DateTime.toEpochMillis(at) - issuedAt
        })
        const at = issuedAt + dueAfter(life, { fraction, atMost, early: random * jitter })
        return at === Infinity ? Duration.infinity : Duration.millis(Math.max(0, Math.round(at - now)))
      })
    )
  )
}

/** The default. It remembers nothing from one step to the next: whoever walks through it may begin anew at any time. */
export const standard: Schedule.Schedule<unknown, AccessToken.AccessToken> = beforeExpiry()

/** Refreshes in the same window, begun by a read: no background work at all. */
export const onDemand: Schedule.Schedule<unknown, AccessToken.AccessToken> = Schedule.recurs(0)

/**
 * Pauses of 1 s, doubled up to 5 minutes, each 20 % more or less at random, and never shorter than what the vendor's
 * `Retry-After` asks for, up to an hour.
 */
export const backOff: Schedule.Schedule<unknown, AuthError.AuthError> = Schedule.min([
  Schedule.exponential("1 second"),
  Schedule.spaced("5 minutes")
]).pipe(
  Schedule.jittered,
  Schedule.setInputType<AuthError.AuthError>(),
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.succeed(
      input.reason._tag === "Throttled" && input.reason.retryAfter !== undefined
        ? Duration.max(duration, Duration.min(input.reason.retryAfter, Duration.hours(1)))
        : duration
    )
  )
)

/** A policy whose durations are milliseconds. */
export interface Resolved extends Omit<RefreshPolicy, "timeout" | "minimumLifetime"> {
  readonly timeout: number
  readonly minimumLifetime: number
}

const defaults: Resolved = {
  timeout: 30_000,
  minimumLifetime: 10_000,
  refresh: standard,
  retry: backOff,
  onUnresolved: "report"
}

/** Fills in the defaults. Fails with `InvalidOptions` for a duration that is no duration, negative or without end. */
export const resolve = (
  vendor: string,
  policy?: Partial<RefreshPolicy>
): Effect.Effect<Resolved, AuthError.AuthError> => {
  if (policy === undefined) return Effect.succeed(defaults)
  const millis = (field: "timeout" | "minimumLifetime") => {
    const given = policy[field] ?? defaults[field]
    const duration = Number.isNaN(given) ? Option.none() : Option.map(Duration.fromInput(given), Duration.toMillis)
    const [least, most] = field === "timeout" ? [1, longestTimeout] : [0, Infinity]
    return Option.isSome(duration) && duration.value >= least && duration.value < most
      ? Effect.succeed(duration.value)
      : Effect.fail(
          new AuthError.AuthError({
            vendor,
            reason: new AuthError.InvalidOptions({
              field: `policy.${field}`,
              problem: "is not a duration that can be kept"
            })
          })
        )
  }
  return Effect.zipWith(millis("timeout"), millis("minimumLifetime"), (timeout, minimumLifetime) => ({
    timeout,
    minimumLifetime,
    refresh: policy.refresh ?? defaults.refresh,
    retry: policy.retry ?? defaults.retry,
    onUnresolved: policy.onUnresolved ?? defaults.onUnresolved
  }))
}

/** One walk through a schedule: the delay in milliseconds that follows an input, `Infinity` once it is done. */
export type Stepper<in Input> = (now: number, input: Input) => Effect.Effect<number>

/** Begins a walk through a schedule. */
export const stepper = <Input>(schedule: Schedule.Schedule<unknown, Input>): Effect.Effect<Stepper<Input>> =>
  Effect.map(
    Schedule.toStep(schedule),
    (step) => (now, input) =>
      // A schedule that dies is done: the account must not die with it.
      Effect.matchCause(step(now, input), {
        onFailure: () => Infinity,
        onSuccess: ([, delay]) => Math.max(0, Duration.toMillis(delay))
      })
  )

/** A session's tokens as an account holds them: the token for callers, and the moments at which its state changes. */
export const hold = Effect.fnUntraced(function* (
  session: Session,
  policy: Pick<Resolved, "minimumLifetime">,
  refreshDelay: Stepper<AccessToken.AccessToken>,
  now: () => number
) {
  const token = AccessToken.of(session)
  const end = nearerEnd(session.tokens!)
  // The schedule sees the end that counts, so that its own window and jitter hold for that one.
  const input = { ...token, expiresAt: end === Infinity ? Option.none() : Option.some(DateTime.makeUnsafe(end)) }
  const given = {
    scheduledAt: now() + (yield* refreshDelay(now(), input)),
    random: yield* Random.next,
    minimumLifetime: policy.minimumLifetime
  }
  return { token, ...moments(session.tokens!, given) }
})

/** The instants of a set of tokens, in milliseconds since the epoch. */
export interface Lives {
  readonly issuedAt: number
  /** Null for a token that never expires. */
  readonly expiresAt: number | null
  /** Null where it is not known when the refresh token dies. */
  readonly refreshEndsAt: number | null
}

/**
 * The end that a refresh has to come before, `Infinity` for none: a refresh token that dies first makes a later refresh
 * hopeless. Claims in whole seconds may hide most of a second, so that much is taken off a refresh token's life: one
 * that died on its way costs a login.
 */
export const nearerEnd = ({ expiresAt, issuedAt, refreshEndsAt }: Lives): number => {
  const refreshLife = refreshEndsAt === null ? Infinity : refreshEndsAt - issuedAt
  return Math.min(expiresAt ?? Infinity, issuedAt + Math.max(refreshLife - 1_000, refreshLife / 2))
}

/** The moments at which a token's state changes, as `TokenLifecycle.Held` has them. */
export const moments = (
  tokens: Lives,
  given: {
    /** When the refresh schedule says to refresh; `Infinity` for no background work. */
    readonly scheduledAt: number
    /** 0 to 1, at random: spreads what no schedule spreads. */
    readonly random: number
    readonly minimumLifetime: number
  }
): { readonly timerAt: number; readonly dueAt: number; readonly expiredAt: number } => {
  const { expiresAt, issuedAt } = tokens
  const life = (expiresAt ?? Infinity) - issuedAt
  const nearerLife = nearerEnd(tokens) - issuedAt
  const due = (random: number) => issuedAt + dueAfter(nearerLife, { early: random * dueJitter })
  const isScheduled = given.scheduledAt < Infinity
  const scheduledAt = isScheduled && nearerLife < life ? Math.min(given.scheduledAt, due(0)) : given.scheduledAt
  const timerAt = Math.max(scheduledAt, issuedAt + leastPause)
  return {
    timerAt: Math.round(timerAt),
    dueAt: Math.round(Math.max(isScheduled ? Math.min(timerAt, due(0)) : due(given.random), issuedAt + leastPause)),
    expiredAt: issuedAt + expiredAfter(life, given.minimumLifetime)
  }
}

/** Milliseconds after issue at which a life of so many milliseconds is due. `early` is a part of the life. */
export const dueAfter = (
  life: number,
  window: { readonly fraction?: number; readonly atMost?: number; readonly early: number }
): number => {
  if (life === Infinity) return Infinity
  const left = Math.min(window.atMost ?? Duration.toMillis(dueAtMost), life * (window.fraction ?? dueFraction))
  return Math.max(life - left - life * window.early, Math.min(5_000, life / 2))
}

/** Milliseconds after issue from which a life of so many milliseconds is no longer handed out. */
export const expiredAfter = (life: number, minimumLifetime: number): number =>
  life === Infinity ? Infinity : life - Math.min(minimumLifetime, life * 0.1)

/** Milliseconds below which a timeout stays: other processes do not believe an intent's deadline an hour away. */
const longestTimeout = 3_590_000

/** Milliseconds between two refreshes of an account that nobody forced, at least. */
const leastPause = 1_000
