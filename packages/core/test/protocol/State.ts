// Everything that there is while processes share one account: the register, their memories and flights, the vendor.
//
// Decided here: what of it can be told apart (`keyOf`): not names, only which of them are the same; not the instants,
// only what they mean for `next`. Not here: what happens (`Flights`, `World`). Each value is plain and never changed.
import * as Redacted from "effect/Redacted"
import * as Session from "../../src/Session.ts"

/** What the vendor issued at once: an access token, and the refresh token that came with it. Named by its place. */
export interface Grant {
  /** The login that it goes back to. */
  readonly family: number
  readonly isExpired: boolean
  /** No refresh token came with it. */
  readonly isAlone: boolean
  /** Its refresh token was exchanged and may not come again. */
  readonly isSpent: boolean
  /** The vendor ended it. */
  readonly isDead: boolean
  /** How often its refresh token was presented and may have been carried out. */
  readonly presented: number
  /** The API complained about its access token. */
  readonly isComplained: boolean
}

/** What a call wants. */
export type Call = "token" | "refresh" | "background"

/** A step that a process tries to get into the store. */
export interface Debt {
  readonly claim: Session.Claim
  readonly end: "Commit" | "Kept" | "Refused" | "Unknown"
  readonly given: number
  /** Of the record when the intent was written. */
  readonly generation: number
}

/** Where a flight is, by what it does next. */
export type At = "settle" | "read" | "begin" | "giveBack" | "send" | "sent" | "unknown" | "pay"

/** One flight, as in `src/Flight.ts`. */
export interface Flight {
  readonly at: At
  /** A sign-out of its process ended since it was wanted. */
  readonly isOld: boolean
  readonly call: Call
  readonly after: number
  readonly first: { readonly generation: number; readonly signedOut: number } | undefined
  /** The record as it was read last, and what `next` said of it. */
  readonly version: number
  readonly read: Session.Session | undefined
  readonly step: Extract<Session.Step, { _tag: "Login" | "Refresh" }> | undefined
  readonly claim: Session.Claim | undefined
  /** Of its intent. */
  readonly deadline: number
  /** It presents a token for the second time. */
  readonly again: boolean
  /** The grant whose refresh token it presents; -1 for none. */
  readonly token: number
  readonly generation: number
  readonly debt: Debt | undefined
}

/** What a process remembers, and a crash wipes; its calls and credentials survive. */
export interface Process {
  readonly calls: ReadonlyArray<Call>
  readonly credential: string | undefined
  readonly flights: ReadonlyArray<Flight>
  readonly held: { readonly generation: number; readonly grant: number } | undefined
  readonly rejected: ReadonlyArray<number>
  readonly floor: number
  readonly unknown: string | undefined
  readonly owed: Debt | undefined
  /** A sign-out under way, with its generation once it is written. */
  readonly signing: { readonly generation: number | undefined } | undefined
  /** Generation of the last sign-out that returned here: for the promises only. */
  readonly signedOut: number
}

export interface State {
  readonly version: number
  readonly session: Session.Session
  /** The store's clock. */
  readonly now: number
  readonly processes: ReadonlyArray<Process>
  readonly grants: ReadonlyArray<Grant>
  /** The credential that the vendor accepts. */
  readonly good: string
  /** What may still happen. */
  readonly faults: number
  readonly expiries: number
  readonly reopenings: number
  /** For the promises: faults and reopenings so far, refused sends by credential, logins that may still be sent. */
  readonly used: number
  readonly reopened: number
  readonly refusals: Readonly<Record<string, number>>
  readonly logins: number
  /** Intents so far, for their names. */
  readonly intents: number
}

const secrets: Array<Redacted.Redacted<string>> = []

/** The secret that stands for a grant's tokens. */
export const secretOf = (grant: number): Redacted.Redacted<string> => (secrets[grant] ??= Redacted.make(String(grant)))

export const grantOf = (secret: Redacted.Redacted<string>): number => Number(Redacted.value(secret))

/** Whether a flight's process has not signed out, and is not about to. */
export const isCurrent = (process: Process, flight: Flight): boolean => !flight.isOld && process.signing === undefined

/** Whether a flight is between its intent and the end of it. */
export const isExchanging = ({ at, debt }: Flight): boolean =>
  at === "giveBack" || at === "send" || at === "sent" || (at === "pay" && debt !== undefined)

