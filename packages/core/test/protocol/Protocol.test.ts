// The steps of a session, walked through everything that can happen to two processes and one vendor with two faults.
//
// Each walk is exhaustive within its bounds and prints its size. A promise that is broken is told as the shortest story
// that breaks it. NIGHTLY walks more calls and three faults.
import { assert, describe, it } from "vitest"
import { explore } from "./Explorer.ts"
import * as World from "./World.ts"
import { atNight, isNightly, worlds } from "./Worlds.ts"

const most = 12_000_000

describe("two processes that share a session, whatever happens to them", () => {
  it.each(Object.entries(worlds))("keep every promise with %s", { timeout: 3_600_000 }, (name, world: World.World) => {
    for (const one of isNightly ? [world, ...atNight(world)] : [world]) {
      const began = performance.now()
      const { broken, depth, moves, states } = explore(World.make(one), { most })
      const seconds = ((performance.now() - began) / 1_000).toFixed(1)
      process.stdout.write(
        `protocol: ${name}, ${one.faults} faults: ${states} states, ${moves} moves, ${depth} deep, ${seconds} s\n`
      )
      assert.isUndefined(broken, `${broken?.promise}\n  ${broken?.story.join("\n  ")}\n`)
      assert.isAbove(states, 3_000)
    }
  })

  it("come into every situation that the steps are made for", { timeout: 600_000 }, () => {
    const seen = new Set<string>()
    const step = (label: string) => label.replace(/^[ABC] /, "").replaceAll(/\b[ti]?\d+\b/g, "_")
    const few = Object.values<World.World>(worlds).map((world) => ({ ...world, faults: 1 }))
    const full = worlds["an outage that fills the latch, and five minutes"]
    const spent = worlds["no credentials and a token that may be presented again"]
    for (const world of [...few, full, spent]) {
      const system = World.make(world)
      const moves: typeof system.moves = (state) => {
        const all = system.moves(state)
        for (const { label } of all) seen.add(step(label))
        return all
      }
      explore({ ...system, moves })
    }
    const rare = [
      "stops: SignedOut",
      "stops: NoCredentials",
      "stops: Refused",
      "stops: LoginsOpen",
      "stops: Unresolved",
      "stops: overtaken by its sign-out",
      "was not the first to write",
      "waits",
      "writes _: refresh again",
      "writes _: refresh with the configured token",
      "(begun before its sign-out) commits _ by _",
      "(begun before its sign-out) does not send: signed out",
      "commits _ by _, and is not told",
      "commits _ by _: cannot, the store is down",
      "releases as Unknown by _",
      "goes on after an unknown outcome",
      "five minutes pass",
      "the deadline of _ passes while its owner stands still"
    ]
    assert.deepStrictEqual(
      rare.filter((label) => !seen.has(label)),
      []
    )
  })

  it("keep every promise without a fault, and what is sent once then is sent once", { timeout: 600_000 }, () => {
    for (const world of Object.values<World.World>(worlds)) {
      const { broken, states } = explore(World.make({ ...world, faults: 0 }))
      assert.isUndefined(broken, `${broken?.promise}\n  ${broken?.story.join("\n  ")}\n`)
      assert.isAbove(states, 30)
    }
  })
})
