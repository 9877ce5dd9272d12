// The agenda against a sorted list: whatever is set, moved and taken off, what comes next is what comes first.
// Not here: what stands on it.
import { assert, describe, it } from "@effect/vitest"
import * as Agenda from "../src/Agenda.ts"

interface Item extends Agenda.Entry {
  readonly name: number
}

/** Repeatable numbers below a bound. */
const dice = (seed: number) => {
  let state = seed
  return (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * bound)
  }
}

describe("an agenda", () => {
  it("gives each entry at its moment and in order, however often moments were moved and taken off", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const below = dice(seed)
      const agenda = Agenda.make<Item>()
      const items = Array.from({ length: 40 }, (_, name): Item => ({ name, at: Infinity, place: 0 }))
      const expected = new Map<number, number>()
      for (let step = 0; step < 300; step++) {
        const item = items[below(items.length)]!
        const at = below(5) === 0 ? Infinity : below(100)
        agenda.set(item, at)
        if (at === Infinity) expected.delete(item.name)
        else expected.set(item.name, at)
        assert.strictEqual(agenda.next(), Math.min(Infinity, ...expected.values()))
        if (below(10) === 0) {
          const taken = agenda.take(50)
          const first = Math.min(Infinity, ...expected.values())
          if (first > 50) assert.isUndefined(taken)
          else {
            assert.strictEqual(expected.get(taken!.name), first)
            assert.strictEqual(taken!.at, Infinity)
            expected.delete(taken!.name)
          }
        }
      }
      const order: Array<number> = []
      for (let next = agenda.take(1_000); next !== undefined; next = agenda.take(1_000))
        order.push(expected.get(next.name)!)
      assert.deepStrictEqual(
        order,
        [...expected.values()].toSorted((a, b) => a - b)
      )
    }
  })
})
