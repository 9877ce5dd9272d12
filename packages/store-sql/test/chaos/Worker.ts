/**
 * One of the processes: callers of a few accounts, over real HTTP and a shared store, that may die at any step.
 *
 * Decided here: how often a token is read and refreshed, and what is told of each answer. Not here: when it is ended
 * from outside, and when it is started again (`Herd`).
 */
import { TokenStore } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Failpoints from "./Failpoints.ts"
import { sabotages } from "./Sabotages.ts"
import * as Stores from "./Stores.ts"
import * as Vendor from "./Vendor.ts"

/** What a process is started with. */
export interface Orders {
  readonly origin: string
  readonly store: Stores.Address
  readonly accounts: ReadonlyArray<string>
  readonly seed: string
  /** How often it dies and stands still by itself, if it does. */
  readonly odds: Failpoints.Odds | undefined
  readonly sabotage: string | undefined
}

/** What a process tells. */
export type Report =
  | { readonly _tag: "Ready" }
  /** `token` is its SHA-256; `isOlder`: an earlier call was given a later generation. */
  | {
      readonly _tag: "Handed"
      readonly account: string
      readonly generation: number
      readonly token: string
      readonly isOlder: boolean
    }
  /** `problem` is the name of a typed reason, or the whole of a defect. */
  | { readonly _tag: "Failed"; readonly account: string; readonly problem: string; readonly isDefect: boolean }
  | { readonly _tag: "Waited"; readonly millis: number }
  | Failpoints.Fault

const orders = JSON.parse(process.argv[2]!) as Orders

const tell = (report: Report) =>
  Effect.callback<void>((resume) => void process.send!(report, () => resume(Effect.void)))

const store = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) => {
    const broken = orders.sabotage === undefined ? store : sabotages[orders.sabotage]!(store)
    return orders.odds === undefined ? broken : Failpoints.make(broken, orders.odds, tell)
  })
).pipe(Layer.provide(Stores.layer(orders.store)))

/** By account, the latest generation that a caller was given here. */
const latest = new Map<string, number>()

const caller = Effect.fnUntraced(function* (account: string, auth: LrsConnectAuth.LrsConnectAuth["Service"]) {
  while (true) {
    const began = yield* Clock.currentTimeMillis
    const exit = yield* Effect.exit((yield* Random.next) < 0.01 ? auth.refresh : auth.token)
    if (Exit.isSuccess(exit)) {
      const { generation, value } = exit.value
      const isOlder = generation < (latest.get(account) ?? 0)
      latest.set(account, generation)
      yield* tell({ _tag: "Handed", account, generation, isOlder, token: Vendor.hash(Redacted.value(value)) })
    } else {
      const error = Option.getOrUndefined(Exit.findErrorOption(exit))
      const problem = error?.reason._tag ?? Cause.pretty(exit.cause)
      yield* tell({ _tag: "Failed", account, problem, isDefect: error === undefined })
    }
    yield* tell({ _tag: "Waited", millis: (yield* Clock.currentTimeMillis) - began })
    yield* Effect.sleep(yield* Random.nextIntBetween(20, 200))
  }
})

const program = Effect.gen(function* () {
  const callers = []
  for (const account of orders.accounts) {
    const password = Redacted.make(Vendor.passwordOf(account))
    const auth = yield* LrsConnectAuth.make({
      baseUrl: orders.origin,
      credentials: { userName: account, password },
      policy: { timeout: Vendor.patience }
    })
    callers.push(caller(account, auth), caller(account, auth))
  }
  yield* tell({ _tag: "Ready" })
  yield* Effect.all(callers, { concurrency: "unbounded", discard: true })
}).pipe(Effect.scoped, Effect.provide([store, FetchHttpClient.layer, Logger.layer([])]), Random.withSeed(orders.seed))

// A parent that is gone wants nothing any more.
process.on("disconnect", () => process.exit())
Effect.runFork(
  Effect.onExit(program, (exit) =>
    Exit.isFailure(exit) ? Console.error(`a process ended: ${Cause.pretty(exit.cause)}`) : Effect.void
  )
)
