/**
 * Remembers which token healed a call last and whether that helped, so that an API that answers 401 to everything does
 * not cost an exchange a call.
 *
 * Decided here: a token that was issued to heal a 401, and is refused before any answer accepted it, is not healed
 * again for a minute, or for half an hour where it cost a login; and after three healings in a row that did not help,
 * there is a minute between two. Not here: what a 401 is, and how it is healed (`AuthHttpClient`).
 */
import * as DateTime from "effect/DateTime"
import type { AccessToken } from "./AccessToken.ts"

/** What is remembered of a service: every client of it sees the same. */
export interface Health {
  /** The token that was issued to heal a call last. */
  suspect: { readonly generation: number; readonly until: number; isProven: boolean } | undefined
  /** A call that cannot be repeated met a 401 of this generation: the token after it is the one that heals. */
  rejected: number | undefined
  /** Healings in a row that ended in one more 401, the generation of the last of them, and until when it counts. */
  vain: { readonly times: number; readonly generation: number; readonly until: number }
}

const healths = new WeakMap<object, Health>()

/** Tokens that cost a login, since the refresh token before them was refused. */
const costly = new WeakSet<AccessToken>()

const pause = 60_000
const longPause = 30 * 60_000
const vainTimes = 3

const none = { times: 0, generation: 0, until: -Infinity }

/** A service's health; a client asks for it once. */
export const of = (service: object): Health => {
  const known = healths.get(service)
  if (known !== undefined) return known
  const health: Health = { suspect: undefined, rejected: undefined, vain: none }
  healths.set(service, health)
  return health
}

/** Whether nothing is remembered of a service that would be missed. */
export const isQuiet = (service: object): boolean => {
  const health = healths.get(service)
  return (
    health === undefined ||
    (health.rejected === undefined && health.suspect?.isProven !== false && health.vain.times < vainTimes)
  )
}

/** This token cost a login, since the refresh token before it was refused. */
export const fellBack = (token: AccessToken): void => {
  costly.add(token)
}

/** Whether this token is the one that a call that cannot be repeated waits for: its first call is to `begin`. */
export const isAwaited = ({ rejected }: Health, token: AccessToken): boolean =>
  rejected !== undefined && token.generation > rejected

/** A call begins with the token that was awaited. */
export const begin = (health: Health, token: AccessToken, now: number): void => suspect(health, token, now)

/** The call that met this token's 401 cannot be repeated: the token after it is the one that heals. */
export const rejected = (health: Health, { generation }: AccessToken): void => {
  // A late complaint about an older token says nothing of a newer one.
  if (generation >= Math.max(health.suspect?.generation ?? 0, health.rejected ?? 0)) health.rejected = generation
}

/** A 401 of `now` is healed with this token. One that was issued before it is just the newest, and may be stale too. */
export const healed = (health: Health, token: AccessToken, now: number): void => {
  if (DateTime.toEpochMillis(token.issuedAt) >= now) suspect(health, token, now)
}

const suspect = (health: Health, token: AccessToken, now: number) => {
  health.rejected = undefined
  if (health.suspect?.generation === token.generation) return
  const until = now + (costly.has(token) ? longPause : pause)
  health.suspect = { generation: token.generation, until, isProven: false }
}

/** An answer accepted this token. */
export const accepted = ({ suspect }: Health, { generation }: AccessToken): void => {
  if (suspect?.generation === generation) suspect.isProven = true
}

/** A call was repeated with this token, and accepted or not. Many calls may be healed by one token. */
export const ended = (health: Health, { generation }: AccessToken, didHelp: boolean, now: number): void => {
  if (didHelp) health.vain = none
  else if (generation > health.vain.generation) {
    health.vain = { times: health.vain.times + 1, generation, until: now + pause }
  }
}

/** Whether a 401 of this token is to be left as it is. */
export const isPaused = ({ suspect, vain }: Health, { generation }: AccessToken, now: number): boolean => {
  if (vain.times >= vainTimes && isAhead(vain.until, now)) return true
  return suspect?.generation === generation && !suspect.isProven && isAhead(suspect.until, now)
}

/** A pause that seems longer than any belongs to a clock that was set back. */
const isAhead = (until: number, now: number): boolean => now < until && until - now <= longPause
