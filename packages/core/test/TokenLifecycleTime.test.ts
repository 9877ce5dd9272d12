// What time alone does to the pure machine: its next moment without a caller, and clocks that are set back.
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as TokenLifecycle from "../src/TokenLifecycle.ts"
import { finals, held, helds, now, states, transient } from "./LifecycleStates.ts"

describe("a clock that was set back", () => {
  const before = (millis: number) =>
    TokenLifecycle.on({ ...TokenLifecycle.initial, held: later }, { _tag: "Read" }, now - millis)
  const later = { ...helds.fresh, token: { ...helds.fresh.token, issuedAt: DateTime.makeUnsafe(now) } }

  it("by up to 5 minutes changes nothing; by more it makes the token due, for reads, the timer and the status", () => {
    assert.isFalse(before(300_000).starts)
    assert.isTrue(before(300_001).starts)
    assert.strictEqual(before(300_001).answer, later.token)
    const state = { ...TokenLifecycle.initial, held: later }
    assert.strictEqual(TokenLifecycle.status(state, now - 300_000)._tag, "Fresh")
    assert.strictEqual(TokenLifecycle.status(state, now - 300_001)._tag, "Due")
    assert.isFalse(TokenLifecycle.on(state, { _tag: "Timer" }, now - 300_000).starts)
    assert.isTrue(TokenLifecycle.on(state, { _tag: "Timer" }, now - 300_001).starts)
  })

  it("leaves a token alone that never expires", () => {
    const endless = { ...held(Infinity, Infinity, Infinity), token: later.token }
    const decision = TokenLifecycle.on({ ...TokenLifecycle.initial, held: endless }, { _tag: "Read" }, now - 1e9)
    assert.isFalse(decision.starts)
    assert.strictEqual(decision.answer, endless.token)
  })

  it("does not make a pause longer than an hour", () => {
    const state = { ...TokenLifecycle.initial, failure: { error: transient, since: now, retryAt: now } }
    assert.isFalse(TokenLifecycle.on(state, { _tag: "Read" }, now - 3_600_000).starts)
    assert.isTrue(TokenLifecycle.on(state, { _tag: "Read" }, now - 3_600_001).starts)
  })
})

describe("the next moment without a caller", () => {
  const failing = { error: transient, since: now, retryAt: now + 400 }
  const wakes = (state: Partial<TokenLifecycle.State>, at = now) =>
    TokenLifecycle.wakesAt({ ...TokenLifecycle.initial, ...state }, at)

  it.each([
    ["nothing is held", {}, Infinity],
    ["nothing is held and the last try failed: the next read is waited for", { failure: failing }, Infinity],
    ["fresh: when it becomes due", { held: helds.fresh }, now + 100],
    ["fresh, and scheduled before it is due", { held: held(now + 50, now + 100, now + 900) }, now + 50],
    ["due, and its timer is over: at once", { held: helds.due }, now - 50],
    ["due, and scheduled later", { held: held(now + 300, now - 100, now + 900) }, now + 300],
    ["due, and the last try failed: by the retry schedule", { held: helds.due, failure: failing }, now + 400],
    [
      "due, and the next try comes after its end: when it expires",
      {
        held: held(now - 50, now - 100, now + 300),
        failure: failing
      },
      now + 300
    ],
    ["due, and a flight runs: when it expires", { held: helds.due, isExchanging: true }, now + 900],
    ["due, and refused: when it expires", { held: helds.due, failure: finals[0]! }, now + 900],
    [
      "expired, and the last try failed: the next read is waited for",
      { held: helds.expired, failure: failing },
      Infinity
    ],
    ["rejected", { held: helds.rejected }, Infinity],
    ["no background work", { held: held(Infinity, now + 100, now + 900) }, Infinity],
    ["it never expires", { held: held(Infinity, Infinity, Infinity) }, Infinity]
  ])("%s", (_, state, expected) => assert.strictEqual(wakes(state), expected))

  it("is never in the past for long: after its event either a flight runs or a later moment is next", () => {
    for (const { state } of states) {
      const at = TokenLifecycle.wakesAt(state, now)
      if (at === Infinity) continue
      const then = Math.max(at, now)
      const { state: after } = TokenLifecycle.on(state, { _tag: "Timer" }, then)
      assert.isAbove(TokenLifecycle.wakesAt(after, then), then)
    }
  })
})
