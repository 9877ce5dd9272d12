/**
 * What people and programs can watch: one span and one count for each exchange, one log line for each change of state.
 *
 * Decided here: the names, and that nothing secret and no account's own name stands in them. Not here: when something
 * happens (`Flight`, `TokenEngine`, `AuthHttpClient`).
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { ExchangeFailure, TokenSet } from "./Issuer.ts"
import type { AuthStatus } from "./TokenLifecycle.ts"

const exchanges = Metric.counter("vendor_auth_exchanges_total", {
  description: "Requests to token endpoints, by vendor, kind and outcome",
  incremental: true
})

const joined = Metric.counter("vendor_auth_waiters_joined_total", {
  description: "Callers that waited for an exchange another caller or the schedule had begun, by vendor",
  incremental: true
})

const healed = Metric.counter("vendor_auth_healed_401_total", {
  description: "API calls that succeeded with a new token after the first one was refused, by API",
  incremental: true
})

const unresolved = Metric.counter("vendor_auth_unresolved_total", {
  description: "Sessions whose once-only refresh token was spent on an unknown outcome, by vendor",
  incremental: true
})

const expiry = Metric.gauge("vendor_auth_token_life_seconds", {
  description: "Life of the token issued or adopted last, in seconds from then, by vendor and account"
})

const count = (metric: Metric.Counter<number>, attributes: Record<string, string>) =>
  Metric.update(Metric.withAttributes(metric, attributes), 1)

/** A stack of this library helps nobody, and taking it costs more than the span. */
const withoutStack = { captureStackTrace: false } as const

const native = Tracer.Tracer.defaultValue()

/** Whether anything records a span: Effect's own tracer forgets them. */
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.getRef(Tracer.Tracer) !== native

/** Wraps one exchange in its span, where there is a tracer that records it, and counts its outcome. */
export const exchange = (
  vendor: string,
  kind: "login" | "refresh",
  effect: Effect.Effect<TokenSet, ExchangeFailure>
): Effect.Effect<TokenSet, ExchangeFailure> =>
  Effect.withFiber((fiber) => {
    const counted = (outcome: string) => count(exchanges, { vendor, kind, outcome })
    if (!isTraced(fiber)) return Effect.onExit(effect, (exit) => counted(outcomeOf(exit)))
    return Effect.withSpan(
      Effect.onExit(effect, (exit) => {
        const outcome = outcomeOf(exit)
        return Effect.andThen(Effect.annotateCurrentSpan({ outcome }), counted(outcome))
      }),
      "vendor-auth.exchange",
      { attributes: { vendor, kind }, ...withoutStack }
    )
  })

const outcomeOf = (exit: Exit.Exit<TokenSet, ExchangeFailure>): string =>
  Exit.isSuccess(exit)
    ? "Issued"
    : Option.match(Exit.findErrorOption(exit), { onNone: () => "Died", onSome: (failure) => failure.outcome })

/** Counts callers that joined. */
export const waitersJoined = (vendor: string, callers: number): Effect.Effect<void> =>
  callers === 0 ? Effect.void : Metric.update(Metric.withAttributes(joined, { vendor }), callers)

/** A caller's wait in its span, where there is a tracer that records it: many may wait at once. */
export const waits = <A, E>(
  vendor: string,
  fiber: Fiber.Fiber<unknown, unknown>,
  wait: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  isTraced(fiber) ? Effect.withSpan(wait, "vendor-auth.token", { attributes: { vendor }, ...withoutStack }) : wait

/** Counts an API call that a new token healed. */
export const callHealed = (api: string): Effect.Effect<void> => count(healed, { api })

/**
 * Writes down a change of state: one log line, and the gauges. `account` is a fingerprint, or the name a user chose.
 * One of many has no `now`, and no gauge: a time series for each tenant would be more than most collectors bear, and
 * its good news are for debugging.
 */
export const stateChanged = (
  vendor: string,
  account: string,
  status: AuthStatus,
  now: number | undefined
): Effect.Effect<void> => {
  const line = Effect.annotateLogs({ vendor, account })
  switch (status._tag) {
    case "Fresh": {
      const until = Option.match(status.expiresAt, { onNone: () => "it never expires", onSome: DateTime.formatIso })
      const good = `${vendor}: fresh, generation ${status.generation}, until ${until}`
      if (now === undefined) return line(Effect.logDebug(good))
      const life = Option.match(status.expiresAt, {
        onNone: () => Infinity,
        onSome: (at) => (DateTime.toEpochMillis(at) - now) / 1_000
      })
      return Effect.andThen(
        Metric.update(Metric.withAttributes(expiry, { vendor, account }), life),
        line(Effect.logInfo(good))
      )
    }
    case "Due":
      return line(
        Option.match(status.error, {
          onNone: () => Effect.logDebug(`${vendor}: due`),
          onSome: (error) => Effect.logWarning(`${error.message}; the good token is served meanwhile`)
        })
      )
    case "BackingOff":
      return line(Effect.logWarning(`${status.error.message}; next try at ${DateTime.formatIso(status.retryAt)}`))
    case "Refused":
      return line(Effect.logError(status.error.message))
    case "Unresolved":
      return Effect.andThen(count(unresolved, { vendor }), line(Effect.logError(status.error.message)))
    case "Expired":
    case "SignedOut":
      return line(Effect.logInfo(`${vendor}: ${status._tag === "Expired" ? "expired" : "signed out"}`))
  }
}

/** Warns, once a layer, that a session whose refresh tokens may be used once ends with this process. */
export const sessionDoesNotLast = (vendor: string): Effect.Effect<void> =>
  Effect.logWarning(
    `${vendor}: its refresh tokens may be used once and this session ends with the process. ` +
      "Provide a TokenStore that lasts to keep it"
  )
