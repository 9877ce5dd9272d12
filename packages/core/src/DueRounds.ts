/**
 * Keeps sessions fresh that are in the store and not in memory: after a restart, when another process died, and when an
 * account was forgotten here since nobody asked for it.
 *
 * Decided here: how often the store is asked what is due, how many accounts are refreshed at once, and that one which
 * cannot be refreshed does not stand in the way of others. Two processes that pick the same account do no harm: the
 * store lets one of them refresh it. Not here: how an account is refreshed (`Residents`), and accounts in memory, which
 * are waked by their own schedules.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Account from "./Account.ts"
import * as Ledger from "./Ledger.ts"
import type { Residents } from "./Residents.ts"
import type { TokenStore } from "./TokenStore.ts"

/** Milliseconds between two rounds; up to half of it less, at random, so that processes do not go theirs together. */
const pause = 5_000

/** Accounts that are refreshed at once. */
const atOnce = 64

/** So many times as much is asked for as there is room for, so that processes seldom pick the same accounts. */
const choice = 4

/** Milliseconds for which an account that could not be refreshed is left alone; up to twice that, at random. */
const leftAloneFor = 120_000

/** So many of them are remembered. */
const leftAlone = 10_000

/** Goes its rounds until the scope closes. */
export const make = Effect.fnUntraced(function* <S>(options: {
  readonly vendor: string
  readonly store: TokenStore["Service"]
  readonly residents: Residents<S>
}): Effect.fn.Return<void, never, Scope.Scope> {
  const { residents, store, vendor } = options
  const scope = yield* Effect.scope
  const until = new Map<string, number>()
  const free = Latch.makeUnsafe(false)
  let visits = 0
  let isBusy = false

  /** Until the moment that its own schedule says or, where it could not be refreshed, for a while. */
  const leaveAlone = Effect.fnUntraced(function* (id: string, moment: number | undefined) {
    const now = yield* Clock.currentTimeMillis
    const at = moment ?? now + leftAloneFor * (1 + (yield* Random.next))
    if (at <= now) return
    const [oldest] = until.keys()
    if (until.size >= leftAlone) until.delete(oldest!)
    until.set(id, at)
  })

  const visit = (id: string) =>
    residents.visit(id).pipe(
      Effect.catchCause((cause) =>
        Effect.as(Effect.logDebug(`${vendor}: a due account was not refreshed`, cause), undefined)
      ),
      Effect.flatMap((moment) => leaveAlone(id, moment)),
      Effect.ensuring(
        Effect.sync(() => {
          visits--
          if (visits <= atOnce / 2) free.openUnsafe()
        })
      )
    )

  const round = Effect.gen(function* () {
    const room = atOnce - visits
    if (room <= 0) return
    const now = yield* Clock.currentTimeMillis
    until.forEach((at, id) => at <= now && until.delete(id))
    const limit = room * choice + until.size
    const keys = yield* Effect.timeout(store.due(vendor, limit), Ledger.callLimit)
    const ids = keys
      .map(Account.givenName)
      .filter((id) => id !== undefined && !until.has(id) && residents.get(id) === undefined) as ReadonlyArray<string>
    isBusy = ids.length > room
    for (const id of (yield* Random.shuffle(ids)).slice(0, room)) {
      visits++
      yield* Effect.forkIn(visit(id), scope)
    }
  })

  yield* Effect.gen(function* () {
    free.closeUnsafe()
    // A store that is down is told by every call; the rounds go on.
    yield* Effect.ignore(round)
    const rest = Effect.sleep(pause * (1 - (yield* Random.next) / 2))
    yield* isBusy ? Effect.raceFirst(free.await, rest) : rest
  }).pipe(Effect.forever, Effect.forkIn(scope))
})
