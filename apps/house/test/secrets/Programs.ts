// Programs in processes of their own, and all that they leave behind.
// Decided here: how a program is run, and that its folder is removed. Not here: what it does (`programs/`).
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Plan } from "./programs/Plan.ts"

/** What a program left behind. */
export interface Left {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder for one test. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "vendor-auth-secrets-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Runs a program to its end. */
export const run = (
  name: "Heap" | "Loud" | "Crash",
  plan: Plan,
  flags: ReadonlyArray<string> = []
): Effect.Effect<Left> =>
  Effect.callback((resume) => {
    const path = join(import.meta.dirname, "programs", `${name}.ts`)
    const options = { timeout: 180_000, maxBuffer: 256 * 1_048_576 }
    const child = execFile(process.execPath, [...flags, path, JSON.stringify(plan)], options, (_, stdout, stderr) =>
      resume(Effect.succeed({ code: child.exitCode ?? -1, stdout, stderr }))
    )
    return Effect.sync(() => child.kill())
  })
