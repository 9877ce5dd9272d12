/**
 * How many retries a vendor is troubled with when many accounts fail at once.
 *
 * Decided here: a retry costs what successes and first tries bring in, so that a vendor that is down is not asked by
 * each account on its own schedule, and one that is back is not asked by all of them in one second; and that one retry
 * in half a minute is always allowed, or nobody would notice that it is back. Not here: when an account retries at all
 * (its own schedule).
 */

/** One vendor's budget. */
export interface RetryBudget {
  /** An exchange begins that follows no failure. */
  readonly started: () => void
  readonly succeeded: () => void
  /** Whether a retry may begin now, in milliseconds since the epoch; if so, it is paid for. */
  readonly take: (now: number, accounts: number) => boolean
}

/** A budget lasts for so many retries when an outage begins, at most. */
const most = 100
const atFirst = 25
const perStart = 0.05
const perSuccess = 2
/** Milliseconds between two retries that cost nothing. */
const probeEvery = 30_000
/** Retries in one second, or this part of the accounts if that is more. */
const perSecond = 20
const partPerSecond = 0.02

/** Makes a budget. */
export const make = (): RetryBudget => {
  let credit = atFirst
  let probedAt = -Infinity
  let second = 0
  let taken = 0
  const earn = (amount: number) => {
    credit = Math.min(most, credit + amount)
  }
  return {
    started: () => earn(perStart),
    succeeded: () => earn(perSuccess),
    take: (now, accounts) => {
      const current = Math.floor(now / 1_000)
      if (current !== second) {
        second = current
        taken = 0
      }
      if (taken >= Math.max(perSecond, accounts * partPerSecond)) return false
      // A clock that was set back must not silence a vendor's accounts until it is where it was.
      const isProbe = credit < 1 && Math.abs(now - probedAt) >= probeEvery
      if (credit < 1 && !isProbe) return false
      if (isProbe) probedAt = now
      else credit -= 1
      taken++
      return true
    }
  }
}
