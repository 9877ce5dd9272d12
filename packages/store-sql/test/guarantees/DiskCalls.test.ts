// Guarantee H1 at each call: whichever system call on a store's file fails, and with whatever error, the record is the
// old one or the new one, the token in memory is served, the failure is typed, and what has to be saved is saved.
// Decided here: the errors; that a life without faults says which calls there are, so that none is forgotten; how many
// of them fail on an ordinary day; and what is expected. Not here: how a call is made to fail (`SystemCalls`), what a
// process does meanwhile (`Keeper`), and disks that are full or read-only (`Disk.test.ts`).
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { patience } from "../Keys.ts"
import * as SystemCalls from "../SystemCalls.ts"
import { amount, group } from "./Fleet.ts"
import * as Keepers from "./Keepers.ts"

const errors = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "EMFILE"] as const

/** The calls of a life in which nothing fails, by name. They are always the same. */
const census = Effect.fnUntraced(function* (beginning: Keepers.Beginning) {
  const live = yield* Keepers.make
  const [{ calls }, again] = [yield* live(beginning), yield* live(beginning)]
  assert.deepStrictEqual(
    calls.map(({ name }) => name),
    again.calls.map(({ name }) => name)
  )
  const named = new Map<string, Array<SystemCalls.Call>>()
  for (const call of calls) named.set(call.name, [...(named.get(call.name) ?? []), call])
  assert.includeMembers([...named.keys()], ["openat", "pread64", "pwrite64", "fsync", "ftruncate", "fcntl", "mmap"])
  return named
}, Effect.scoped)

type Census = Effect.Success<ReturnType<typeof census>>

/** Each call with each error; or so many of each name, spread over its calls and the errors. */
const chosen = (calls: Census, each: number, rest: Pick<Keepers.Fault, "lasts" | "ending">) =>
  [...calls].flatMap(([call, all], row) => {
    const isEach = each >= all.length * errors.length
    return Array.from({ length: isEach ? all.length * errors.length : each }, (_, at): Keepers.Fault => {
      const nth = 1 + Math.floor(isEach ? at / errors.length : (all.length * (at + 0.5)) / each)
      return { call, nth, error: errors[(row + at) % errors.length]!, ...rest }
    })
  })

/** Milliseconds that a test may take: most of it is waiting, and a machine may have other work. */
const enough = 3 * patience

/** Keepers that live at the same time: mostly they wait for their next try. */
const together = amount(3, 10)

/** Lets keepers live through all of these faults. */
const liveThrough = Effect.fnUntraced(function* (beginning: Keepers.Beginning, faults: ReadonlyArray<Keepers.Fault>) {
  const seen: Array<readonly [Keepers.Fault, Keepers.Seen]> = []
  const left = faults.values()
  const some = Effect.gen(function* () {
    const live = yield* Keepers.make
    for (const fault of left) {
      const named = (cause: unknown) => new Error(`after ${JSON.stringify(fault)}`, { cause })
      seen.push([fault, yield* Effect.mapError(live(beginning, fault), named)])
    }
  })
  yield* Effect.all(
    Array.from({ length: together }, () => some),
    { concurrency: "unbounded" }
  )
  return seen
}, Effect.scoped)

/** What may be told: that the store cannot be had; or, of a page that cannot be read, what SQLite says: damage. */
const isTyped = (failure: string, { call, error }: Keepers.Fault): boolean =>
  /^(open|token|refresh): StoreFailure Unavailable$/.test(failure) ||
  (call.startsWith("pread") && error === "EIO" && /^\w+: StoreFailure Corrupt$/.test(failure))

