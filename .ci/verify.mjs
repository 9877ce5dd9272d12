// `pnpm verify`: everything that a change has to pass, in one list. CI installs and runs this, and nothing else.
// Decided here: the steps and their order, what is quick first; the first that fails ends the run. A step is a script of
// package.json, so that each can be run alone. Not here: what a step does, and what turbo keeps of it for the next run.
import { spawnSync } from "node:child_process"

const steps = [
  ["Demo", "demo"],
  ["Format", "format:check"],
  ["Lint", "lint"],
  ["Boundaries", "boundaries"],
  ["Unused files and dependencies", "unused"],
  ["Types", "check"],
  ["Effect's diagnostics", "check:effect"],
  ["Type tests", "test:types"],
  ["Tests and house rules", "test"],
  ["Build", "build"],
  ["Packed packages: publint, attw, API reports, sizes, a stranger's project", "test:packed"],
  ["Changesets", "changeset:status"]
]

const times = []
for (const [title, script] of steps) {
  console.log(`\n=== ${title} (pnpm ${script}) ===`)
  const began = process.hrtime.bigint()
  const { error, status } = spawnSync("pnpm", ["run", script], {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, DO_NOT_TRACK: "1", TURBO_TELEMETRY_DISABLED: "1" }
  })
  const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1)
  if (error !== undefined) throw error
  if (status !== 0) {
    console.log(`=== ${title}: FAILED after ${seconds} s ===`)
    process.exit(status ?? 1)
  }
  console.log(`=== ${title}: passed in ${seconds} s ===`)
  times.push(`${seconds.padStart(7)} s  ${title}`)
}
console.log(`\nEverything passed:\n${times.join("\n")}`)
