// Three replicas of many accounts, of which a steady part comes due while nobody asks for any, and one replica is killed;
// then a store without compare-and-set, which must be noticed.
// Not here: a hundred thousand accounts, by `pnpm chaos`.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Databases from "./Databases.ts"
import * as ManyAccounts from "./ManyAccounts.ts"
import type { Result } from "./ManyVerdict.ts"
import * as Verdict from "./Verdict.ts"

/** Each second one account of 30 comes due, 50 in all. */
const size = { rows: 1_500, life: 40_000, millis: 6_000 }

/** What to print when something is not as it should be. */
const told = ({ complaints, figures, lines }: Result) =>
  [...lines.map(({ count, promise }) => `${count} ${promise}`), ...figures, ...complaints.slice(0, 10)].join("\n")

describe.concurrent("three replicas that share many accounts, one of them killed", () => {
  const isMissing = Databases.isMissing("postgresql")
  if (isMissing) process.stderr.write(`\n${Databases.missing}\n`)

  it.live.skipIf(isMissing)(
    "refresh each account that is due, once, by the store's `due` and compare-and-set",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Databases.make("postgresql")
        const result = yield* ManyAccounts.run({ store, ...size })
        assert.isTrue(Verdict.isKept(result.lines), told(result))
        // Enough went on to have broken something.
        assert.isAbove(result.due, (size.rows * size.millis) / size.life)
      }),
    120_000
  )

  it.live.skipIf(isMissing)(
    "are noticed when the store writes without compare-and-set",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Databases.make("postgresql")
        const broken = { sabotage: "no compare-and-set", isOverWhenBroken: true, life: 20_000, millis: 60_000 }
        const result = yield* ManyAccounts.run({ store, ...size, ...broken })
        assert.isFalse(Verdict.isKept(result.lines), told(result))
      }),
    120_000
  )
})
