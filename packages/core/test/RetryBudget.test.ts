// The budget of retries by its figures.
// Not here: who asks for it (the guarantees D7 and D8).
import { assert, describe, it } from "@effect/vitest"
import * as RetryBudget from "../src/RetryBudget.ts"

const minute = 60_000

/** How many of so many that ask at once in each second are let through. */
const through = (budget: RetryBudget.RetryBudget, from: number, to: number, asking: number, accounts = asking) => {
  let count = 0
  for (let now = from; now < to; now += 1_000) {
    for (let i = 0; i < asking; i++) if (budget.take(now, accounts)) count++
  }
  return count
}

describe("a budget of retries", () => {
  it("lets 25 through when nothing came in before, and then one in half a minute", () => {
    const budget = RetryBudget.make()
    assert.strictEqual(through(budget, 0, 10 * minute, 100), 25 + 20)
  })

  it("is filled by first tries and successes, up to 100", () => {
    const budget = RetryBudget.make()
    for (let i = 0; i < 100; i++) budget.started()
    assert.strictEqual(through(budget, 0, 29_000, 100), 30 + 1)
    for (let i = 0; i < 1_000; i++) budget.succeeded()
    assert.strictEqual(through(budget, minute, minute + 29_000, 100), 100 + 1)
  })

  it("lets through at most 20 in a second, or the fiftieth part of the accounts", () => {
    for (const [accounts, most] of [
      [10, 20],
      [2_000, 40]
    ] as const) {
      const budget = RetryBudget.make()
      for (let i = 0; i < 1_000; i++) budget.succeeded()
      assert.strictEqual(through(budget, 0, 1_000, 5_000, accounts), most)
    }
  })

  it("is not silenced by a clock that was set back", () => {
    const budget = RetryBudget.make()
    through(budget, 100 * minute, 101 * minute, 100)
    assert.isAbove(through(budget, 0, minute, 100), 0)
  })
})
