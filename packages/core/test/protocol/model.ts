// Runs the Promela model with spin: once for each whole, and once for each switch that takes a rule out.
//
// `pnpm model` prints a table and fails if a promise is broken with every rule in force, or if a switch breaks none.
// `pnpm model KEEPRT` runs the switches of that name and tells the shortest story that each leads to. Not here: the
// rules and what they promise (`Rules.ts`). Without spin or a C compiler it says so loudly, and does not fail.
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { rules, wholes } from "./Rules.ts"

interface Job {
  readonly rule: string
  readonly name: string
  readonly defines: ReadonlyArray<string>
  readonly isLive: boolean
  /** 0 where nothing may be broken. */
  readonly promise: number
}

interface Done extends Job {
  readonly isGood: boolean
  readonly found: string
  readonly states: number
  readonly depth: number
  readonly seconds: number
  readonly story: string
}

const here = fileURLToPath(new URL(".", import.meta.url))
const only = process.argv.slice(2)
const memory = 6_000

const print = (line: string) => process.stdout.write(`${line}\n`)

const run = (folder: string, command: string, ...parts: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, parts, { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) =>
      // pan's own exit code is not zero for much that its output says better.
      error === null || command === "./pan" ? resolve(out + err) : reject(new Error(`${command}: ${out}${err}`))
    )
  })

const jobs: ReadonlyArray<Job> = [
  ...wholes
    .filter(({ isNightly }) => isNightly !== true || process.env["NIGHTLY"])
    .map(({ defines, isLive = false, name }) => ({ rule: "every rule", name, defines, isLive, promise: 0 })),
  ...rules.flatMap(({ rule, switches }) => switches.map((one) => ({ ...one, rule, isLive: false })))
].filter(({ defines }) => only.every((name) => defines.includes(name)))

const work = async (job: Job): Promise<Done> => {
  const folder = mkdtempSync(join(tmpdir(), "vendor-auth-model-"))
  const began = performance.now()
  const { defines, isLive, promise } = job
  try {
    for (const file of ["Session.pml", "Flight.pml"]) cpSync(join(here, file), join(folder, file))
    const given = [...defines, ...(promise === 0 ? [] : [`ONLY=${promise}`])].map((define) => `-D${define}`)
    await run(folder, "spin", "-a", ...given, "Flight.pml")
    // The shortest way to what is broken; or every state, with less memory; or every circle.
    const how =
      promise > 0
        ? ["-DSAFETY", "-DNOCLAIM", "-DBFS"]
        : isLive
          ? ["-DCOLLAPSE", "-DNFAIR=4"]
          : ["-DSAFETY", "-DNOCLAIM", "-DCOLLAPSE"]
    await run(folder, "gcc", "-O2", "-w", `-DMEMLIM=${memory}`, ...how, "-o", "pan", "pan.c")
    const out = await run(folder, "./pan", "-m2000000", ...(isLive ? ["-a", "-f", "-N", "live"] : []))
    const errors = Number(/errors: (\d+)/.exec(out)?.[1] ?? Number.NaN)
    // A search that was cut short proves nothing.
    const isCut = /max search depth too small|MEMLIM bound|out of memory/.test(out)
    const isBroken = errors > 0 && /assertion violated|acceptance cycle/.test(out)
    const cut = isCut ? "cut short" : undefined
    const isTold = errors > 0 && (promise === 0 || only.length > 0)
    return {
      ...job,
      isGood: promise === 0 ? errors === 0 && cut === undefined : isBroken,
      found: isBroken
        ? promise === 0
          ? "broken"
          : `P${promise} broken`
        : (cut ?? (errors === 0 ? "nothing broken" : "failed")),
      states: Number(/(\d+) states, stored/.exec(out)?.[1] ?? 0),
      depth: Number(/depth reached (\d+)/.exec(out)?.[1] ?? 0),
      seconds: (performance.now() - began) / 1_000,
      story: isTold ? tell(await run(folder, "spin", "-t", ...given, "Flight.pml")) : ""
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The lines that the processes print, and not the values at the end. */
const tell = (out: string): string =>
  out
    .split("\n")
    .filter((line) => /^\s+(P\d|\.\.\.|the |tokens \d+ expire|five minutes|.*assert)/.test(line))
    .map((line) => `    ${line.trim()}`)
    .join("\n")

const main = async (): Promise<number> => {
  for (const [tool, flag, from] of [
    ["spin", "-V", "spin"],
    ["gcc", "--version", "gcc"]
  ] as const) {
    const isThere = await run(here, tool, flag).then(
      () => true,
      () => false
    )
    if (isThere) continue
    print(
      `\n*** pnpm model: SKIPPED, NOTHING WAS CHECKED: there is no ${tool} here (Debian: apt-get install ${from}) ***\n`
    )
    return 0
  }
  if (jobs.length === 0) {
    print(`no run has the switches ${only.join(" ")}`)
    return 1
  }
  const began = performance.now()
  const done: Array<Done> = []
  const waiting = [...jobs]
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const one = await work(job)
      done.push(one)
      const sign = one.isGood ? "ok" : "NOT AS IT SHOULD BE"
      print(`${done.length}/${jobs.length} ${sign}: ${one.defines.join(" ")}: ${one.found}, ${size(one)}`)
      if (one.story !== "") print(one.story)
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
  print("")
  for (const rule of new Set(jobs.map((job) => job.rule))) {
    print(rule)
    for (const job of jobs) {
      const one = done.find(({ defines, isLive }) => defines === job.defines && isLive === job.isLive)!
      if (job.rule !== rule) continue
      const expected = one.promise === 0 ? "all kept" : `breaks P${one.promise}`
      print(
        `  ${one.isGood ? "ok" : "BAD"} ${one.name} [${one.defines.join(" ")}]: ${expected}; ${one.found}; ${size(one)}`
      )
    }
  }
  const bad = done.filter(({ isGood }) => !isGood).length
  const states = done.reduce((sum, one) => sum + one.states, 0)
  const seconds = Math.round((performance.now() - began) / 1_000)
  print(`\n${done.length} runs, ${states} states, ${seconds} s: ${bad === 0 ? "all" : `${bad} NOT`} as they should be`)
  return bad === 0 ? 0 : 1
}

const size = ({ depth, seconds, states }: Done): string => `${states} states, ${depth} deep, ${seconds.toFixed(1)} s`

process.exitCode = await main()
