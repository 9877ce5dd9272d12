// Guarantees of group G, about the end of a process and of a layer: what is under way is finished, and nothing is left.
// Decided here: real processes, a store in a file, a vendor that presents no token twice. Not here: G1 and H1, which
// need a disk that fails (Disk.test.ts); G6 and G9; and processes that are killed (ProcessesSharing.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Verdict from "../chaos/Verdict.ts"
import * as Fleet from "./Fleet.ts"
import { amount, group, patience } from "./Fleet.ts"

/** A process that is asked to end while its refresh is under way, at a vendor that takes 2 s. */
const terminated = Effect.gen(function* () {
  const fleet = yield* Fleet.setUp
  const member = yield* Fleet.start({ ...fleet.orders("anna"), work: "main" })
  const first = yield* member.next("Given")
  fleet.slow()
  member.tell("refresh")
  while (fleet.journal.refreshes === 0) yield* Effect.sleep(5)
  const asked = yield* Clock.currentTimeMillis
  member.signal("SIGTERM")
  const end = yield* member.ended
  const took = (yield* Clock.currentTimeMillis) - asked
  const { session } = yield* fleet.record("anna")
  assert.strictEqual(first.generation, 1)
  assert.deepStrictEqual(end, { code: 130, signal: null, complaint: "" })
  assert.strictEqual(session.generation, 2)
  assert.isNull(session.intent)
  assert.isFalse(Verdict.isStale(fleet.journal, session))
  assert.deepStrictEqual([fleet.journal.logins, fleet.journal.refreshes], [1, 1])
  Fleet.assertStrict(fleet.journal)
  assert.isBelow(took, 5_500)
}).pipe(Effect.scoped)

group("G. Process: its end", () => {
  it.live(
    "G3: SIGTERM during a refresh: it finishes and persists within the grace, then exits",
    () => Effect.forEach(Array.from({ length: amount(2, 100) }), () => terminated, { concurrency: 2 }),
    patience
  )

  it.live(
    "G4: closing the scope leaves nothing: no timer, no handle, no open file, and the process ends by itself",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const cycles = amount(100, 1_000)
        const member = yield* Fleet.start({ ...fleet.orders("anna"), work: "cycles", amount: cycles })
        const { after, before } = yield* member.next("Left")
        assert.deepStrictEqual(after, before)
        assert.deepStrictEqual(after, { resources: [], files: 0 })
        const end = yield* Effect.timeout(member.ended, "10 seconds")
        assert.deepStrictEqual(end, { code: 0, signal: null, complaint: "" })
        assert.strictEqual(member.said.filter(({ _tag }) => _tag === "Given").length, cycles)
        Fleet.assertStrict(fleet.journal)
      }).pipe(Effect.scoped),
    patience
  )
})

describe("G. Process: rejections", () => {
  it.live("G5: no unhandled rejection in any of these processes, and one would be seen", () =>
    Effect.gen(function* () {
      Fleet.assertQuiet()
      const fleet = yield* Fleet.setUp
      const member = yield* Fleet.start({ ...fleet.orders("anna"), work: "reject" })
      const { code, complaint } = yield* member.ended
      assert.strictEqual(code, 1)
      assert.include(complaint, "nobody handles this")
    }).pipe(Effect.scoped)
  )
})
