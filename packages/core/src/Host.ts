/**
 * What is done for an account that is one of many, by those who house them.
 *
 * Decided here: what an account's engine leaves to its host: its memory, its timer, and whether the vendor may be
 * troubled with one more retry. An account that is alone has no host and does all of it itself. Not here: how it is
 * done (`Residents`).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Memory } from "./Memory.ts"

/** One account's host. */
export interface Host {
  readonly memory: Memory
  /** All accounts of a host share one warning that their sessions do not last. */
  readonly warning: { isGiven: boolean }
  /** The engine is made: what the host may do with it. */
  readonly attach: (controls: Controls) => void
  /** The engine is to be waked at this moment, in milliseconds since the epoch; `Infinity` for never. */
  readonly alarm: (at: number) => void
  /** A flight begins that follows no failure. */
  readonly started: () => void
  /** Whether a flight that follows a failure may begin now. */
  readonly mayRetry: (now: number) => boolean
  /** A flight ended, and those who waited for it know its outcome. */
  readonly landed: (hasSucceeded: boolean) => void
}

/** What a host may do with an account's engine. */
export interface Controls {
  /** The moment of the alarm has come; `isDue`: the store says that it has. */
  readonly wake: (isDue: boolean) => Effect.Effect<void>
  /** Waits for the flight that is out. */
  readonly settled: Effect.Effect<void>
  /** A flight is out, or a sign-out is being written. */
  readonly isBusy: () => boolean
  /** The engine is dropped: what its successor can do without is taken out of the memory. */
  readonly rest: () => void
}

/** The host of the account that is being made. */
export const Host: Context.Reference<Host | undefined> = Context.Reference<Host | undefined>("@vendor-auth/core/Host", {
  defaultValue: () => undefined
})
