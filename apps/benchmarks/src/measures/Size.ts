// What a least program weighs, and what its import costs.
// Decided here: an import is told less that of the empty program in the same round; the bytes are exact. Not here: how
// a program is bundled and timed (`measured/Size.ts`), and the budgets of each package (`pnpm size`).
import * as Child from "../Child.ts"
import type { Plan } from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

interface Time {
  readonly cpu: number
  readonly wall: number
}

export interface Row {
  readonly name: string
  readonly min: number
  readonly gzip: number
  readonly files: number
  readonly times: ReadonlyArray<{ readonly plain: Time; readonly bundled: Time }>
}

export const measure = async (plan: Plan): Promise<ReadonlyArray<Row>> => {
  const repetitions = plan.isQuick ? 3 : 7
  const { value, why } = await Child.run<{ entries: ReadonlyArray<Row> }>("Size", [repetitions], { limitMs: 300_000 })
  if (value === undefined) throw new Error(why)
  return value.entries
}

/** What an import takes over another one's: the median of the rounds' differences. */
export const added = (row: Row, base: Row, kind: "plain" | "bundled", clock: keyof Time): number =>
  Statistics.median(row.times.map((time, round) => time[kind][clock] - base.times[round]![kind][clock]))

export const text = (rows: ReadonlyArray<Row>): string => {
  const empty = rows[0]!
  const of = (row: Row, kind: "plain" | "bundled", clock: keyof Time) =>
    Statistics.figure(added(row, empty, kind, clock))
  return Table.table(
    ["program", "min KB", "min+gzip KB", "files", "import CPU ms", "import wall ms", "bundled CPU ms"],
    rows.map((row) => [
      row.name,
      Statistics.figure(row.min / 1000),
      Statistics.figure(row.gzip / 1000),
      row.files,
      of(row, "plain", "cpu"),
      of(row, "plain", "wall"),
      of(row, "bundled", "cpu")
    ])
  )
}
