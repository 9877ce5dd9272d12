/**
 * One account that is in memory, as those who house it keep it.
 *
 * Decided here: what is kept of an account beside its own memory. Not here: what becomes of it (`Residents`).
 */
import type * as Deferred from "effect/Deferred"
import type * as Scope from "effect/Scope"
import type * as Agenda from "./Agenda.ts"
import type * as AuthError from "./AuthError.ts"
import type * as Host from "./Host.ts"
import * as Memory from "./Memory.ts"

/** An account in memory. */
export interface Resident<S> extends Agenda.Entry {
  readonly id: string
  readonly memory: Memory.Memory
  /** When a caller asked for it last, in milliseconds since the epoch; `-Infinity` for never. */
  usedAt: number
  /** When it was last considered for being forgotten. */
  consideredAt: number
  /** How many use its engine now. */
  uses: number
  awake: Awake<S> | undefined
}

/** Its engine, while there is one. */
export interface Awake<S> {
  readonly scope: Scope.Closeable
  readonly service: Deferred.Deferred<S, AuthError.AuthError>
  controls: Host.Controls | undefined
}

/** An account that comes in now. */
export const make = <S>(id: string, now: number): Resident<S> => ({
  id,
  memory: Memory.make(),
  usedAt: -Infinity,
  consideredAt: now,
  uses: 0,
  awake: undefined,
  at: Infinity,
  place: 0
})
