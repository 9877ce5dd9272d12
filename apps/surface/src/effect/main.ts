// `pnpm check:effect`: what Effect's own type-aware diagnostics say of every project: an effect that is not yielded, a
// layer that lacks what it needs, a failure caught that cannot happen.
// Decided here: that every project of the workspace with a tsconfig.json is looked at, and that a warning is a failure;
// the benchmarks are none, and what they import is installed by `pnpm bench` alone. Not here: which diagnostics are on
// (`plugins` in tsconfig.base.json).
import { spawnSync } from "node:child_process"
import { globSync } from "node:fs"
import { join } from "node:path"
import { root } from "../Published.ts"

const command = join(import.meta.dirname, "../../node_modules/.bin/effect-tsgo")
const projects = globSync("{packages,apps}/*/tsconfig.json", { cwd: root, exclude: ["apps/benchmarks/**"] }).toSorted()
let isClean = projects.length > 0
for (const project of projects) {
  const { error, status, stdout } = spawnSync(
    command,
    ["diagnostics", "--project", project, "--severity", "error,warning", "--strict", "--format", "text"],
    { cwd: root, encoding: "utf8", shell: process.platform === "win32" }
  )
  if (error !== undefined) throw error
  // A project in which nothing is looked at would pass whatever it holds.
  const checked = /Checked (\d+) files/.exec(stdout)?.[1] ?? "0"
  const isGood = status === 0 && checked !== "0"
  console.log(isGood ? `${project}: ${checked} files` : `${project}: FAILED\n${stdout.replaceAll(`${root}/`, "")}`)
  isClean &&= isGood
}
process.exitCode = isClean ? 0 : 1
