/**
 * The replicas as processes: started, one of them killed and started again, and ended in good order.
 *
 * Decided here: that each is waited for until it runs, and that one which ends by itself is a defect. Not here: what a
 * replica does (`Replica`), and when one is killed (`ManyAccounts`).
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, fork } from "node:child_process"
import * as path from "node:path"
import type { Orders, Report } from "./Replica.ts"

/** A running replica. */
export interface Replica {
  readonly name: string
  /** Ends it as `kill -9` does; returns when it is gone. */
  readonly kill: Effect.Effect<void>
  /** Ends it in good order; gives the milliseconds that processors worked for it. */
  readonly stop: Effect.Effect<number>
}

/** Milliseconds that a replica may take to start, and to end. */
const patience = 30_000

/** Starts one; it is killed with the scope. `complain` is told if it ends by itself. */
export const start = Effect.fnUntraced(function* (
  orders: Orders,
  complain: (problem: string) => void
): Effect.fn.Return<Replica, never, Scope.Scope> {
  const ready = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<number>()
  const gone = yield* Deferred.make<void>()
  let isToEnd = false
  const launch = Effect.sync((): ChildProcess => {
    const child = fork(path.join(import.meta.dirname, "Replica.ts"), [JSON.stringify(orders)], {
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
    child.on("message", (report: Report) => {
      if (report._tag === "Ready") Deferred.doneUnsafe(ready, Effect.void)
      else Deferred.doneUnsafe(ended, Effect.succeed(report.worked))
    })
    child.once("exit", (code, signal) => {
      Deferred.doneUnsafe(gone, Effect.void)
      if (!isToEnd) complain(`${orders.name} ended by itself, with ${signal ?? code}`)
    })
    return child
  })
  const kill = (child: ChildProcess) =>
    Effect.suspend(() => {
      isToEnd = true
      child.kill("SIGKILL")
      return Deferred.await(gone)
    })
  const child = yield* Effect.acquireRelease(launch, kill)
  yield* Effect.timeoutOrElse(Effect.raceFirst(Deferred.await(ready), Deferred.await(gone)), {
    duration: patience,
    orElse: () => Effect.sync(() => complain(`${orders.name} did not start`))
  })
  return {
    name: orders.name,
    kill: kill(child),
    stop: Effect.suspend(() => {
      isToEnd = true
      child.send("stop", () => {})
      const isGone = Effect.as(Deferred.await(gone), 0)
      return Effect.timeoutOrElse(Effect.raceFirst(Deferred.await(ended), isGone), {
        duration: patience,
        orElse: () =>
          Effect.as(
            Effect.sync(() => complain(`${orders.name} did not end`)),
            0
          )
      })
    })
  }
})
