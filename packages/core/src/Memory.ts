/**
 * What a process remembers of an account between two flights, in one plain record.
 *
 * Decided here: all that outlives a flight and that no store keeps, so that an account can sleep on its record, and
 * what runs it can be made anew. Not here: what changes it (`TokenEngine`, `Flight`, `Ledger`), and what all processes
 * share of an account (`Session`).
 */
import type { AccessToken } from "./AccessToken.ts"
import type { AuthError, Reason } from "./AuthError.ts"
import type { Step } from "./Ledger.ts"
import type { Stepper } from "./RefreshPolicy.ts"
import type { Session } from "./Session.ts"
import * as TokenLifecycle from "./TokenLifecycle.ts"

/** One account's memory. */
export interface Memory {
  state: TokenLifecycle.State
  /** The record that the token in `state` stands in. */
  session: Session | undefined
  /** Where the account is in its schedules, once it began one. */
  refreshDelay: Stepper<AccessToken> | undefined
  retryDelay: Stepper<AuthError> | undefined
  /** An intent of ours whose request was sent, as long as its outcome is not known. */
  unknown: string | undefined
  /** Generation of this process's last sign-out: nothing at or below it is adopted. */
  floor: number
  /** Hashes of what the API rejected: no secret is kept for it. */
  rejected: Set<number> | undefined
  /** What the vendor said when it refused the login. */
  refusal: Reason | undefined
  /** A step that the store must take before anything else. */
  owed: Step | undefined
}

/** The memory of an account that was never used. */
export const make = (): Memory => ({
  state: TokenLifecycle.initial,
  session: undefined,
  refreshDelay: undefined,
  retryDelay: undefined,
  unknown: undefined,
  floor: 0,
  rejected: undefined,
  refusal: undefined,
  owed: undefined
})

/** Drops what is or holds a secret. */
export const forget = (memory: Memory): void => {
  memory.state = TokenLifecycle.initial
  memory.session = undefined
  memory.owed = undefined
}

/**
 * Whether the account may be dropped and begun anew from its store: nothing is owed, no flight is out, no pause is to
 * be kept, and no token that the API refused would come back.
 */
export const isDispensable = ({ owed, state: { failure, held, isExchanging } }: Memory, now: number): boolean =>
  owed === undefined &&
  !isExchanging &&
  (failure === undefined || failure.error.isFinal || failure.retryAt <= now) &&
  held?.expiredAt !== -Infinity
