/**
 * One account's record in the store, as a flight works on it: read, written by compare-and-set, and steps taken until
 * they win.
 *
 * Decided here: how long a call of the store may take, that a record whose token no header can carry is corrupt,
 * and that a step which must not be lost is owed until the store has taken it. Not here: which step comes when
 * (`Flight`), and what a step does (`Session`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as AuthError from "./AuthError.ts"
import type { Memory } from "./Memory.ts"
import * as Secret from "./Secret.ts"
import * as Session from "./Session.ts"
import type { TokenStore } from "./TokenStore.ts"

/** A change of the record that may be repeated. Undefined, or the record itself: there is nothing to change. */
export type Step = (session: Session.Session) => Session.Session | undefined

/** A record and its version. */
export interface Seen {
  readonly version: number
  readonly session: Session.Session
}

/** The same as it was read, with the store's clock. */
export interface Row extends Seen {
  readonly now: number
}

/** The record of one account. */
export interface Ledger {
  readonly read: Effect.Effect<Row, AuthError.StoreFailure>
  /** Replaces the record if it is still this version, and says whether it did. */
  readonly write: (version: number, session: Session.Session) => Effect.Effect<boolean, AuthError.StoreFailure>
  /** Takes a step on the newest record, as often as it takes to win. */
  readonly take: (step: Step) => Effect.Effect<Session.Session | undefined, AuthError.StoreFailure>
  /**
   * Takes a step that must not be lost: tried until `deadline`, by `uptime`, and owed from then on. What the record is
   * believed to be saves a read where it is right.
   */
  readonly pay: (
    step: Step,
    deadline: number,
    believed?: Seen
  ) => Effect.Effect<Session.Session | undefined, AuthError.StoreFailure>
  /** Notes a step that must be taken before anything else. */
  readonly owe: (step: Step | undefined) => void
  /** Pays what is owed. */
  readonly settle: (deadline: number) => Effect.Effect<void, AuthError.StoreFailure>
}

/** Milliseconds by a clock that nobody sets: what deadlines are measured by. */
export const uptime: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1_000_000)

/** Milliseconds that a call of the store may take. */
export const callLimit = 5_000

/** Milliseconds between two tries to pay. */
const pause = 100

/** Opens the record of an account. */
export const make = (store: TokenStore["Service"], key: string, vendor: string, memory: Memory): Ledger => {
  const inTime = <A>(effect: Effect.Effect<A, AuthError.StoreFailure>) =>
    Effect.timeoutOrElse(effect, {
      duration: callLimit,
      orElse: () => Effect.fail(new AuthError.StoreFailure({ problem: "Unavailable" }))
    })

  const read = Effect.flatMap(inTime(store.read(key)), (row) => {
    const session = row.session ?? Session.empty(vendor)
    // No vendor's answer puts such a token there, and a client that is to send it quotes it in its complaint.
    return session.tokens === null || Secret.isTokenText(Redacted.value(session.tokens.access))
      ? Effect.succeed({ ...row, session })
      : Effect.fail(new AuthError.StoreFailure({ problem: "Corrupt" }))
  })

  const write = (version: number, session: Session.Session) => inTime(store.write(key, version, session))

  const take = Effect.fnUntraced(function* (step: Step, believed?: Seen) {
    let seen = believed ?? (yield* read)
    while (true) {
      const changed = step(seen.session)
      if (changed === undefined || changed === seen.session) return changed
      if (yield* write(seen.version, changed)) return changed
      seen = yield* read
    }
  })

  const pay = Effect.fnUntraced(function* (step: Step, deadline: number, believed?: Seen) {
    memory.owed = step
    let first = believed
    while (true) {
      const taken = yield* Effect.result(take(step, first))
      if (taken._tag === "Success") {
        memory.owed = undefined
        return taken.success
      }
      if ((yield* uptime) >= deadline) return yield* Effect.fail(taken.failure)
      first = undefined
      yield* Effect.sleep(pause)
    }
  })

  return {
    read,
    write,
    take,
    pay,
    owe: (step) => {
      memory.owed = step
    },
    settle: (deadline) =>
      Effect.suspend(() => (memory.owed === undefined ? Effect.void : Effect.asVoid(pay(memory.owed, deadline))))
  }
}
