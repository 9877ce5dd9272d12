/**
 * One run of some test files of a copy, and what it says.
 *
 * Decided here: the command, its time limit, and which outcome counts: a test that fails, or a run that hangs. A file
 * that cannot even be loaded is no proof that a test noticed anything. Not here: what is run when (`main`).
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Copy } from "./Copy.ts"
import { root } from "./Copy.ts"

/** How a run ended. */
export type Outcome =
  | { readonly _tag: "Passed"; readonly count: number }
  /** `test` is the full title of the first test that failed; `isLate` says that it came to no end in its own time. */
  | { readonly _tag: "Failed"; readonly test: string; readonly isLate: boolean }
  | { readonly _tag: "Hung" }
  /** A file did not load, or the runner itself failed. */
  | { readonly _tag: "Broken"; readonly why: string }

/** Milliseconds that a run may take. */
export const limit = 120_000

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: ReadonlyArray<string | null>
    }>
  }>
}

let runs = 0

/** Runs test files, up to the first failure. */
export const run = async (copy: Copy, tests: ReadonlyArray<string>, timeLimit = limit): Promise<Outcome> => {
  const output = path.join(copy.folder, `report-${++runs}.json`)
  const program = path.join(root, "node_modules/vitest/vitest.mjs")
  const options = ["--bail=1", "--maxWorkers=1", "--testTimeout=20000", "--reporter=json", `--outputFile=${output}`]
  const child = spawn(process.execPath, [program, "run", "--root", copy.folder, ...options, ...tests], {
    cwd: copy.folder,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that a run that hangs is ended with its workers.
    detached: process.platform !== "win32"
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)))

  let hasHung = false
  const kill = () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    if (process.platform === "win32") child.kill("SIGKILL")
    else process.kill(-child.pid, "SIGKILL")
  }
  const timeout = AbortSignal.timeout(timeLimit)
  timeout.addEventListener("abort", () => {
    hasHung = child.exitCode === null && child.signalCode === null
    kill()
  })
  process.once("exit", kill)
  await new Promise((done) => child.once("close", done))
  process.off("exit", kill)
  if (hasHung) return { _tag: "Hung" }
  if (!fs.existsSync(output)) {
    const end = child.signalCode ?? `code ${child.exitCode}`
    return { _tag: "Broken", why: `the run ended with ${end} and no report. ${firstLine(said)}` }
  }
  const report = JSON.parse(fs.readFileSync(output, "utf8")) as Report
  fs.rmSync(output)
  return judge(report, child.exitCode, said)
}

const judge = ({ testResults }: Report, exitCode: number | null, said: string): Outcome => {
  const all = testResults.flatMap((file) => file.assertionResults)
  const failed = all.find(({ status }) => status === "failed")
  if (failed !== undefined) {
    const isLate = (failed.failureMessages ?? []).some((message) => message?.includes("Test timed out") === true)
    return { _tag: "Failed", test: failed.fullName.trim(), isLate }
  }
  // After the first failure the files that were not run are reported like files that did not load.
  const unloaded = testResults.find((file) => file.status === "failed" && file.assertionResults.length === 0)
  if (unloaded !== undefined) return { _tag: "Broken", why: firstLine(unloaded.message) }
  const count = all.filter(({ status }) => status === "passed").length
  if (exitCode !== 0 || count === 0) return { _tag: "Broken", why: firstLine(said) || "no test was run" }
  return { _tag: "Passed", count }
}

const firstLine = (text: string): string =>
  text
    .split("\n")
    .find((line) => line.trim() !== "")
    ?.trim() ?? ""
