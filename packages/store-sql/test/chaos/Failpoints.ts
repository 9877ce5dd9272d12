/**
 * A store at whose steps a process dies or stands still, by chance.
 *
 * Decided here: the three places where that hurts most, seen from the store alone: an intent is written and nothing is
 * sent yet; the vendor has answered and nothing is committed yet; it is committed and nobody has seen it yet. Not here:
 * who wakes a process that stands still (`Herd`).
 */
import type { Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Where. */
export type Place = "after claim" | "after answer" | "after commit"

/** What a process says before it stands still or dies, so that it is counted and woken. */
export type Fault =
  | { readonly _tag: "Dies"; readonly at: Place }
  | { readonly _tag: "Stops"; readonly at: Place; readonly millis: number }

/** How likely each is, each time. */
export interface Odds {
  readonly dies: number
  readonly stops: number
}

/** Milliseconds for which a process stands still: beyond an intent's deadline in most cases, which is 6 s. */
const stopsFor = [1_000, 9_000] as const

/** The same store, with the faults. `tell` returns when the parent has been told. */
export const make = (
  store: TokenStore.TokenStore["Service"],
  odds: Odds,
  tell: (fault: Fault) => Effect.Effect<void>
): TokenStore.TokenStore["Service"] => {
  const place = Effect.fnUntraced(function* (at: Place) {
    const drawn = yield* Random.next
    if (drawn < odds.dies) {
      yield* tell({ _tag: "Dies", at })
      process.kill(process.pid, "SIGKILL")
      return yield* Effect.never
    }
    if (drawn >= odds.dies + odds.stops) return
    yield* tell({ _tag: "Stops", at, millis: yield* Random.nextIntBetween(...stopsFor) })
    process.kill(process.pid, "SIGSTOP")
  })

  const isClaim = (session: Session.Session) => session.intent !== null

  return {
    ...store,
    write: Effect.fnUntraced(function* (account, version, session) {
      const isCommit = !isClaim(session) && session.lastIntent !== null
      if (isCommit) yield* place("after answer")
      const hasWon = yield* store.write(account, version, session)
      if (hasWon && isClaim(session)) yield* place("after claim")
      if (hasWon && isCommit) yield* place("after commit")
      return hasWon
    })
  }
}
