/**
 * The page's words and numbers.
 *
 * Decided here: what a state and an outcome are called, and how a time is written. Not here: the sentences of a trouble
 * (the server's `Trouble`).
 *
 * @import { Entry, Exchange, Kind, Now, State } from "../src/serve/News.ts"
 */

/** @type {Readonly<Record<State, string>>} */
export const states = {
  SignedOut: "signed out",
  Fresh: "fresh",
  Due: "due",
  Expired: "expired",
  BackingOff: "backing off",
  Refused: "refused",
  Unresolved: "unresolved"
}

/** @type {Readonly<Record<Kind, string>>} */
export const kinds = {
  outage: "outage",
  refused: "refused",
  unresolved: "unresolved",
  throttled: "throttled",
  slow: "slow",
  rejected: "API 401s",
  malformed: "no token answer"
}

/** @type {Readonly<Record<Exchange["outcome"], string>>} */
const outcomes = {
  Issued: "issued",
  NotSent: "not sent",
  Answered: "failed",
  Refused: "refused",
  Unknown: "unresolved",
  Died: "died"
}

const grouped = new Intl.NumberFormat("en")

/** @param {number} number */
export const count = (number) => grouped.format(number)

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })

/** @param {number} moment */
export const time = (moment) => clock.format(moment)

/**
 * A length of time in its largest unit.
 *
 * @param {number} millis
 */
export const length = (millis) => {
  const seconds = Math.max(0, Math.ceil(millis / 1_000))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

/**
 * What there is to wait for.
 *
 * @param {Now} now
 * @param {number} at
 * @returns {readonly [figure: string, meaning: string]}
 */
export const ahead = ({ retryAt, state, token }, at) => {
  if (token !== undefined) {
    return token.expiresAt === null ? ["∞", "never expires"] : [length(token.expiresAt - at), "to expiry"]
  }
  if (retryAt !== undefined) return retryAt > at ? [length(retryAt - at), "to the next try"] : ["now", "may be tried"]
  return ["", state === "Refused" || state === "Unresolved" ? "nothing is sent" : "no token at hand"]
}

/**
 * One entry as a line of text, or undefined where it says no more than others.
 *
 * @param {Entry} entry
 * @returns {string | undefined}
 */
export const line = (entry) => {
  switch (entry._tag) {
    case "Token": {
      const until = entry.expiresAt === null ? "it never expires" : `good until ${time(entry.expiresAt)}`
      return `token ${entry.generation} (${entry.fingerprint}), ${until}`
    }
    case "Exchange": {
      const why = entry.reason === "" ? "" : `: ${entry.reason}`
      const waited = entry.callers === 0 ? "" : `, ${callers(entry.callers)} waited`
      return `${entry.kind} ${outcomes[entry.outcome]}${why}${waited}`
    }
    case "Calls":
      return entry.healed > 0
        ? `${plural(entry.healed, "call")} met a 401 and ${entry.healed === 1 ? "was" : "were"} healed`
        : `${plural(entry.rejected, "answer")} of 401`
    case "Trouble":
      return entry.kind === undefined ? "all is well again" : kinds[entry.kind]
    case "Pressed":
      return `pressed: ${entry.label}`
    case "State":
      return entry.state === "Fresh" || entry.state === "Due" ? undefined : states[entry.state]
  }
}

/**
 * @param {number} number
 * @param {string} noun
 */
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`

/** @param {number} number */
export const callers = (number) => plural(number, "caller")
