// Runs one measured program in a process of its own, when the machine is quiet. Decided here: a child starts when both
// cores were mostly idle for 120 ms, or after eight such looks (60 ms and two looks in a quick run); how often that was
// not so is told with the results. A child over its time is ended. Not here: what a program prints.
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { scheduler } from "node:timers/promises"

/** How quiet the machine was. */
export const gate = { starts: 0, waits: 0, noisy: 0, looks: 8, ms: 120 }

const ticks = () => {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n")
  const fields = line.trim().split(/\s+/).slice(1).map(Number)
  return { all: fields.reduce((sum, field) => sum + field, 0), idle: fields[3]! + fields[4]! }
}

/** The part of the machine that was busy for so long; nothing is known where there is no /proc. */
const busy = async (ms: number) => {
  try {
    const before = ticks()
    await scheduler.wait(ms)
    const after = ticks()
    return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all)
  } catch {
    return 0
  }
}

const quiet = async () => {
  gate.starts++
  for (let look = 0; look < gate.looks; look++) {
    if ((await busy(gate.ms)) < 0.2) return
    gate.waits++
  }
  gate.noisy++
}

/** How a child ended, and the line of JSON that it printed last. */
export interface Ended<A> {
  readonly value: A | undefined
  readonly code: number | null
  readonly isKilled: boolean
  /** From start to end. */
  readonly ms: number
  /** What it said of a failure. */
  readonly why: string
}

/** Runs `measured/<program>.ts`. */
export const run = async <A>(
  program: string,
  args: ReadonlyArray<string | number>,
  options: { readonly flags?: ReadonlyArray<string>; readonly limitMs?: number } = {}
): Promise<Ended<A>> => {
  await quiet()
  const file = join(import.meta.dirname, "../measured", `${program}.ts`)
  const begun = process.hrtime.bigint()
  const child = spawn(process.execPath, [...(options.flags ?? []), file, ...args.map(String)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.limitMs ?? 120_000,
    killSignal: "SIGKILL"
  })
  let out = ""
  let errors = ""
  child.stdout.on("data", (chunk) => {
    out += chunk
  })
  child.stderr.on("data", (chunk) => {
    errors += chunk
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (code, signal) => resolve([code, signal]))
  })
  const line = out.split("\n").findLast((line) => line.startsWith("{"))
  const said = errors.split("\n").findLast((line) => /Error|status/.test(line)) ?? errors.slice(-200)
  return {
    value: line === undefined ? undefined : JSON.parse(line),
    code,
    isKilled: signal === "SIGKILL",
    ms: Number(process.hrtime.bigint() - begun) / 1e6,
    why: signal === "SIGKILL" ? "ended over its time" : `exit ${code} ${said.trim()}`
  }
}
