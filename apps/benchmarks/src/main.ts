// `pnpm bench`: what users would pick instead of vendor-auth, what they would write by hand, and vendor-auth, side by
// side. Decided here: the command line, and the order of things. The whole run takes about ten minutes and writes
// RESULTS.md; `--quick` takes two and writes nothing; `--check` measures what is stable and fails where it got worse.
// `--only read,burst`, `--peers floor,smithy`, `--rounds 3` and `--as-built` (no build before) are for work on it, and
// `--render` writes RESULTS.md anew from the last whole run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Prepare from "./Prepare.ts"

const refuse = (problem: string): never => {
  console.error(`${problem}\nThe options are told in apps/benchmarks/README.md.`)
  process.exit(2)
}

const given = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        render: { type: "boolean", default: false },
        "as-built": { type: "boolean", default: false },
        only: { type: "string" },
        peers: { type: "string" },
        rounds: { type: "string" }
      }
    }).values
  } catch (error) {
    return refuse((error as Error).message)
  }
}
const values = given()

Prepare.prepare({ builds: !values["as-built"] && !values.render })

// What imports the peers is imported when they are there.
const [Child, Goals, Guards, Measures, Peers, Plan, Results] = await Promise.all([
  import("./Child.ts"),
  import("./Goals.ts"),
  import("./Guards.ts"),
  import("./Measures.ts"),
  import("../peers/index.ts"),
  import("./Plan.ts"),
  import("./Results.ts")
])

const app = join(import.meta.dirname, "..")
const saved = join(app, "dist/run.json")

const isQuick = values.quick || values.check
/** The names that an option lists, each of which there must be. */
const listed = (text: string | undefined, known: ReadonlyArray<string>) => {
  const names = text?.split(",")
  const unknown = names?.find((name) => !known.includes(name))
  return unknown === undefined ? names : refuse(`There is no ${unknown}; there are ${known.join(", ")}.`)
}
const only = listed(values.only, Measures.names) ?? (values.check ? Guards.measured : Measures.names)
const peers = listed(values.peers, Peers.names)
const wanted = Measures.names.filter((name) => only.includes(name))
const isWhole = !isQuick && wanted.length === Measures.names.length && peers === undefined

const measure = async () => {
  if (isQuick) Object.assign(Child.gate, { looks: 2, ms: 60 })
  const plan = await Plan.make({
    isQuick,
    // A check counts the better of two.
    rounds: Number(values.rounds ?? (values.check ? 2 : 0)) || undefined,
    peers,
    tell: (line) => console.log(line)
  })
  const found = await Measures.run(wanted, plan)
  return { found, rounds: plan.rounds, gate: Child.gate, machine: Results.machine() }
}

const run: Awaited<ReturnType<typeof measure>> = values.render
  ? JSON.parse(readFileSync(saved, "utf8"))
  : await measure()

if (values.check) {
  const worse = Guards.check(run.found)
  for (const line of worse) console.error(line)
  console.log(worse.length === 0 ? "Nothing got worse." : `${worse.length} got worse.`)
  process.exitCode = worse.length === 0 ? 0 : 1
} else {
  const judged = Goals.judge(run.found)
  console.log(Results.goals(judged.filter(({ told }) => told !== undefined)))
  if (isWhole) {
    mkdirSync(join(app, "dist"), { recursive: true })
    writeFileSync(saved, JSON.stringify(run))
    writeFileSync(join(app, "RESULTS.md"), Results.text(run, judged))
  }
  console.log(`\n${process.uptime().toFixed(0)} s in all${isWhole ? "; RESULTS.md is written" : ""}`)
}
