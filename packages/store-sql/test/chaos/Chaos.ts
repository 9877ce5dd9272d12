/**
 * One run: a vendor, a store, a herd of processes, and the verdict.
 *
 * Decided here: the order of things. Not here: each of them (the files beside this one).
 */
import { Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Failpoints from "./Failpoints.ts"
import * as Herd from "./Herd.ts"
import * as Stores from "./Stores.ts"
import * as Vendor from "./Vendor.ts"
import * as Verdict from "./Verdict.ts"

const accounts = ["anna", "bert", "cleo", "dora"]

/** How it is run. */
export interface Options {
  readonly store: Stores.Address
  /** Kills the database and starts it again. */
  readonly crash?: Effect.Effect<void> | undefined
  readonly millis: number
  readonly seed: string
  /** How often a process dies, and stands still, at each step. @default 2 % and 3 % */
  readonly odds?: Failpoints.Odds | undefined
  readonly sabotage?: string | undefined
  /** Ends it with the first promise that is seen to be broken. */
  readonly isOverWhenBroken?: boolean | undefined
  readonly progress?: (tally: Herd.Tally, millis: number, journal: Vendor.Journal) => Effect.Effect<void>
}

/** What came of it. */
export interface Result {
  readonly lines: ReadonlyArray<Verdict.Line>
  readonly journal: Vendor.Journal
  readonly tally: Herd.Tally
}

/** Milliseconds that a process without faults is given: an intent's deadline, and time to spare. */
const calmFor = 30_000

/** Runs it. */
export const run = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Result, never, Scope.Scope> {
  const { journal, origin } = yield* Vendor.start
  const orders = { origin, store: options.store, accounts, sabotage: options.sabotage }
  const calm = Herd.calm({ ...orders, sabotage: undefined }, calmFor)
  // Logins that die before any was answered would shut an account for minutes (rule 7): that is not what is tried here.
  const unopened = yield* calm

  let behind = 0
  const lookBehind = Effect.fnUntraced(function* (tally: Herd.Tally) {
    const latest = new Map(tally.latest)
    const sessions = yield* records(origin, options.store)
    behind += sessions.filter(({ account, session }) => session.generation < (latest.get(account) ?? 0)).length
    return sessions
  })

  const tally = yield* Herd.run(orders, {
    odds: options.odds ?? { dies: 0.02, stops: 0.03 },
    seed: options.seed,
    millis: options.millis,
    crash: options.crash,
    isEnough: Effect.fnUntraced(function* (tally, millis) {
      yield* options.progress?.(tally, millis, journal) ?? Effect.void
      yield* lookBehind(tally)
      return options.isOverWhenBroken === true && behind + journal.presentedTwice + journal.overlapping > 0
    })
  })
  const sessions = yield* lookBehind(tally)
  // Before anybody goes on with them.
  const stale = sessions.filter(({ session }) => Verdict.isStale(journal, session)).length
  const unanswered = options.isOverWhenBroken === true ? [] : yield* calm
  const lines = Verdict.judge({ accounts, journal, tally, stale, behind, unanswered: [...unopened, ...unanswered] })
  return { lines, journal, tally }
}, Effect.scoped)

/** The records of the accounts, as the store has them now. */
const records = (origin: string, store: Stores.Address) =>
  Effect.gen(function* () {
    const { read } = yield* TokenStore.TokenStore
    return yield* Effect.forEach(accounts, (account) =>
      Effect.map(read(JSON.stringify(["LRS Connect", origin, account])), ({ session }) => ({
        account,
        session: session ?? Session.empty("LRS Connect")
      }))
    )
  }).pipe(Effect.provide(Stores.layer(store)), Effect.orDie)
