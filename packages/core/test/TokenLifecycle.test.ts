// The pure machine, exhaustively: every token in memory, every failure, every event, with and without a running flight.
// The oracle is the table below, row by row; it is not the code in other words.
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as TokenLifecycle from "../src/TokenLifecycle.ts"
import { failureNames, finals, type Flight, held, type HeldName, now, states, transient } from "./LifecycleStates.ts"

/**
 * What a caller gets: "token" at once, "error" at once, or "wait"; "+" begins a flight if none runs. One column for
 * each failure, in the order: none, pending, passed, final. Two rows for each token: idle, flying.
 */
const table: Record<"Read" | "Refresh" | "Timer", Record<HeldName, Record<Flight, string>>> = {
  Read: {
    none: { idle: "wait+   error    wait+   error", flying: "wait    wait     wait    wait" },
    fresh: { idle: "token   token    token   token", flying: "token   token    token   token" },
    due: { idle: "token+  token    token+  token", flying: "token   token    token   token" },
    expired: { idle: "wait+   error    wait+   error", flying: "wait    wait     wait    wait" },
    rejected: { idle: "wait+   error    wait+   error", flying: "wait    wait     wait    wait" }
  },
  Refresh: {
    none: { idle: "wait+   wait+    wait+   error", flying: "wait    wait     wait    error" },
    fresh: { idle: "wait+   wait+    wait+   error", flying: "wait    wait     wait    error" },
    due: { idle: "wait+   wait+    wait+   error", flying: "wait    wait     wait    error" },
    expired: { idle: "wait+   wait+    wait+   error", flying: "wait    wait     wait    error" },
    rejected: { idle: "wait+   wait+    wait+   error", flying: "wait    wait     wait    error" }
  },
  // A fresh token's time has not come; where the last try failed, the retry schedule's has. Nobody waits for a timer.
  Timer: {
    none: { idle: "wait    wait     wait    wait", flying: "wait    wait     wait    wait" },
    fresh: { idle: "wait    wait     wait+   wait", flying: "wait    wait     wait    wait" },
    due: { idle: "wait+   wait     wait+   wait", flying: "wait    wait     wait    wait" },
    expired: { idle: "wait+   wait     wait    wait", flying: "wait    wait     wait    wait" },
    rejected: { idle: "wait    wait     wait    wait", flying: "wait    wait     wait    wait" }
  }
}

describe("Read, Refresh and Timer", () => {
  for (const event of ["Read", "Refresh", "Timer"] as const) {
    for (const { failureName, flight, heldName, state } of states) {
      const cell = table[event][heldName][flight].split(/ +/)[failureNames.indexOf(failureName)]!
      const why = state.failure?.error.reason._tag ?? "none"
      const at = state.failure?.retryAt
      const title = `${event} of a token ${heldName}, ${flight}, failure ${failureName} (${why}, ${at})`
      it(`${title}: ${cell}`, () => {
        const decision = TokenLifecycle.on(state, { _tag: event }, now)
        const answers = { token: state.held?.token, error: state.failure?.error, wait: "wait" }
        assert.strictEqual(decision.answer, answers[cell.replace("+", "") as keyof typeof answers])
        assert.strictEqual(decision.starts, cell.endsWith("+"))
        assert.deepStrictEqual(decision.state, { ...state, isExchanging: state.isExchanging || cell.endsWith("+") })
      })
    }
  }

  it("a run of one flight: of any number of events in a row at most one starts", () => {
    for (const { state } of states) {
      let current: TokenLifecycle.State = state
      let starts = 0
      for (const event of ["Read", "Refresh", "Timer", "Read", "Refresh", "Timer"] as const) {
        const decision = TokenLifecycle.on(current, { _tag: event }, now)
        if (decision.starts) starts++
        current = decision.state
      }
      assert.isAtMost(starts, state.isExchanging ? 0 : 1)
    }
  })
})

describe("the outcome of a flight", () => {
  const next = held(now + 500, now + 700, now + 900, 8)

  it("Succeeded: the token is held, whatever there was before; nothing runs and nothing failed", () => {
    for (const { state } of states) {
      const decision = TokenLifecycle.on(state, { _tag: "Succeeded", held: next }, now)
      assert.deepStrictEqual(decision, {
        state: { held: next, isExchanging: false, failure: undefined },
        answer: next.token,
        starts: false
      })
    }
  })

  it("Failed: the token in memory stays, the failure is remembered and since when, nothing runs", () => {
    for (const { state } of states) {
      for (const reason of [transient, ...finals.map(({ error }) => error)]) {
        const decision = TokenLifecycle.on(state, { _tag: "Failed", error: reason, retryAt: now + 1 }, now)
        const since = state.failure?.since ?? now
        assert.deepStrictEqual(decision, {
          state: { held: state.held, isExchanging: false, failure: { error: reason, since, retryAt: now + 1 } },
          answer: reason,
          starts: false
        })
      }
    }
  })
})

