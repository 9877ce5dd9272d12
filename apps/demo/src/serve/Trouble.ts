/**
 * What a vendor suffers from, in a sentence for people, and what is being done about it.
 *
 * Decided here: which trouble is told where there are several, and the words. They come from the status that the
 * library gives, from how its last exchange went and from the API's last answers; nothing here knows which button was
 * pressed. Not here: how any of it is seen (`Watch`).
 */
import { AuthError, type TokenLifecycle } from "@vendor-auth/core"
import { Duration, Option } from "effect"
import type * as News from "./News.ts"

/** What is known of a vendor. */
export interface Standing {
  readonly name: string
  readonly status: TokenLifecycle.AuthStatus
  /** Whether a good token is at hand. */
  readonly isServed: boolean
  /** How the last exchange failed; undefined if it did not. */
  readonly failure: Failure | undefined
  /** Milliseconds that the exchange on its way takes so far. */
  readonly flyingFor: number | undefined
  /** Milliseconds that the last exchange took. */
  readonly took: number
  /** Whether the API answers 401 though a new token was issued to heal it. */
  readonly isRejected: boolean
}

/** A failed exchange. */
export interface Failure {
  readonly kind: News.Exchange["kind"]
  readonly outcome: News.Exchange["outcome"]
  readonly reason: AuthError.Reason | undefined
}

/** Milliseconds from which an exchange is told as slow. */
export const slow = 1_000

/** The trouble, or undefined where all is well. */
export const of = (standing: Standing): News.Trouble | undefined => {
  const { isRejected, isServed, name, status } = standing
  const failure = reasonOf(status) ?? standing.failure?.reason
  if (status._tag === "Refused") return final(name, status.error.reason, isServed)
  // A good token hides a final refusal from the status; a refused refresh is one if no login follows it.
  if (standing.failure?.outcome === "Refused") {
    if (standing.flyingFor !== undefined) return undefined
    const isOver = standing.failure.kind === "refresh"
    return final(
      name,
      isOver ? new AuthError.ReauthenticationRequired() : new AuthError.InvalidCredentials({}),
      isServed
    )
  }
  if (failure?._tag === "UnresolvedExchange") {
    return {
      kind: "unresolved",
      what: `${name} was sent a refresh token that may be used once, and no answer came back.`,
      doing: `It may be spent, so it is not sent again. ${standby(isServed)}. Sign in again to begin a new session.`,
      cure: "signIn"
    }
  }
  if (failure !== undefined) return passing(name, failure, isServed)
  if (standing.flyingFor !== undefined ? standing.flyingFor >= slow : standing.took >= slow) {
    return {
      kind: "slow",
      what: `${name}'s token endpoint takes its time.`,
      doing: isServed
        ? "Refreshes begin early enough: callers get the good token and do not wait."
        : "Callers wait for one and the same exchange, and no second one is begun.",
      cure: undefined
    }
  }
  if (isRejected) {
    return {
      kind: "rejected",
      what: `${name}'s API answers 401, to a new token too.`,
      doing: "The 401 goes to the caller as it is. Another token would not help, so none is asked for, for a minute.",
      cure: undefined
    }
  }
  return undefined
}

const standby = (isServed: boolean): string =>
  isServed ? "The good token is served meanwhile" : "Callers are told at once, and nothing is sent"

const reasonOf = (status: TokenLifecycle.AuthStatus): AuthError.Reason | undefined => {
  if (!("error" in status)) return undefined
  return "reason" in status.error ? status.error.reason : Option.getOrUndefined(status.error)?.reason
}

const final = (name: string, reason: AuthError.Reason, isServed: boolean): News.Trouble => {
  const meanwhile = isServed ? " The good token is served until it expires." : ""
  return reason._tag === "ReauthenticationRequired"
    ? {
        kind: "refused",
        what: `${name}'s session is over, and no password is configured to begin another one.`,
        doing: `Nothing is sent until a person signs in again.${meanwhile}`,
        cure: "signIn"
      }
    : {
        kind: "refused",
        what: `${name} refused the login.`,
        doing:
          "It was sent once and is not sent again, so the account is not locked out. " +
          `Put the password right, then sign out: the next call logs in.${meanwhile}`,
        cure: "signOut"
      }
}

const passing = (name: string, reason: AuthError.Reason, isServed: boolean): News.Trouble => {
  const meanwhile = standby(isServed)
  const told = (kind: News.Kind, what: string, doing: string): News.Trouble => ({ kind, what, doing, cure: undefined })
  switch (reason._tag) {
    case "Throttled": {
      const pause = reason.retryAfter === undefined ? "a pause" : `a pause of ${Duration.format(reason.retryAfter)}`
      return told("throttled", `${name} asks for ${pause}.`, `No request goes out before it is over. ${meanwhile}.`)
    }
    case "Unreachable":
      return reason.outcome === "Answered"
        ? told(
            "outage",
            `${name}'s token endpoint is down${reason.status === undefined ? "" : ` (${reason.status})`}.`,
            `It is tried again after longer and longer pauses. ${meanwhile}.`
          )
        : told(
            reason.outcome === "Unknown" ? "unresolved" : "outage",
            reason.outcome === "Unknown"
              ? `${name} was sent an exchange, and no answer came back.`
              : `${name}'s token endpoint cannot be reached.`,
            `It is tried again after a pause; a token for one use is never sent twice. ${meanwhile}.`
          )
    case "InvalidCredentials":
    case "ReauthenticationRequired":
      return final(name, reason, isServed)
    default:
      return told(
        "malformed",
        `${name}'s token endpoint answers what is no token answer (${reason._tag}).`,
        `Check the configured address. It is tried again after longer and longer pauses. ${meanwhile}.`
      )
  }
}
