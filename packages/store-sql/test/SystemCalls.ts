// The system calls that a running process makes on some paths: watched, counted and made to fail, by strace.
// Decided here: one thread is looked at, the one in which Node opens files and SQLite works; a call that is to fail is
// not carried out; and what is said where that is not allowed. Not here: what has to come of a fault.
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

/** A call that fails: the nth of its name, and all after it where that lasts. */
export interface Fault {
  readonly call: string
  /** The errno's name. */
  readonly error: string
  readonly nth: number
  readonly lasts: boolean
}

/** A call that was made. */
export interface Call {
  readonly name: string
  readonly isInjected: boolean
  /** As strace writes it. */
  readonly line: string
}

/** A process that is being watched. */
export interface Watch {
  /** What it called so far, in order. */
  readonly calls: ReadonlyArray<Call>
  /** Until so many of its calls failed. */
  readonly injected: (amount: number) => Effect.Effect<void>
  /** Looks away: from here on nothing fails any more. */
  readonly end: Effect.Effect<void>
}

const strace = (pid: number, paths: ReadonlyArray<string>, fault: Fault | undefined) => {
  const when = fault && `${fault.call}:error=${fault.error}:when=${fault.nth}${fault.lasts ? "+" : ""}`
  const args = ["-y", "-s", "0", "-e", "signal=none", ...paths.flatMap((path) => ["-P", path])]
  return spawn("strace", [...args, ...(when === undefined ? [] : ["-e", `inject=${when}`]), "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"]
  })
}

const open = async (pid: number, paths: ReadonlyArray<string>, fault: Fault | undefined) => {
  const process = strace(pid, paths, fault)
  const ended = new Promise<string>((resolve) => {
    process.once("error", ({ message }) => resolve(message))
    process.once("close", () => resolve(`strace ended: ${said.join(" ")}`))
  })
  const said: Array<string> = []
  const calls: Array<Call> = []
  const listeners = new Set<() => void>()
  const attached = new Promise<undefined>((resolve) =>
    createInterface({ input: process.stderr }).on("line", (line) => {
      if (/^strace: Process \d+ attached/.test(line)) resolve(undefined)
      const name = /^(\w+)\(/.exec(line)?.[1]
      if (name === undefined) return void said.push(line)
      calls.push({ name, isInjected: line.endsWith("(INJECTED)"), line })
      listeners.forEach((listener) => listener())
    })
  )
  const problem = await Promise.race([attached, ended])
  return { process, problem, ended, calls, listeners }
}

/** Watches a process from here on. Its calls on these paths alone count, and fail. */
export const watch = (pid: number, paths: ReadonlyArray<string>, fault?: Fault) =>
  Effect.acquireRelease(
    Effect.promise(() => open(pid, paths, fault)),
    ({ process }) => Effect.sync(() => process.kill("SIGKILL"))
  ).pipe(
    Effect.flatMap(({ calls, ended, listeners, problem, process }) =>
      problem === undefined
        ? Effect.succeed<Watch>({
            calls,
            injected: (amount) =>
              Effect.callback((resume) => {
                const look = () => {
                  if (calls.filter(({ isInjected }) => isInjected).length >= amount) resume(Effect.void)
                }
                listeners.add(look)
                look()
                return Effect.sync(() => listeners.delete(look))
              }),
            end: Effect.promise(() => {
              process.kill("SIGINT")
              return ended
            })
          })
        : Effect.die(new Error(problem))
    )
  )

/** Says why no call can be made to fail, where nobody can overlook it; undefined where one can. */
export const refused: string | undefined = await (async () => {
  const victim = spawn("sleep", ["60"], { stdio: "ignore" })
  try {
    const { problem, process } = await open(victim.pid!, ["/"], { call: "openat", error: "EIO", nth: 1, lasts: false })
    process.kill("SIGKILL")
    return problem && `Disks whose system calls fail are NOT TESTED: strace cannot be used (${problem})`
  } finally {
    victim.kill("SIGKILL")
  }
})()