describe("Overtaken", () => {
  it("by another process: nothing runs, nothing failed, what is held stays; its callers get the error", () => {
    for (const { state } of states) {
      const decision = TokenLifecycle.on(state, { _tag: "Overtaken", error: transient }, now)
      assert.deepStrictEqual(decision, { state: { ...state, isExchanging: false }, answer: transient, starts: false })
    }
  })
})

describe("Rejected", () => {
  it("its own generation: the token is expired at once, and no schedule refreshes it", () => {
    for (const { state } of states) {
      const decision = TokenLifecycle.on(state, { _tag: "Rejected", generation: 7 }, now)
      assert.isFalse(decision.starts)
      assert.strictEqual(decision.state.failure, state.failure)
      assert.strictEqual(decision.state.isExchanging, state.isExchanging)
      assert.strictEqual(decision.state.held?.token, state.held?.token)
      assert.strictEqual(TokenLifecycle.wakesAt(decision.state, now), Infinity)
      const read = TokenLifecycle.on(decision.state, { _tag: "Read" }, 0)
      assert.isTrue(read.answer === "wait" || read.answer === state.failure?.error)
    }
  })

  it("any other generation changes nothing, older or newer", () => {
    for (const { state } of states) {
      for (const generation of [0, 6, 8]) {
        const decision = TokenLifecycle.on(state, { _tag: "Rejected", generation }, now)
        assert.strictEqual(decision.state, state)
        assert.isFalse(decision.starts)
      }
    }
  })
})

describe("SignedOut", () => {
  it("forgets the token, the failure and the flight", () => {
    for (const { state } of states) {
      const decision = TokenLifecycle.on(state, { _tag: "SignedOut" }, now)
      assert.deepStrictEqual(decision.state, { held: undefined, isExchanging: false, failure: undefined })
      assert.isFalse(decision.starts)
      assert.strictEqual(TokenLifecycle.wakesAt(decision.state, now), Infinity)
    }
  })
})

describe("the status", () => {
  const none = (final: string) => ["SignedOut", "BackingOff", "BackingOff", final]
  const names: Record<HeldName, (final: string) => ReadonlyArray<string>> = {
    none,
    fresh: (final) => ["Fresh", "Fresh", "Fresh", final === "Unresolved" ? final : "Fresh"],
    due: (final) => ["Due", "Due", "Due", final === "Unresolved" ? final : "Due"],
    expired: (final) => ["Expired", "BackingOff", "BackingOff", final],
    rejected: (final) => ["Expired", "BackingOff", "BackingOff", final]
  }
  for (const { failureName, flight, heldName, state } of states) {
    const reason = state.failure?.error.reason._tag
    const final = reason === "UnresolvedExchange" ? "Unresolved" : "Refused"
    const at = state.failure?.retryAt
    const name = names[heldName](final)[failureNames.indexOf(failureName)]!
    it(`of a token ${heldName}, ${flight}, failure ${failureName} (${reason}, ${at}) is ${name}`, () => {
      const status = TokenLifecycle.status(state, now)
      assert.strictEqual(status._tag, name)
      if ("generation" in status) assert.strictEqual(status.generation, 7)
      if (status._tag === "Due") assert.deepStrictEqual(status.error, Option.fromUndefinedOr(state.failure?.error))
      if ("since" in status) assert.strictEqual(DateTime.toEpochMillis(status.since), now - 500)
      if (status._tag === "BackingOff") {
        assert.strictEqual(status.error, transient)
        assert.strictEqual(DateTime.toEpochMillis(status.retryAt), state.failure?.retryAt)
      }
    })
  }

  it("changes at the very instants: due at `dueAt`, expired at `expiredAt`", () => {
    const state = { ...TokenLifecycle.initial, held: held(300, 200, 900) }
    const at = (instant: number) => TokenLifecycle.status(state, instant)._tag
    assert.deepStrictEqual([199, 200, 899, 900].map(at), ["Fresh", "Due", "Due", "Expired"])
  })
})
