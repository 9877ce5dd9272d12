// Guarantees I6 and I7: what is left of secrets in the memory of an app, read from V8's own snapshots of its heap.
// The app is a process of its own. The vendor, its tokens and the search are here, so that the search plants nothing.
import { assert, describe, it } from "@effect/vitest"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { join } from "node:path"
import * as Canary from "./Canary.ts"
import type { HeapPlan, HeapReport } from "./programs/Heap.ts"
import { mask, type ClientName } from "./programs/Plan.ts"
import * as Programs from "./Programs.ts"
import * as Snapshot from "./Snapshot.ts"
import { ways, type Name } from "./Vendors.ts"
import * as Wire from "./Wire.ts"

const rotations = 100

const faults = [
  Simulator.drop({ carriedOut: true }),
  Simulator.truncate,
  Simulator.answer(400, { body: `{"error":"invalid_grant"}` }),
  Simulator.answer(500),
  Simulator.answer(200, { body: "not a token" })
]

const runs: ReadonlyArray<readonly [way: Name, client: ClientName, ...keeps: HeapPlan["keeps"]]> = [
  ["LogiSense by password", "fetch"],
  ["LRS Connect by password", "fetch", "secret"],
  ["LRS Connect by password", "node:http"],
  ["LRS Connect by password", "undici", "service"],
  ["ItemPath by password", "fetch"],
  ["ItemPath by password", "node:http", "secret"]
]

const run = Effect.fnUntraced(function* (way: Name, client: ClientName, keeps: HeapPlan["keeps"]) {
  const secret = Canary.password()
  const simulator = yield* ways[way].simulator("http://vendor.test", Redacted.make(secret))
  const wire = yield* Wire.serve(simulator, [{ name: "the password", text: secret }])
  // Not only good days: each of these meets one of the first refreshes, and two calls find their token refused.
  for (const fault of faults) yield* simulator.failNext(fault, { kind: "refresh" })
  yield* simulator.failNext(Simulator.answer(401), { kind: "api", times: 2 })
  const folder = yield* Programs.folder
  const plan: HeapPlan = {
    way,
    client,
    baseUrl: wire.baseUrl,
    resource: `${wire.baseUrl}${simulator.resource}`,
    secret: mask(secret),
    rotations,
    keeps,
    folder
  }
  const { code, stderr, stdout } = yield* Programs.run("Heap", plan, ["--expose-gc"])
  assert.strictEqual(code, 0, stderr)
  const report = JSON.parse(stdout) as HeapReport
  assert.isAtLeast(report.generation, rotations - faults.length, "a hundred rotations")
  assert.isAtLeast(report.ends["call: good"] ?? 0, rotations / 10)
  assert.isAtLeast(yield* simulator.count("refresh"), rotations)
  const tokens = wire.canaries.slice(1).map(({ text }) => text)
  const isRefresh = (text: string) =>
    wire.canaries.some((canary) => canary.text === text && canary.name.startsWith("refresh"))
  const live = [tokens.findLast((text) => !isRefresh(text))!, tokens.findLast(isRefresh)!]
  const [open, closed] = ["open", "closed"].map((name) =>
    Snapshot.copies(join(folder, `${name}.heapsnapshot`), [secret, ...tokens])
  ) as [(secret: string) => number, (secret: string) => number]
  return { secret, report, live, old: tokens.filter((text) => !live.includes(text)), open, closed }
})

const ofKept = {
  secret: "a Redacted that the app made and keeps is not wiped",
  service: "nor does the service, if the app keeps that"
}

describe.concurrent("I6, I7: a closed scope leaves no secret, an open one the live tokens, 4 times at most", () => {
  for (const [way, client, ...keeps] of runs) {
    const also = keeps.map((kept) => `, ${ofKept[kept]}`).join("")
    it.live(
      `${way}, over ${client}${also}`,
      () =>
        Effect.gen(function* () {
          const { closed, live, old, open, report, secret } = yield* run(way, client, keeps)
          const [access, refresh] = live as [string, string]
          // What the search finds while there is something to find.
          assert.isAtLeast(open(access), 1, "the live access token is in the open scope")
          assert.isAtLeast(open(refresh), 1, "the live refresh token is in the open scope")
          assert.isAtLeast(open(secret), 1, "the password is in the open scope")
          for (const token of live) assert.isAtMost(open(token), 4)
          assert.isAbove(old.length, rotations - 10)
          assert.strictEqual(old.filter((token) => open(token) > 0).length, 0, "older tokens, open")
          const left = [...live, ...old].filter((token) => closed(token) > 0)
          assert.strictEqual(left.length, 0, "tokens, closed")
          // A service is made of the options, and holds the Redacted that it was given.
          assert.strictEqual(closed(secret), keeps.length, "the password, closed")
          const digest = createHash("sha256").update(secret).digest("hex")
          assert.strictEqual(report.digest, keeps.includes("secret") ? digest : undefined)
        }),
      180_000
    )
  }
})
