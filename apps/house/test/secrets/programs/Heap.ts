// A program that uses one vendor and writes its heap down: while the layer's scope is open, and after it closed.
// Decided here: what the app keeps then. Its HTTP client, with open connections, always; the secret of the options and
// the service only if the plan says so. Run with `--expose-gc`. Not here: what is searched in the heap.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { writeHeapSnapshot } from "node:v8"
import { ways, type Built } from "../Vendors.ts"
import { clients, read, unmask, type Plan } from "./Plan.ts"

/** What this program is told beside where the vendor is. */
export interface HeapPlan extends Plan {
  readonly rotations: number
  readonly keeps: ReadonlyArray<"secret" | "service">
  readonly folder: string
}

/** What it says in the end. */
export interface HeapReport {
  readonly generation: number
  /** How often a refresh, or a call of the API, ended in which way. */
  readonly ends: Readonly<Record<string, number>>
  /** SHA-256 of the secret, if it was kept and can still be read. */
  readonly digest: string | undefined
}

const plan = read<HeapPlan>()
// The app's client outlives the vendor's layer, with its connections.
const runtime = ManagedRuntime.make(clients[plan.client])
const kept: { secret?: Redacted.Redacted<string>; service?: Built } = {}

const snapshot = async (name: string) => {
  for (let turn = 0; turn < 10; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc!()
  }
  writeHeapSnapshot(`${plan.folder}/${name}.heapsnapshot`)
}

const use = (secret: Redacted.Redacted<string>) =>
  Effect.gen(function* () {
    const built = yield* ways[plan.way].build({ baseUrl: plan.baseUrl, secret })
    if (plan.keeps.includes("service")) kept.service = built
    const { auth, client } = built
    const ends: Record<string, number> = {}
    const run = Effect.fnUntraced(function* (what: string, effect: Effect.Effect<unknown, unknown>) {
      const name = `${what}: ${Exit.isSuccess(yield* Effect.exit(effect)) ? "good" : "failed"}`
      ends[name] = (ends[name] ?? 0) + 1
    })
    const call = Effect.flatMap(client.get(plan.resource), (response) => response.text)
    for (let turn = 0; turn < plan.rotations; turn++) {
      yield* run("refresh", auth.refresh)
      if (turn % 10 === 0) yield* run("call", call)
    }
    yield* run("call", call)
    const { generation } = yield* auth.token
    yield* Effect.promise(() => snapshot("open"))
    // The scope is open still, and so is everything that the layer made.
    yield* run("call", call)
    return { generation, ends }
  })

const run = async () => {
  const secret = unmask(plan.secret)
  if (plan.keeps.includes("secret")) kept.secret = secret
  return runtime.runPromise(Effect.scoped(use(secret)).pipe(Effect.provide(Logger.layer([]))))
}

const used = await run()
await snapshot("closed")
const digest = kept.secret && createHash("sha256").update(Redacted.value(kept.secret)).digest("hex")
process.stdout.write(JSON.stringify({ ...used, digest } satisfies HeapReport))
await runtime.dispose()
