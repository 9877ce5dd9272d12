/**
 * One run of replicas that share many accounts: a vendor, a store full of sessions, three replicas and no caller.
 *
 * Decided here: how the sessions' lives are spread, that one replica is killed in its work and comes back when the
 * others have taken that over, and how long those whose moment came are waited for. Not here: the vendor (`Families`),
 * the records (`Rows`), the processes (`Replicas`), and what counts as a violation (`ManyVerdict`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Families from "./Families.ts"
import * as ManyVerdict from "./ManyVerdict.ts"
import type { Orders } from "./Replica.ts"
import * as Replicas from "./Replicas.ts"
import * as Rows from "./Rows.ts"
import type * as Stores from "./Stores.ts"

/** How it is run. */
export interface Options {
  /** PostgreSQL. */
  readonly store: Stores.Address
  readonly rows: number
  readonly millis: number
  /** Milliseconds that an access token lives: what comes due in a second is what does if all have such tokens. */
  readonly life: number
  readonly sabotage?: string | undefined
  /** Ends it with the first promise that is seen to be broken. */
  readonly isOverWhenBroken?: boolean | undefined
  readonly progress?: ((text: string) => Effect.Effect<void>) | undefined
}

const names = ["one", "two", "three"]

/** Milliseconds that an exchange may take: what a killed process had begun is taken over after that and 5 s more. */
const patience = 4_000

/** Milliseconds for which those that became due are waited for when the time is up, and those in hand, at most. */
const waitsFor = 30_000

/** Milliseconds that replicas take to start. */
const startsIn = 3_000

/** Milliseconds for which a replica that has come back is seen at work, at least. */
const comesBackFor = 2_000

/** Milliseconds in which a replica begins its next round of refreshes. */
const busyIn = 6_000

/** Milliseconds after a process's death by which the database has carried out all that it had asked for. */
const heardAfter = 300

/** Milliseconds after which the others have ended what they had begun by then, mostly. */
const settledAfter = 1_000

/** Runs it. */
export const run = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ManyVerdict.Result, never, Scope.Scope> {
  const { isOverWhenBroken = false, life, millis, progress = () => Effect.void, store } = options
  const now = Clock.currentTimeMillis
  const vendor = yield* Families.open(life)
  const { journal } = vendor
  const opensAt = yield* fill(options, vendor)

  const defects: Array<string> = []
  const start = (name: string) => {
    const orders: Orders = { name, origin: vendor.origin, store, patience, sabotage: options.sabotage }
    return Replicas.start(orders, (defect) => defects.push(defect))
  }
  const replicas = new Map<string, Replicas.Replica>()
  for (const replica of yield* Effect.all(names.map(start), { concurrency: "unbounded" })) {
    replicas.set(replica.name, replica)
  }
  yield* Effect.sleep(Math.max(0, opensAt - (yield* now)))

  const isBroken = () => isOverWhenBroken && ManyVerdict.isBroken(journal, defects)
  const statementsBefore = yield* Rows.statements(store)
  const began = yield* now
  let told = 0
  const goOn = Effect.fnUntraced(function* (until: number) {
    while (!isBroken() && (yield* now) < until) {
      yield* Effect.sleep(Math.min(1_000, until - (yield* now)))
      const seconds = Math.floor(((yield* now) - began) / 1_000)
      if (seconds < told + 10) continue
      told = seconds
      yield* progress(`${String(seconds).padStart(4)} s: ${journal.refreshes} refreshes, ${journal.logins} logins`)
    }
  })

  yield* goOn(began + millis / 3)
  // In the middle of its work, where that can be had.
  const busyBy = (yield* now) + busyIn
  while ((journal.underWay.get(names[0]!) ?? 0) <= 4 && (yield* now) < busyBy) yield* Effect.sleep(10)
  yield* replicas.get(names[0]!)!.kill
  const killedAt = yield* now
  yield* Effect.sleep(settledAfter)
  const inHand = yield* Rows.openSince(store, killedAt + heardAfter)
  // The others have to do without it: until they have taken over what it had in hand.
  let left = inHand.size
  while (left > 0 && !isBroken() && (yield* now) < killedAt + waitsFor) {
    yield* goOn((yield* now) + 500)
    left = (yield* Rows.openSince(store, killedAt + heardAfter)).size
  }
  replicas.set(names[0]!, yield* start(names[0]!))
  yield* goOn(Math.max(began + millis, (yield* now) + comesBackFor))

  const over = yield* now
  const rate = journal.refreshes / ((over - began) / 1_000)
  const due = [...journal.families.values()].filter(({ dueAt }) => dueAt <= began + millis)
  while (ManyVerdict.neglected(due) > 0 && !isBroken() && (yield* now) < over + waitsFor) yield* Effect.sleep(250)
  const statements = (yield* Rows.statements(store)) - statementsBefore
  const stopped = yield* Effect.forEach(replicas.values(), ({ stop }) => stop, { concurrency: "unbounded" })
  const worked = new Map(names.map((name, index) => [name, stopped[index]!] as const).slice(1))

  return yield* ManyVerdict.judge({
    vendor,
    due,
    inHand,
    left,
    killedAt,
    defects,
    wrong: isBroken() ? [] : yield* Rows.wrong(store, vendor),
    rate,
    statements,
    worked
  })
}, Effect.scoped)

/** So many accounts are written before it is known how long all will take. */
const sample = 1_000

/** Milliseconds that one of them takes, at most: the first ones wait for a connection, too. */
const slowest = 1

/**
 * Writes the sessions, and gives the moment from which on they become due: in each second the same share of them, as if
 * they had been refreshed for ever.
 */
const fill = Effect.fnUntraced(function* ({ life, progress, rows, store }: Options, vendor: Families.Vendor) {
  const write = Effect.fnUntraced(function* (from: number, to: number, issuedAt: (index: number) => number) {
    const accounts = Array.from({ length: to - from }, (_, index) => `tenant-${from + index}`)
    accounts.forEach((account, index) => vendor.enter(account, Math.round(issuedAt(from + index))))
    yield* Rows.write(store, accounts, vendor)
  })
  const began = yield* Clock.currentTimeMillis
  const few = Math.min(sample, rows / 20)
  // Their moment comes when the others' has come.
  yield* write(0, few, () => began)
  const now = yield* Clock.currentTimeMillis
  const each = Math.min(slowest, (now - began) / few)
  const opensAt = now + each * (rows - few) + startsIn
  yield* write(few, rows, (index) => opensAt - ((index - few + 0.5) / (rows - few)) * Families.dueAfter(life))
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1_000
  yield* progress?.(`${rows} sessions written in ${seconds.toFixed(1)} s`) ?? Effect.void
  return opensAt
})
