// Eight processes, four accounts, a vendor that notices each refresh token that comes twice; processes are killed and
// stopped at their worst moments, and the database too. Then stores that break one rule each, which must be noticed.
// Not here: ten minutes of it, by `pnpm chaos`.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chaos from "./Chaos.ts"
import * as Databases from "./Databases.ts"
import { sabotages } from "./Sabotages.ts"
import * as Verdict from "./Verdict.ts"

const seed = process.env["CHAOS_SEED"] ?? String(process.pid)
const millis = 20_000

/** What to print when something is not as it should be. */
const told = ({ lines, tally }: Chaos.Result) =>
  [`seed ${seed}`, ...lines.map(({ count, promise }) => `${count} ${promise}`), ...tally.defects].join("\n")

describe("eight processes that share four accounts, killed and stopped", () => {
  for (const name of Databases.names) {
    const isMissing = Databases.isMissing(name)
    if (isMissing) process.stderr.write(`\n${Databases.missing}\n`)
    it.live.skipIf(isMissing)(
      `present no refresh token twice, lose no update and log in no more than they must: ${name}`,
      () =>
        Effect.gen(function* () {
          const { crash, store } = yield* Databases.make(name)
          const result = yield* Chaos.run({ store, crash, millis, seed })
          assert.isTrue(Verdict.isKept(result.lines), told(result))
          // Enough went on to have broken something.
          assert.isAbove(result.journal.refreshes, 10)
          assert.isAbove(result.tally.kills + result.tally.stops, 10)
          assert.strictEqual(result.tally.crashes, crash === undefined ? 0 : 1)
        }),
      120_000
    )
  }

  for (const sabotage of Object.keys(sabotages)) {
    it.live(
      `are noticed when a store breaks the protocol: ${sabotage}`,
      () =>
        Effect.gen(function* () {
          const { store } = yield* Databases.make("sqlite")
          const odds = { dies: 0.1, stops: 0 }
          const result = yield* Chaos.run({ store, millis: 60_000, seed, odds, sabotage, isOverWhenBroken: true })
          assert.isFalse(Verdict.isKept(result.lines), told(result))
        }),
      120_000
    )
  }
})
