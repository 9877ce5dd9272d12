// The cached read of a token: CPU time, ratio to the floor, bytes. Decided here: the rows and the table. The best block
// shows what the code can do where the machine was quiet; the median of the rounds' ratios is what is judged. Not here:
// how one reader is measured (`measured/Read.ts`).
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

export interface Row extends Plan.Case {
  /** CPU nanoseconds of a read, one median for each round, and the best block of each. */
  readonly ns: Array<number>
  readonly best: Array<number>
  /** Median over the rounds of the ratio to the floor, and the ratio of the best blocks. */
  ratio: number
  bestRatio: number
  bytes: number
}

export const floor = "closure, async (floor)"

const focus = /floor|limit|smithy memoize|simple-oauth2, as|Ref\+Deferred, (in|run)|vendor-auth/

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const { isQuick } = plan
  const warmMs = isQuick ? 200 : 300
  const rows = Plan.cases(plan, ["readers", "limits"], { focus }).map((one): Row => ({
    ...one,
    ns: [],
    best: [],
    ratio: NaN,
    bestRatio: NaN,
    bytes: NaN
  }))
  await Plan.inRounds(plan, rows, { focus }, async (row, round) => {
    const run = <A>(what: "ns" | "bytes", blocks: number, flags: ReadonlyArray<string>) =>
      Child.run<A>("Read", [row.peer, row.name, what, blocks, warmMs], { flags })
    const { value, why } = await run<{ ns: number; best: number }>("ns", isQuick ? 5 : 9, [])
    if (value === undefined) throw new Error(`${row.name}: ${why}`)
    row.ns.push(value.ns)
    row.best.push(value.best)
    if (round > 0) return
    const flags = ["--expose-gc", "--max-semi-space-size=256", "--min-semi-space-size=256"]
    const bytes = await run<{ bytes: number | null }>("bytes", isQuick ? 3 : 5, flags)
    row.bytes = bytes.value?.bytes ?? NaN
  })
  const base = rows.find(({ name }) => name === floor)!
  for (const row of rows) {
    row.ratio = Statistics.ratio(row.ns, base.ns)
    row.bestRatio = Statistics.best(row.best) / Statistics.best(base.best)
  }
  return rows
}

export const text = (rows: ReadonlyArray<Row>): string =>
  Table.table(
    ["reader", "x floor", "CPU ns", "rounds", "best block ns", "x floor, best", "bytes"],
    rows.map((row) => [
      row.name,
      Statistics.figure(row.ratio),
      Statistics.figure(Statistics.median(row.ns)),
      `${Statistics.figure(Math.min(...row.ns))} to ${Statistics.figure(Math.max(...row.ns))}`,
      Statistics.figure(Statistics.best(row.best)),
      Statistics.figure(row.bestRatio),
      Statistics.figure(row.bytes)
    ])
  )
