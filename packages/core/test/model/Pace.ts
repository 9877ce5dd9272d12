// How soon an exchange may follow the one before it.
//
// Decided here: the least pause after a failure, by the retry schedule, and after a success, by the refresh schedule;
// and what lets an exchange come sooner. Not here: which exchanges there were (`Invariants`).
import type { Seen } from "./Seen.ts"
import type { Exchange, Terms } from "./Vendor.ts"

/** The rule that this exchange breaks by coming too soon. */
export const pace = (
  x: Exchange,
  { excuse, failure, foreign, mayAdopt, success }: Seen,
  since: {
    /** The last ones, by anybody. */
    readonly signOut: number
    readonly commit: number
    readonly isSkewed: boolean
    readonly storeFailed: boolean
  },
  terms: Terms
): [rule: string, detail: string] | undefined => {
  if (failure !== undefined && failure.order > Math.max(excuse, since.signOut, since.commit)) {
    const schedule = Math.max(
      800 * Math.min(300, 2 ** (failure.count - 1)),
      since.storeFailed ? 0 : retryAfter(failure.exchange)
    )
    const least = mayAdopt ? 1_000 : Math.max(1_000, schedule)
    const pause = x.sentWall - failure.wall
    if (!continues(failure.exchange, terms.use) && pause < least - 1) {
      return ["the retry schedule is obeyed", `${pause} ms instead of ${least} after failure ${failure.count}`]
    }
  }
  if (since.isSkewed || success === undefined || failure !== undefined) return undefined
  if (success.order <= Math.max(excuse, foreign, since.signOut)) return undefined
  const { life: access, refreshLife = Infinity } = terms
  const life = Math.min(access, refreshLife)
  const pause = x.sentWall - success.exchange.sentWall
  return pause < Math.min(5_000, life / 2) - (refreshLife === Infinity ? 0 : 2_000)
    ? ["a token is not refreshed at once", `after ${pause} ms of ${life}`]
    : undefined
}

const retryAfter = (x: Exchange): number => (x.outcome === "Answered" ? x.retryAfter : 0)

/** Whether the same flight may go on with a login. */
export const continues = (x: Exchange, use: "once" | "many"): boolean =>
  x.kind === "refresh" && (x.outcome === "Refused" || (x.outcome === "Unknown" && use === "once"))
