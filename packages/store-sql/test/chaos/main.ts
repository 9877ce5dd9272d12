/**
 * `pnpm chaos`: eight processes share four accounts while they are killed and stopped, and nothing may be lost; then
 * three share very many accounts, and each must be refreshed once when it is due.
 *
 * Decided here: the command line, and what is printed. `--only herd|many` (both), `--store sqlite|postgresql` (both) and
 * `--seed` of the herd, `--rows` of the many (100,000), `--seconds` (600 for each store, 60), and `--sabotage <name>`, by
 * which the verdict must be broken. Not here: the runs (`Chaos`, `ManyAccounts`).
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { parseArgs } from "node:util"
import * as Chaos from "./Chaos.ts"
import * as Databases from "./Databases.ts"
import type * as Herd from "./Herd.ts"
import * as ManyAccounts from "./ManyAccounts.ts"
import { sabotages } from "./Sabotages.ts"
import type * as Vendor from "./Vendor.ts"
import * as Verdict from "./Verdict.ts"

const { values } = parseArgs({
  options: {
    store: { type: "string" },
    only: { type: "string" },
    rows: { type: "string", default: "100000" },
    seconds: { type: "string" },
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

const print = Effect.fnUntraced(function* (lines: ReadonlyArray<Verdict.Line>, complaints: ReadonlyArray<string>) {
  for (const { allowed, count, promise } of lines) {
    const bound = allowed === 0 ? "" : ` (at most ${allowed})`
    yield* Console.log(`  ${count <= allowed ? "kept  " : "BROKEN"} ${String(count).padStart(5)} ${promise}${bound}`)
  }
  for (const complaint of complaints.slice(0, 3)) yield* Console.log(complaint)
  if (!Verdict.isKept(lines)) process.exitCode = 1
})

const herd = Effect.fnUntraced(function* (name: Databases.Name) {
  const seconds = values.seconds ?? "600"
  yield* Console.log(`\n${name}, ${seconds} s, seed ${values.seed}`)
  const { crash, store } = yield* Databases.make(name)
  const { lines, tally } = yield* Chaos.run({
    store,
    crash,
    millis: Number(seconds) * 1_000,
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
  yield* print(lines, tally.defects)
}, Effect.scoped)

/** Milliseconds: twenty minutes, so that one in 900 comes due in each second. */
const life = 1_200_000

const many = Effect.gen(function* () {
  const { seconds = "60", sabotage } = values
  const rows = Number(values.rows)
  yield* Console.log(`\npostgresql, ${rows} accounts, three replicas and no caller, ${seconds} s`)
  const { store } = yield* Databases.make("postgresql")
  const { complaints, figures, lines } = yield* ManyAccounts.run({
    store,
    rows,
    life,
    millis: Number(seconds) * 1_000,
    sabotage,
    isOverWhenBroken: sabotage !== undefined,
    progress: (text) => Console.log(`  ${text}`)
  })
  for (const figure of figures) yield* Console.log(`  ${figure}`)
  yield* Console.log("")
  yield* print(lines, complaints)
}).pipe(Effect.scoped)

const program = Effect.gen(function* () {
  if (values.sabotage !== undefined && !(values.sabotage in sabotages)) {
    process.exitCode = 2
    return yield* Console.error(`--sabotage is one of: ${Object.keys(sabotages).join(", ")}`)
  }
  const names = Databases.names.filter((name) => values.store === undefined || name === values.store)
  for (const name of values.only === "many" ? [] : names) {
    yield* Databases.isMissing(name) ? Console.error(Databases.missing) : herd(name)
  }
  if (values.only === "herd" || values.store === "sqlite") return
  yield* Databases.isMissing("postgresql") ? Console.error(Databases.missing) : many
})

await Effect.runPromise(program)
