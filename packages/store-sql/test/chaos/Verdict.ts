/**
 * What was seen, judged.
 *
 * Decided here: what counts as a violation, and the bound on logins (rule 9 of the protocol). Not here: what was
 * counted (`Vendor`, `Herd`).
 */
import type { Session } from "@vendor-auth/core"
import * as Redacted from "effect/Redacted"
import type { Tally } from "./Herd.ts"
import * as Vendor from "./Vendor.ts"

/** One promise: how often it was broken, and how often it may be. */
export interface Line {
  readonly promise: string
  readonly count: number
  readonly allowed: number
}

/** All that a run left behind. */
export interface Remains {
  readonly accounts: ReadonlyArray<string>
  readonly journal: Vendor.Journal
  readonly tally: Tally
  /** The records when all was over: those whose refresh token is spent, with no intent to tell. */
  readonly stale: number
  /** Times that a record was of an older generation than a caller had been given. */
  readonly behind: number
  /** Accounts that a process without faults got no token for. */
  readonly unanswered: ReadonlyArray<string>
}

/** Judges. */
export const judge = ({ accounts, behind, journal, stale, tally, unanswered }: Remains): ReadonlyArray<Line> => [
  never("refresh tokens presented twice", journal.presentedTwice),
  never("refreshes of one session at the same time", journal.overlapping),
  never("refresh tokens that the vendor never gave", journal.unknownTokens),
  never("records whose refresh token is spent, with no intent to tell", stale),
  never("records behind what a caller had been given", behind),
  never("calls that were given an older token than one before", tally.older),
  never("tokens that are another account's, or nobody's", misdirected(journal, tally)),
  never("defects", tally.defects.length),
  never("accounts without a token when all was over", unanswered.length),
  {
    promise: "logins: one for each account, kill, stop and lost answer",
    count: journal.logins,
    allowed: accounts.length + tally.kills + tally.stops + journal.lostAnswers
  }
]

/** Whether every promise was kept. */
export const isKept = (lines: ReadonlyArray<Line>): boolean => lines.every(({ allowed, count }) => count <= allowed)

/** A promise that may not be broken once. */
export const never = (promise: string, count: number): Line => ({ promise, count, allowed: 0 })

/** Whether a record's refresh token is spent, as the vendor knows, and nothing in the record says so. */
export const isStale = (journal: Vendor.Journal, { intent, refreshToken }: Session.Session): boolean =>
  refreshToken !== null && intent === null && !journal.live.has(Vendor.hash(Redacted.value(refreshToken)))

const misdirected = (journal: Vendor.Journal, { handed }: Tally): number =>
  [...handed].reduce(
    (found, [account, tokens]) => found + [...tokens].filter((token) => journal.owners.get(token) !== account).length,
    0
  )