/** Every promise, and whether it was kept. */
const promises = (beginning: Keepers.Beginning, fault: Keepers.Fault, seen: Keepers.Seen): Record<string, boolean> => {
  const { calls, done, exchanges, failures, integrity, names, next, record } = seen
  const hit = calls.filter(({ isInjected }) => isInjected)
  const logins = beginning === "nothing" ? 1 : 0
  const always = {
    "the fault is met": fault.lasts ? hit.length > 0 : hit.length === 1,
    "the file is whole": integrity === "ok" && seen.isOfOnePiece,
    // A new file's draft stays only if it could not be removed.
    "and alone": names.every((name) => /^sessions\.db(-wal|-shm)?$/.test(name) || hit.at(-1)!.line.includes(".new")),
    "failures are typed": failures.every((failure) => isTyped(failure, fault)),
    "the vendor's rules are kept": seen.violations.length === 0,
    "no refresh token comes twice": seen.reuses === 0
  }
  if (done === undefined) {
    const isLost = exchanges.refreshes > 0 && record?.generation === 1
    return {
      ...always,
      "what was sent is written down": !isLost || record.isOpen,
      "the next process goes on": next.generation > (record?.generation ?? 0),
      "and logs in only for what was lost": exchanges.logins === 0 && next.logins === (isLost ? 1 : 0)
    }
  }
  const hasAlarm = beginning === "nothing" || done.alarms.some((alarm) => alarm.startsWith("Due: StoreFailure"))
  return {
    ...always,
    "it neither dies nor hangs": done.defects.length === 0,
    "what it holds is served": done.served > 0 && done.unserved.length === 0,
    "its status says so": hasAlarm || !failures.some((failure) => failure.startsWith("refresh")),
    "each exchange is sent once": exchanges.logins === logins && exchanges.refreshes === 1,
    "the new session is saved": record?.generation === 2 && record.token === done.token && !record.isOpen,
    "with its refresh token": next.generation === 3 && next.logins === 0
  }
}

/** Lives through the faults, and finds every promise kept. */
const kept = Effect.fnUntraced(function* (beginning: Keepers.Beginning, faults: ReadonlyArray<Keepers.Fault>) {
  const seen = yield* liveThrough(beginning, faults)
  const broken = seen.flatMap(([fault, one]) => {
    const all = Object.entries(promises(beginning, fault, one))
    const not = all.filter(([, isKept]) => !isKept).map(([promise]) => promise)
    const line = one.calls.find(({ isInjected }) => isInjected)?.line
    const more = { line, failures: one.failures, defects: one.done?.defects, served: one.done?.served }
    return not.length === 0 ? [] : [`${fault.call} ${fault.nth}: NOT ${not.join(", ")}: ${JSON.stringify(more)}`]
  })
  assert.deepStrictEqual(broken, [])
  assert.strictEqual(seen.length, faults.length)
  return seen.map(([, one]) => one)
})

if (SystemCalls.refused !== undefined) {
  process.stderr.write(`\n${SystemCalls.refused}\n\n`)
  it.skip(SystemCalls.refused, () => {})
} else {
  group("H1: a system call on the file fails, with any error that a disk may give", () => {
    const beginnings = [
      ["closed", "that holds a session", amount(6, Infinity)],
      ["left", "that a killed process left, with a session in its log", amount(3, Infinity)],
      ["nothing", "that is not there yet", amount(3, Infinity)]
    ] as const
    for (const [beginning, what, each] of beginnings) {
      it.live(
        `once, on a file ${what}: the token is served, and what is newer is saved by the process itself`,
        () =>
          Effect.gen(function* () {
            const calls = yield* census(beginning)
            const seen = yield* kept(beginning, chosen(calls, each, { lasts: false, ending: "lifted" }))
            // It is told where it matters, and only there.
            assert.isAbove(seen.filter(({ failures }) => failures.length > 0).length, seen.length / 5)
            assert.isAbove(seen.filter(({ failures }) => failures.length === 0).length, seen.length / 5)
          }),
        enough
      )
    }

    it.live(
      "again and again, until that is over: the same",
      () =>
        Effect.gen(function* () {
          const calls = yield* census("closed")
          yield* kept("closed", chosen(calls, amount(2, 24), { lasts: true, ending: "lifted" }))
        }),
      enough
    )

    it.live(
      "again and again, until the process is killed: the next one presents nothing that is spent",
      () =>
        Effect.gen(function* () {
          // What is called often is called after the exchange too.
          const calls = [...(yield* census("closed"))].filter(([, { length }]) => length >= amount(10, 1))
          const faults = chosen(new Map(calls), amount(2, 12), { lasts: true, ending: "killed" })
          const seen = yield* kept("closed", faults)
          // Some died with a token in memory alone, some before anything was sent.
          assert.isAbove(seen.filter(({ next }) => next.logins === 1).length, 0)
          assert.isAbove(seen.filter(({ exchanges }) => exchanges.refreshes === 0).length, 0)
        }),
      enough
    )
  })
}