/** `isVersioned`: versions never come back, so that a flight which read an older one knows all that matters. */
export const keyOf = (state: State, isVersioned: boolean): string => {
  const grants: Array<number> = []
  const intents: Array<string> = []
  const name = <A>(names: Array<A>, one: A): number => {
    const at = names.indexOf(one)
    return at < 0 ? names.push(one) - 1 : at
  }
  const grant = (one: number) => (one < 0 ? "-" : name(grants, one))
  const secret = (one: Redacted.Redacted<string> | null | undefined) => (one ? grant(grantOf(one)) : "-")
  const id = (one: string | null | undefined) => (one === null || one === undefined ? "-" : name(intents, one))

  const session = ({
    generation,
    intent,
    lastIntent,
    latches,
    refreshToken,
    seeds,
    signedOut,
    tokens
  }: Session.Session) => {
    let text = `${generation},${signedOut},${secret(tokens?.access)},${secret(refreshToken)},`
    text += `${tokens?.details ?? ""}${seeds}`
    text += intent === null ? ";" : `;${id(intent.id)}${intent.kind[0]}${intent.deadline > state.now}${intent.again}`
    for (const [credential, { open, proven, refused }] of Object.entries(latches)) {
      text += `;${credential}${refused ? "r" : ""}${proven ? "p" : ""}`
      for (const { deadline, id: one } of open) text += `,${id(one)}@${Math.max(-longest, deadline - state.now)}`
    }
    // An intent that is named nowhere else commits nothing any more.
    return [text, lastIntent] as const
  }
  const debt = (one: Debt | undefined) =>
    one === undefined
      ? ""
      : `${one.end}${id(one.claim.id)}${one.claim.kind[0]}${one.claim.credential}${grant(one.given)}:${one.generation}`
  const flight = (one: Flight) => {
    const { after, again, at, call, claim, deadline, first, generation, isOld, read, step, token, version } = one
    let text = `|${at}${isOld}${call}${after}`
    if (first !== undefined) text += `,${first.generation},${first.signedOut}`
    if (at === "begin") {
      const isFresh = version === state.version
      text += isVersioned && !isFresh ? "stale" : JSON.stringify(step)
      if (!isVersioned) text += `${version - state.version}${session(read!)}`
    }
    if (claim !== undefined)
      text += `c${id(claim.id)}${claim.kind[0]}${claim.credential}${again}${grant(token)},${generation}`
    if (at === "sent") text += deadline > state.now
    return text + debt(one.debt)
  }

  const [row, lastIntent] = session(state.session)
  let text = row
  // Which of two equal processes it is that did something makes no difference.
  const processes = state.processes.toSorted((a, b) => compare(roughly(a), roughly(b)))
  for (const one of processes) {
    const { calls, credential, flights, floor, held, owed, signedOut, signing, unknown } = one
    text += `#${calls}${credential}${id(unknown)}${floor},${signedOut}`
    if (held !== undefined) text += `h${held.generation},${grant(held.grant)}`
    if (signing !== undefined) text += `s${signing.generation}`
    text += `o${debt(owed)}`
    for (const one of flights) text += flight(one)
  }
  for (const { rejected } of processes) {
    text += `#${rejected.flatMap((one) => (grants.includes(one) ? [grants.indexOf(one)] : [])).toSorted()}`
  }
  text += `#${lastIntent !== null && intents.includes(lastIntent) ? id(lastIntent) : "-"}`
  const { expiries, faults, good, logins, refusals, reopened, reopenings } = state
  text += `${good}${faults}${expiries}${reopenings},${reopened},${logins}`
  for (const credential in refusals) text += `,${credential}${refusals[credential]}`
  const families: Array<number> = []
  for (const one of grants) {
    const { family, isAlone, isComplained, isDead, isExpired, isSpent, presented } = state.grants[one]!
    text += `;${name(families, family)}${presented}${bits(isAlone, isComplained, isDead, isExpired, isSpent)}`
  }
  return text
}

/** What a process is by itself; ties are told apart by where they stand. */
const roughly = ({ calls, credential, flights, floor, held, signedOut, unknown }: Process): string =>
  [
    calls,
    credential,
    held?.generation,
    floor,
    signedOut,
    unknown === undefined,
    ...flights.map(({ after, at, isOld }) => `${at}${isOld}${after}`)
  ].join()

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Milliseconds after which an open login's deadline is past in every respect. */
const longest = 10 * 60_000

const bits = (...flags: ReadonlyArray<boolean>): string => flags.map(Number).join("")
