// The vendor: it issues tokens for a password or a refresh token, and detects a refresh token that comes again.
//
// Decided here: what a request does at the vendor, and the promises that sending it can break. Where refresh tokens may
// be used once, each refresh rotates it, and one that comes again ends its whole family; where they may be used many
// times, a refresh gives an access token alone. Not here: whether its answer arrives (`Flights`).
import type * as Session from "../../src/Session.ts"
import type { Terms } from "./Flights.ts"
import type { Flight, Grant, State } from "./State.ts"
import { secretOf } from "./State.ts"

/** Logins of one unproven credential that may be refused in a row, whatever happens. */
const mostRefused = 2

const known: Array<Session.Tokens> = []

export const tokensOf = (grant: number): Session.Tokens =>
  (known[grant] ??= { access: secretOf(grant), issuedAt: 0, expiresAt: null, refreshEndsAt: null, details: null })

/** The request leaves. */
export const present = (
  state: State,
  { claim, deadline, token }: Flight,
  terms: Terms
): { to: State; broken?: string | undefined } => {
  if (claim!.kind === "login") {
    const to = { ...state, logins: state.logins - 1 }
    return { to, broken: to.logins < 0 ? "P8 no more logins than what happened makes necessary" : undefined }
  }
  const grant = state.grants[token]!
  const to = { ...state, grants: state.grants.with(token, { ...grant, presented: Math.min(3, grant.presented + 1) }) }
  const isOverlapping = state.processes.some(({ flights }) =>
    flights.some(
      (other) =>
        other.at === "sent" &&
        other.token >= 0 &&
        deadline > state.now &&
        other.deadline > state.now &&
        state.grants[other.token]!.family === grant.family
    )
  )
  const most = terms.use === "many" ? Infinity : terms.onUnresolved === "presentAgain" ? 2 : 1
  return {
    to,
    broken: isOverlapping
      ? "P2 no two refreshes of a session overlap before a deadline"
      : grant.presented >= most
        ? "P1 no refresh token is presented twice"
        : undefined
  }
}

/** A presentation of which it is known that it was not carried out. */
export const unpresent = (state: State, token: number): State => {
  if (token < 0) return state
  const grant = state.grants[token]!
  return { ...state, grants: state.grants.with(token, { ...grant, presented: grant.presented - 1 }) }
}

/** The vendor carries it out. `given`: what it issued, -1 where it refused. */
export const answer = (state: State, flight: Flight, terms: Terms) =>
  flight.claim!.kind === "login" ? answerLogin(state, flight) : answerRefresh(state, flight.token, terms)

interface Answer {
  readonly to: State
  readonly given: number
  readonly broken?: string | undefined
}

const answerLogin = (state: State, { claim, generation }: Flight): Answer => {
  const credential = claim!.credential!
  if (credential === state.good) return issue(state, { family: state.grants.length, isAlone: false })
  // A sign-out is a person's word to try again; what was sent before it does not count.
  if (state.session.signedOut > generation) return { to: state, given: -1 }
  const count = (state.refusals[credential] ?? 0) + 1
  const to = { ...state, refusals: { ...state.refusals, [credential]: count } }
  const most = state.session.latches[credential]?.proven === true ? Infinity : mostRefused
  const isTooOften = count > Math.min(most, 1 + state.used) + state.reopened
  return {
    to,
    given: -1,
    broken: isTooOften ? "P5 a wrong password is sent once, at most twice whatever happens" : undefined
  }
}

const answerRefresh = (state: State, token: number, terms: Terms): Answer => {
  const { family, isDead, isSpent } = state.grants[token]!
  if (isDead) return { to: state, given: -1 }
  if (terms.use === "many") return issue(state, { family, isAlone: true })
  // A vendor with a grace interval answers the token that it rotated last once more.
  const isReuse = isSpent && terms.onUnresolved === "report"
  const isEnd = (grant: Grant) => isReuse && grant.family === family
  const grants = state.grants.map((grant, at) =>
    isEnd(grant) ? { ...grant, isDead: true } : at === token ? { ...grant, isSpent: true } : grant
  )
  return isReuse ? { to: { ...state, grants }, given: -1 } : issue({ ...state, grants }, { family, isAlone: false })
}

const issue = (state: State, grant: Pick<Grant, "family" | "isAlone">) => ({
  to: { ...state, grants: [...state.grants, { ...fresh, ...grant }] },
  given: state.grants.length
})

export const fresh: Grant = {
  family: 0,
  isAlone: false,
  isExpired: false,
  isSpent: false,
  isDead: false,
  presented: 0,
  isComplained: false
}
