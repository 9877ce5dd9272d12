// Starts processes that share a file, and listens to them.
// Decided here: they are waited for, and killed at the end whatever happens. Not here: what they do (`Child`).
import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { patience } from "./Keys.ts"

/** A running process. */
export interface Process {
  /** What it said so far, line by line. */
  readonly said: ReadonlyArray<string>
  /** When it says the next line; null when it has ended. */
  readonly next: () => Promise<string | null>
  readonly go: () => void
  readonly kill: (signal: NodeJS.Signals) => void
  /** Its exit code, and what it complained of. */
  readonly ended: Promise<{ readonly code: number | null; readonly complaint: string }>
}

/** Starts a process; it ends after twice the time that a test may take. */
export const start = (...args: ReadonlyArray<string>): Process => {
  const script = join(import.meta.dirname, "Child.ts")
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    timeout: 2 * patience,
    killSignal: "SIGKILL"
  })
  const said: Array<string> = []
  const lines = createInterface({ input: child.stdout })
  lines.on("line", (line) => said.push(line))
  const iterator = lines[Symbol.asyncIterator]()
  let complaint = ""
  child.stderr.on("data", (data) => {
    complaint += data
  })
  child.stdin.on("error", () => {})
  return {
    said,
    next: async () => {
      const { done, value } = await iterator.next()
      return done === true ? null : value
    },
    go: () => child.stdin.write("go\n"),
    kill: (signal) => child.kill(signal),
    ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, complaint })))
  }
}
