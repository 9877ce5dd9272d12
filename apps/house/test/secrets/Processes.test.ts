// Guarantees I1 and I10 on what a process leaves behind: its output at every log level, with each of Effect's loggers,
// Node's diagnostic report (without the part on its heap), and what is printed when a defect ends it.
// The vendor and the search are here, and the app is a process of its own.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { LogLevel } from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Canary from "./Canary.ts"
import type { CrashPlan } from "./programs/Crash.ts"
import type { LoudPlan } from "./programs/Loud.ts"
import { mask, type ClientName } from "./programs/Plan.ts"
import * as Programs from "./Programs.ts"
import { vendors, ways, type Name } from "./Vendors.ts"
import * as Wire from "./Wire.ts"

const levels: ReadonlyArray<LogLevel> = ["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal"]
const loggers = ["pretty", "logfmt", "json", "structured"]

const setUp = Effect.fnUntraced(function* (way: Name, client: ClientName) {
  const secret = Canary.password()
  const simulator = yield* ways[way].simulator("http://vendor.test", Redacted.make(secret))
  const wire = yield* Wire.serve(simulator, [{ name: "the password", text: secret }])
  const folder = yield* Programs.folder
  const resource = `${wire.baseUrl}${simulator.resource}`
  return { wire, folder, plan: { way, client, baseUrl: wire.baseUrl, resource, secret: mask(secret) } }
})

/** The report without what the heap looks like. */
const reportOf = (folder: string, name: string): string => {
  const { javascriptHeap: _, ...report } = JSON.parse(readFileSync(join(folder, name), "utf8")) as object & {
    readonly javascriptHeap: unknown
  }
  return JSON.stringify(report)
}

/** The canaries in all that a process left behind. */
const found = (canaries: ReadonlyArray<Canary.Canary>, { stderr, stdout }: Programs.Left, report: string) =>
  Canary.search(canaries, [
    ["stdout", stdout],
    ["stderr", stderr],
    ["the diagnostic report", report]
  ])

const clientOf: Readonly<Record<(typeof vendors)[number], ClientName>> = {
  "LogiSense by password": "fetch",
  "LRS Connect by password": "node:http",
  "ItemPath by password": "undici"
}

describe.concurrent("I1: no secret in what a process prints, at any log level and with any of Effect's loggers", () => {
  for (const way of vendors) {
    it.live(
      `${way}: stdout, stderr and the diagnostic report`,
      () =>
        Effect.gen(function* () {
          const { folder, plan, wire } = yield* setUp(way, clientOf[way])
          const loud: LoudPlan = { ...plan, levels, folder, nowhere: yield* Wire.nowhere }
          const left = yield* Programs.run("Loud", loud, [`--report-directory=${folder}`])
          assert.strictEqual(left.code, 0, left.code === 0 ? "" : Canary.struck(wire.canaries, left.stderr))
          const report = reportOf(folder, "report.json")
          assert.isTrue(report.includes("JavaScript API"), "the report was asked for")

          const sections = [left.stdout, left.stderr].map(
            (text) => new Map(text.split("\n=== ").map((part) => [part.slice(0, part.indexOf("\n")), part]))
          )
          for (const [at, level] of levels.entries()) {
            for (const logger of loggers) {
              const [out, err] = sections.map((section) => section.get(`${level} ${logger}`)!) as [string, string]
              for (const happened of [/^refused: .*the login was/m, /^nowhere: .*nothing was/m, /^stored: .*died/m]) {
                // What was printed stands in no complaint: it may hold what is looked for.
                assert.isTrue(happened.test(out), `${level} ${logger}: ${happened}`)
              }
              const logged = logger === "pretty" ? err : out
              const isLogged = /: fresh, generation 1, until/.test(logged)
              assert.strictEqual(isLogged, at <= levels.indexOf("Info"), `${level} ${logger}`)
            }
          }
          assert.isAbove(wire.canaries.length, levels.length * loggers.length)
          assert.deepStrictEqual(found(wire.canaries, left, report), [])
        }),
      180_000
    )
  }
})

describe.concurrent("I10: no secret in what a defect inside of a refresh leaves of a process", () => {
  for (const way of vendors) {
    for (const runs of ["runMain", "runPromise"] as const) {
      it.live(
        `${way}, run by ${runs}`,
        () =>
          Effect.gen(function* () {
            const { folder, plan, wire } = yield* setUp(way, "fetch")
            const crash: CrashPlan = { ...plan, runs }
            const flags = [
              "--report-uncaught-exception",
              `--report-directory=${folder}`,
              "--report-filename=crash.json"
            ]
            const left = yield* Programs.run("Crash", crash, flags)
            assert.strictEqual(left.code, 1)
            assert.isTrue(`${left.stdout}${left.stderr}`.includes("the store died"), "the defect is seen")
            assert.isTrue(left.stdout.includes("a token"), "the token is printed")
            // Effect's own way ends in an exit code; nothing is uncaught there.
            const report = runs === "runPromise" ? reportOf(folder, "crash.json") : ""
            if (runs === "runPromise") assert.isTrue(report.includes("the store died"), "the report is on the defect")
            assert.isAtLeast(wire.canaries.length, 3)
            assert.deepStrictEqual(found(wire.canaries, left, report), [])
          }),
        180_000
      )
    }
  }
})
