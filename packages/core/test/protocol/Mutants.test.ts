// Each rule of the protocol, taken out of the functions that are walked: what it is there for then goes wrong.
//
// Not here: the rules as they are (`Protocol.test.ts`).
import { assert, describe, it } from "vitest"
import * as Session from "../../src/Session.ts"
import { answered, explore } from "./Explorer.ts"
import { mutants } from "./Mutants.ts"
import * as World from "./World.ts"

describe("a protocol with a fault in it", () => {
  it.each(mutants.map((mutant) => [mutant.rule, mutant.promise, mutant] as const))(
    "%s: breaks %s",
    { timeout: 600_000 },
    (_, promise, { rules, world }) => {
      const { broken } = explore(World.make(world, rules), { only: promise })
      assert.match(broken?.promise ?? "nothing is broken", new RegExp(`^${promise} `))
    }
  )

  it("every step has a fault that is found", () => {
    const steps = Object.keys(Session).filter((name) => /^[a-z]/.test(name) && name !== "empty")
    const found = new Set(mutants.flatMap(({ rules }) => Object.keys(rules)))
    // `next` asks `isAdoptable`; a login that is `settled` is only counted earlier than by its deadline.
    const silent = ["isAdoptable", "settled"]
    assert.deepStrictEqual(
      steps.filter((name) => !found.has(name)),
      silent
    )
  })
})

describe("the explorer", () => {
  const system = (moves: Record<string, string>, done: string, kind: "step" | "chance" = "step") => ({
    start: "a",
    moves: (state: string) =>
      [...(moves[state] ?? "")].map((to) => ({
        kind,
        label: `${state}${to}`,
        to,
        broken: to === "!" ? "P0" : undefined
      })),
    key: (state: string) => state,
    isDone: (state: string) => done.includes(state)
  })

  it("tells the shortest of all ways to what must not be", () => {
    const { broken } = explore(system({ a: "bc", b: "d", c: "e", d: "e", e: "!" }, ""))
    assert.deepStrictEqual(broken, { promise: "P0", story: ["ac", "ce", "e!"] })
  })

  it("finds an end at which somebody still waits", () => {
    assert.isUndefined(explore(system({ a: "bc" }, "bc")).broken)
    const { broken } = explore(system({ a: "bc" }, "b"))
    assert.strictEqual(broken?.promise, answered)
    assert.strictEqual(broken?.story[0], "ac")
    assert.strictEqual(explore(system({ a: "bc" }, "bc", "chance")).broken?.story[0], "and nothing more can happen")
  })

  it("finds a circle, also one behind a way out", () => {
    assert.isUndefined(explore(system({ a: "bc", b: "d", c: "d" }, "d")).broken)
    assert.strictEqual(explore(system({ a: "bd", b: "c", c: "b" }, "d")).broken?.promise, answered)
  })

  it("fails rather than stop half-way", () => {
    assert.throws(() => explore(system({ a: "b", b: "c" }, "c"), { most: 2 }), "more than 2 states")
  })
})
