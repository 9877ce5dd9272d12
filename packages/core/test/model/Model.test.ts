// Thousands of random sequences of everything that can happen to an account, and the promises that hold in all of them.
//
// MODEL_RUNS sequences: by default 20,000, in CI 100,000, at night a million; of consecutive seeds from MODEL_SEED on, the
// same ones by default: another seed explores. One that breaks a promise is shortened and printed with its seed;
// MODEL_SEED=<it> MODEL_RUNS=1 repeats it, and MODEL_SCRIPT=<json> runs a shortened one.
import { assert, describe, it } from "@effect/vitest"
import * as nodeCrypto from "node:crypto"
import { run, type Script } from "./Commands.ts"
import { generate } from "./Generate.ts"
import { shrink, write } from "./Shrink.ts"

const usual = process.env["NIGHTLY"] ? 1_000_000 : process.env["CI"] ? 100_000 : 20_000
const runs = Number(process.env["MODEL_RUNS"] ?? usual)
const first = Number(process.env["MODEL_SEED"] ?? 1)
const given = process.env["MODEL_SCRIPT"]

/** A digest that is there at once: the model does not wait for other threads. */
const digests = new Map<string, ArrayBuffer>()
Object.defineProperty(crypto.subtle, "digest", {
  configurable: true,
  value: (_: string, bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString("latin1")
    const known = digests.get(text) ?? new Uint8Array(nodeCrypto.createHash("sha256").update(bytes).digest()).buffer
    digests.set(text, known)
    // oxlint-disable-next-line unicorn/no-thenable
    return { then: (resolve: (digest: ArrayBuffer) => void) => resolve(known) }
  }
})

describe("an account, whatever happens to it", () => {
  it(`keeps its promises in ${runs} random sequences`, { timeout: 3_600_000 }, () => {
    const started = performance.now()
    const { stackTraceLimit } = Error
    // Each error and span takes a stack trace, a fifth of the time.
    Error.stackTraceLimit = 0
    const counts = { handed: 0, failed: 0, exchanges: 0, commands: 0 }
    const scripts: ReadonlyArray<Script> = given === undefined ? [] : [JSON.parse(given) as Script]
    for (let n = 0; n < (given === undefined ? runs : 1); n++) {
      const script = scripts[n] ?? generate(first + n)
      const result = run(script)
      counts.handed += result.counts.handed
      counts.failed += result.counts.failed
      counts.exchanges += result.counts.exchanges
      counts.commands += result.done
      if (result.broken !== undefined) {
        const short = given === undefined ? shrink(script, result.broken) : script
        Error.stackTraceLimit = stackTraceLimit
        assert.fail(
          `"${result.broken}" is broken by seed ${first + n} (sequence ${n + 1}). Shortened:\n${write(short)}\n  ${run(short).broken}`
        )
      }
    }
    Error.stackTraceLimit = stackTraceLimit
    const seconds = (performance.now() - started) / 1_000
    const rate = Math.round(runs / seconds)
    process.stdout.write(`model: seed ${first}, ${rate} sequences a second, ${JSON.stringify(counts)}\n`)
    if (given === undefined && runs >= 1_000) assert.isAbove(counts.handed, runs)
  })
})
