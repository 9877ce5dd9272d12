/**
 * The processes: started, killed, stopped, woken and started again, until the time is up; then one more without faults,
 * which must find every account in order.
 *
 * Decided here: when a process is hurt from outside, that each one that died is replaced, and what is counted. Not
 * here: what a process does (`Worker`), and what the counts mean (`Verdict`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type ChildProcess, fork } from "node:child_process"
import * as path from "node:path"
import type { Odds } from "./Failpoints.ts"
import type { Orders, Report } from "./Worker.ts"

/** What is counted. */
export interface Tally {
  /** Tokens that callers were given: by account, SHA-256 of each. */
  readonly handed: Map<string, Set<string>>
  /** By account, the latest generation that a caller was given. */
  readonly latest: Map<string, number>
  calls: number
  /** Calls that were given an older generation than one before, in the same process. */
  older: number
  /** Typed failures by the name of their reason. */
  readonly failures: Map<string, number>
  readonly defects: Array<string>
  /** Processes that died, with an intent of theirs open for all that is known. */
  kills: number
  /** Processes that stood still. */
  stops: number
  /** Milliseconds of the longest call. */
  longest: number
  /** Times that the database was killed. */
  crashes: number
}

export const processes = 8

/** Milliseconds between two faults from outside, about. */
const hurtEvery = 600

const worker = path.join(import.meta.dirname, "Worker.ts")

/** What goes on for so many milliseconds. `crash` kills the database in the middle and starts it again. */
export const run = Effect.fnUntraced(function* (
  orders: Omit<Orders, "odds" | "seed">,
  options: {
    readonly odds: Odds
    readonly seed: string
    readonly millis: number
    readonly crash: Effect.Effect<void> | undefined
    /** Looked at each second: whether enough was seen. */
    readonly isEnough: (tally: Tally, millis: number) => Effect.Effect<boolean>
  }
): Effect.fn.Return<Tally, never, Scope.Scope> {
  const tally: Tally = {
    handed: new Map(orders.accounts.map((account) => [account, new Set()])),
    latest: new Map(),
    calls: 0,
    older: 0,
    failures: new Map(),
    defects: [],
    kills: 0,
    stops: 0,
    longest: 0,
    crashes: 0
  }
  const wake = yield* FiberSet.makeRuntime<never>()
  const children = new Map<number, ChildProcess>()
  let [isOver, started] = [false, 0]

  const stop = (child: ChildProcess, millis: number) => {
    tally.stops++
    wake(
      Effect.andThen(
        Effect.sleep(millis),
        Effect.sync(() => child.kill("SIGCONT"))
      )
    )
  }

  const hear = (child: ChildProcess, report: Report) => {
    switch (report._tag) {
      case "Ready":
        return
      case "Handed":
        tally.calls++
        if (report.isOlder) tally.older++
        tally.latest.set(report.account, Math.max(tally.latest.get(report.account) ?? 0, report.generation))
        return void tally.handed.get(report.account)!.add(report.token)
      case "Failed":
        tally.calls++
        if (report.isDefect) tally.defects.push(report.problem)
        return void tally.failures.set(report.problem, (tally.failures.get(report.problem) ?? 0) + 1)
      case "Waited":
        tally.longest = Math.max(tally.longest, report.millis)
        return
      case "Dies":
        return
      case "Stops":
        return stop(child, report.millis)
    }
  }

  const start = (slot: number): void => {
    const given: Orders = { ...orders, odds: options.odds, seed: `${options.seed} ${slot} ${started++}` }
    const child = fork(worker, [JSON.stringify(given)], { stdio: ["ignore", "ignore", "inherit", "ipc"] })
    children.set(slot, child)
    child.on("message", (report) => hear(child, report as Report))
    child.once("exit", (code, signal) => {
      if (isOver) return
      if (signal === "SIGKILL") tally.kills++
      else tally.defects.push(`a process ended by itself, with ${signal ?? code}`)
      wake(
        Effect.andThen(
          Effect.sleep(200),
          Effect.sync(() => isOver || start(slot))
        )
      )
    })
  }

  const end = Effect.sync(() => {
    isOver = true
    for (const child of children.values()) {
      child.kill("SIGCONT")
      child.kill("SIGKILL")
    }
    children.clear()
  })

  const hurt = Effect.gen(function* () {
    while (true) {
      yield* Effect.sleep(yield* Random.nextIntBetween(hurtEvery / 2, hurtEvery * 1.5))
      const child = children.get(yield* Random.nextIntBetween(0, processes))
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue
      if (yield* Random.nextBoolean) child.kill("SIGKILL")
      else if (child.kill("SIGSTOP")) stop(child, yield* Random.nextIntBetween(1_000, 9_000))
    }
  })

  yield* Effect.addFinalizer(() => end)
  for (let slot = 0; slot < processes; slot++) start(slot)
  const hurting = yield* Effect.forkChild(hurt)
  const began = yield* Clock.currentTimeMillis
  for (let passed = 0; passed < options.millis; passed = (yield* Clock.currentTimeMillis) - began) {
    if (options.crash !== undefined && tally.crashes * 60_000 + options.millis / 2 < passed) {
      tally.crashes++
      yield* options.crash
    }
    if (yield* options.isEnough(tally, passed)) break
    yield* Effect.sleep(Math.min(1_000, Math.max(1, options.millis - passed)))
  }
  yield* Fiber.interrupt(hurting)
  tally.kills += children.size
  yield* end
  return tally
}, Random.withSeed("herd"))

/** One process without faults. Gives the accounts for which no token could be had in so many milliseconds. */
export const calm = Effect.fnUntraced(function* (
  orders: Omit<Orders, "odds" | "seed">,
  millis: number
): Effect.fn.Return<ReadonlyArray<string>> {
  const missing = new Set(orders.accounts)
  const given: Orders = { ...orders, odds: undefined, seed: "calm" }
  const child = fork(worker, [JSON.stringify(given)], { stdio: ["ignore", "ignore", "inherit", "ipc"] })
  const all = Effect.callback<void>((resume) => {
    child.on("message", (report: Report) => {
      if (report._tag === "Handed" && missing.delete(report.account) && missing.size === 0) resume(Effect.void)
    })
    child.once("exit", () => resume(Effect.void))
  })
  yield* Effect.timeoutOption(all, millis)
  child.kill("SIGKILL")
  return [...missing]
})
