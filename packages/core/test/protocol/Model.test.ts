// The Promela model beside the code: that neither goes its own way unseen.
//
// Decided here: each step of `Session` has an inline of its name, each switch of the model a line in `Rules.ts` that
// says what it has to break. Not here: the model's own run, which needs spin (`pnpm model`).
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import * as Session from "../../src/Session.ts"
import { rules, wholes } from "./Rules.ts"

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")
const model = read("Session.pml") + read("Flight.pml")

const all = (pattern: RegExp) => new Set(Array.from(model.matchAll(pattern), ([, name]) => name!))
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted()

describe("the Promela model", () => {
  it("has each step of a session under its name, and no step that the code has not", () => {
    // A record that was never written is what the model begins with.
    const steps = Object.keys(Session).filter((name) => /^[a-z]/.test(name) && name !== "empty")
    // What the code has inside `next`, `settle` and `empty`.
    const parts = ["login", "close", "forgetLatches"]
    assert.isAbove(steps.length, 6)
    assert.deepStrictEqual(sorted(all(/^inline (\w+)\(/gm)), sorted([...steps, ...parts]))
  })

  it("uses each of its steps", () => {
    for (const name of all(/^inline (\w+)\(/gm)) {
      assert.isAbove([...model.matchAll(new RegExp(`\\b${name}\\((\\w*)\\)`, "g"))].length, 1, name)
    }
  })

  it("has a rule for each of its switches, and each rule has a switch", () => {
    const bounds = all(/^#ifndef (\w+)\n#define \1 /gm)
    // Follows from two of the switches.
    const switches = new Set([...all(/#ifn?def (\w+)/g), ...all(/defined\((\w+)\)/g)])
    switches.delete("STALE")
    const named = [...rules.flatMap((rule) => rule.switches), ...wholes].flatMap(({ defines }) => defines)
    const names = named.map((define) => define.split("=")[0]!)
    assert.deepStrictEqual(
      sorted(names).filter((name) => !bounds.has(name)),
      sorted(switches).filter((name) => !bounds.has(name))
    )
    assert.isTrue(rules.every((rule) => rule.switches.length > 0))
  })

  it("breaks only promises that it checks, and checks no promise that nothing breaks", () => {
    const broken = rules.flatMap((rule) => rule.switches.map(({ promise }) => String(promise)))
    assert.deepStrictEqual(sorted(broken), sorted(all(/CHECK\((\d)/g)))
  })
})
