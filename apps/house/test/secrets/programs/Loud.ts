// A program that lives through good and bad days of one vendor and prints all that it has, at every log level and with
// each of Effect's console loggers; in the end it writes Node's diagnostic report.
// Decided here: what an app prints that prints everything. Not here: what is searched in that (`Levels.test.ts`).
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import type { LogLevel } from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { inspect } from "node:util"
import { ways, type Given } from "../Vendors.ts"
import { clients, read, unmask, type Plan } from "./Plan.ts"

/** What this program is told beside where the vendor is. */
export interface LoudPlan extends Plan {
  readonly levels: ReadonlyArray<LogLevel>
  /** An address of this machine where nobody listens. */
  readonly nowhere: string
  readonly folder: string
}

const loggers = {
  pretty: Logger.consolePretty({ colors: true }),
  logfmt: Logger.consoleLogFmt,
  json: Logger.consoleJson,
  structured: Logger.consoleStructured
}

const plan = read<LoudPlan>()

const show = (what: string, value: unknown) => {
  console.log(what, value)
  console.error(what, inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value))
  if (Exit.isExit(value) && Exit.isFailure(value)) console.log(what, Cause.pretty(value.cause))
}

/** One day of an app: what it does, and all that it has in the end. */
const day = Effect.fnUntraced(function* (name: string, given: Given, steps = Infinity) {
  const way = ways[plan.way]
  const { auth, client } = yield* way.build(given)
  const call = Effect.flatMap(client.get(plan.resource), (response) => response.text)
  const invalidate = Effect.flatMap(auth.token, auth.invalidate)
  for (const effect of [auth.token, auth.refresh, call, invalidate, call, auth.signOut].slice(0, steps)) {
    const exit = yield* Effect.exit(effect as Effect.Effect<unknown, unknown>)
    if (Exit.isFailure(exit)) yield* Effect.logWarning(`${name}: the app says so too`, exit.cause)
    show(`${name}: exit`, exit)
  }
  show(`${name}: all`, [way.options(given), auth, client, yield* auth.status])
})

const days = Effect.gen(function* () {
  const secret = unmask(plan.secret)
  const given = { baseUrl: plan.baseUrl, secret }
  yield* day("good", given)
  yield* day("refused", { ...given, secret: Redacted.make(`${Redacted.value(secret)}x`) })
  yield* day("nowhere", { ...given, baseUrl: plan.nowhere })
  const memory = yield* TokenStore.makeMemory
  const store = TokenStore.TokenStore.of({
    ...memory,
    write: (account, version, session) => {
      show("session", session)
      return session.generation === 2
        ? Effect.die(new Error("the store died", { cause: session }))
        : memory.write(account, version, session)
    }
  })
  // What would come after that waits for the intent's deadline.
  yield* Effect.provideService(day("stored", given, 2), TokenStore.TokenStore, store)
}).pipe(Effect.scoped, Effect.provide(clients[plan.client]))

for (const level of plan.levels) {
  for (const [name, logger] of Object.entries(loggers)) {
    console.log(`\n=== ${level} ${name}`)
    console.error(`\n=== ${level} ${name}`)
    await days.pipe(
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, level),
      Effect.provideService(Logger.LogToStderr, name === "pretty"),
      Effect.runPromise
    )
  }
}
console.log(await Effect.runPromise(Metric.dump))
process.report!.writeReport("report.json")
