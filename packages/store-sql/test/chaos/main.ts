/**
 * `pnpm chaos`: eight processes share four accounts while they are killed and stopped, and nothing may be lost.
 *
 * Decided here: the command line, and what is printed. `--store sqlite|postgresql` (both), `--seconds` (600 each),
 * `--seed`, and `--sabotage <name>`, by which the verdict must be broken. Not here: the run (`Chaos`).
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { parseArgs } from "node:util"
import * as Chaos from "./Chaos.ts"
import * as Databases from "./Databases.ts"
import type * as Herd from "./Herd.ts"
import { sabotages } from "./Sabotages.ts"
import type * as Vendor from "./Vendor.ts"
import * as Verdict from "./Verdict.ts"

const { values } = parseArgs({
  options: {
    store: { type: "string" },
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: String(randomInt(1_000_000)) },
    sabotage: { type: "string" }
  }
})

const progress = ({ calls, kills, stops }: Herd.Tally, millis: number, { logins, refreshes }: Vendor.Journal) =>
  Math.round(millis / 1_000) % 10 === 0
    ? Console.log(
        `  ${String(Math.round(millis / 1_000)).padStart(4)} s: ${calls} calls, ${refreshes} refreshes, ` +
          `${logins} logins, ${kills} kills, ${stops} stops`
      )
    : Effect.void

const one = Effect.fnUntraced(function* (name: Databases.Name) {
  yield* Console.log(`\n${name}, ${values.seconds} s, seed ${values.seed}`)
  const { crash, store } = yield* Databases.make(name)
  const { lines, tally } = yield* Chaos.run({
    store,
    crash,
    millis: Number(values.seconds) * 1_000,
    seed: values.seed,
    // What a sabotage breaks is seen when a process dies.
    odds: values.sabotage === undefined ? undefined : { dies: 0.1, stops: 0 },
    sabotage: values.sabotage,
    isOverWhenBroken: values.sabotage !== undefined,
    progress
  })
  const failures = [...tally.failures].map(([problem, count]) => `${count} ${problem}`).join(", ")
  yield* Console.log(
    `  ${tally.calls} calls, the longest ${tally.longest} ms; ${tally.crashes} crashes of the database; ` +
      `typed failures: ${failures || "none"}\n`
  )
  for (const { allowed, count, promise } of lines) {
    const bound = allowed === 0 ? "" : ` (at most ${allowed})`
    yield* Console.log(`  ${count <= allowed ? "kept  " : "BROKEN"} ${String(count).padStart(5)} ${promise}${bound}`)
  }
  for (const defect of tally.defects.slice(0, 3)) yield* Console.log(defect)
  return Verdict.isKept(lines)
}, Effect.scoped)

const program = Effect.gen(function* () {
  if (values.sabotage !== undefined && !(values.sabotage in sabotages)) {
    process.exitCode = 2
    return yield* Console.error(`--sabotage is one of: ${Object.keys(sabotages).join(", ")}`)
  }
  const names = Databases.names.filter((name) => values.store === undefined || name === values.store)
  for (const name of names) {
    if (Databases.isMissing(name)) yield* Console.error(Databases.missing)
    else if (!(yield* one(name))) process.exitCode = 1
  }
})

await Effect.runPromise(program)
