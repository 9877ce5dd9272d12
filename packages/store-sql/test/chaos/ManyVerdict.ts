/**
 * What was seen of replicas that share many accounts, judged.
 *
 * Decided here: what counts as a violation; figures of time are told and not judged. Not here: what was counted
 * (`Families`, `Rows`, `ManyAccounts`).
 */
import * as Effect from "effect/Effect"
import type * as Families from "./Families.ts"
import * as Rows from "./Rows.ts"
import * as Verdict from "./Verdict.ts"

/** What came of a run. */
export interface Result {
  readonly lines: ReadonlyArray<Verdict.Line>
  /** Accounts whose moment came while it ran. */
  readonly due: number
  /** Some of what was wrong, in words. */
  readonly complaints: ReadonlyArray<string>
  readonly figures: ReadonlyArray<string>
}

/** All that a run left behind. */
export interface Remains {
  readonly vendor: Families.Vendor
  /** The accounts whose moment came while it ran. */
  readonly due: ReadonlyArray<Families.Family>
  /** Ids of the rows whose exchange the killed replica may have begun and not ended. */
  readonly inHand: ReadonlySet<string>
  /** How many of them the others had not taken over in time. */
  readonly left: number
  readonly killedAt: number
  readonly defects: ReadonlyArray<string>
  /** Records that are not what the vendor knows. */
  readonly wrong: ReadonlyArray<string>
  /** Refreshes in a second. */
  readonly rate: number
  readonly statements: number
  /** Milliseconds that processors worked for a replica, by its name, for those that were not killed. */
  readonly worked: ReadonlyMap<string, number>
}

/** How many of these accounts nobody has refreshed. */
export const neglected = (due: ReadonlyArray<Families.Family>): number =>
  due.filter(({ renewedAt }) => renewedAt === undefined).length

/** Whether it need not go on. */
export const isBroken = (journal: Families.Journal, defects: ReadonlyArray<string>): boolean =>
  journal.presentedTwice + journal.overlapping + journal.unknownTokens + journal.early + defects.length > 0

/** Judges. */
export const judge = Effect.fnUntraced(function* (remains: Remains): Effect.fn.Return<Result> {
  const { defects, due, inHand, left, vendor, wrong } = remains
  const { journal } = vendor
  const returned = [...journal.families.values()].filter(({ loggedInAt }) => loggedInAt !== undefined)
  const explained = yield* Effect.filter(returned, ({ account }) =>
    Effect.map(Rows.idOf(account), (id) => inHand.has(id))
  )
  const lines = [
    Verdict.never("accounts that were due and not refreshed", neglected(due)),
    Verdict.never("refreshes of a token before its time: one life was refreshed twice", journal.early),
    Verdict.never("refresh tokens presented twice", journal.presentedTwice),
    Verdict.never("refreshes of one session at the same time", journal.overlapping),
    Verdict.never("refresh tokens that the vendor never gave", journal.unknownTokens),
    Verdict.never("exchanges of the killed replica that the others did not take over", left),
    Verdict.never("logins of what the killed replica had not in hand", journal.logins - explained.length),
    Verdict.never("records that are not what the vendor knows", wrong.length),
    Verdict.never("defects", defects.length)
  ]
  return { lines, due: due.length, complaints: [...defects, ...wrong], figures: figures(remains, returned) }
})

const figures = (remains: Remains, returned: ReadonlyArray<Families.Family>): ReadonlyArray<string> => {
  const { due, inHand, killedAt, rate, statements, vendor, worked } = remains
  const { by, refreshes } = vendor.journal
  const lags = due.flatMap(({ dueAt, renewedAt }) => (renewedAt === undefined ? [] : [renewedAt - dueAt]))
  lags.sort((a, b) => a - b)
  const lag = (part: number) => `${Math.round(lags[Math.min(lags.length - 1, Math.floor(lags.length * part))] ?? 0)} ms`
  const shares = [...by].toSorted().map(([name, amount]) => `${name} ${amount}`)
  const [work, exchanges] = [...worked].reduce(
    ([millis, amount], [name, one]) => [millis + one, amount + (by.get(name) ?? 0)],
    [0, 0]
  )
  const last = Math.max(0, ...returned.map(({ loggedInAt }) => loggedInAt! - killedAt))
  return [
    `${refreshes} refreshes, ${rate.toFixed(0)} a second, ${due.length} due; by replica: ${shares.join(", ")}`,
    `refreshed after their moment by p50 ${lag(0.5)}, p99 ${lag(0.99)}, at most ${lag(1)}`,
    `${(statements / refreshes).toFixed(1)} statements and ${(work / exchanges).toFixed(1)} ms of a processor each`,
    `the kill: ${inHand.size} in hand, ${returned.length} logins, the last one ${last} ms later`
  ]
}
