// A program that nobody saves: a defect inside of a refresh ends it.
// Decided here: the defect is a store's, in the middle of committing what the vendor gave. Not here: how that is
// searched.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Effect from "effect/Effect"
import { ways } from "../Vendors.ts"
import { clients, read, unmask, type Plan } from "./Plan.ts"

/** What this program is told beside where the vendor is. */
export interface CrashPlan extends Plan {
  /** How the program is run: Effect's own way, or a promise that nobody catches. */
  readonly runs: "runMain" | "runPromise"
}

const plan = read<CrashPlan>()

const program = Effect.gen(function* () {
  const memory = yield* TokenStore.makeMemory
  const store = TokenStore.TokenStore.of({
    ...memory,
    write: (account, version, session) =>
      session.generation === 2
        ? Effect.die(new Error("the store died", { cause: session }))
        : memory.write(account, version, session)
  })
  const { auth } = yield* Effect.provideService(
    ways[plan.way].build({ baseUrl: plan.baseUrl, secret: unmask(plan.secret) }),
    TokenStore.TokenStore,
    store
  )
  const token = yield* auth.token
  console.log("a token", token)
  yield* auth.refresh
}).pipe(Effect.scoped, Effect.provide(clients[plan.client]))

if (plan.runs === "runMain") NodeRuntime.runMain(program)
else void Effect.runPromise(program)
