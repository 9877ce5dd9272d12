// The burst of callers on an expired token: requests, failures, CPU and heap.
// Decided here: a figure of a round is the median of nine bursts in one process (seven in a quick run), of which the
// first two or three are cold. A reader that starts one request per caller may run over its time: its row says so. Not
// here: how a burst is made (`measured/Burst.ts`).
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"
import { floor } from "./Read.ts"

interface Once {
  readonly wall: number
  readonly tokenRequests: number
  readonly failed: number
  readonly peakMB: number
  readonly cpuMs: number
}

export interface Row extends Plan.Case {
  readonly requests: Array<number>
  readonly failed: Array<number>
  readonly wall: Array<number>
  readonly cpu: Array<number>
  readonly heap: Array<number>
  error: string | undefined
}

export const limit = "Effect one Deferred (burst limit), in a fiber"

const focus = /floor|burst limit|smithy memoize|Ref\+Deferred, in|vendor-auth/

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const rows = Plan.cases(plan, ["readers"], { focus }).map((one): Row => ({
    ...one,
    requests: [],
    failed: [],
    wall: [],
    cpu: [],
    heap: [],
    error: undefined
  }))
  await Plan.inRounds(plan, rows, { focus, rounds: 3 }, async (row) => {
    if (row.error !== undefined) return
    const ended = await Child.run<{ rounds: ReadonlyArray<Once> }>(
      "Burst",
      [row.peer, row.name, 10_000, plan.isQuick ? 7 : 9],
      {
        flags: ["--expose-gc", "--max-old-space-size=6144"],
        limitMs: 90_000
      }
    )
    if (ended.value === undefined) {
      row.error = ended.why
      return
    }
    const of = (key: keyof Once) => Statistics.median(ended.value!.rounds.map((once) => once[key]))
    row.requests.push(of("tokenRequests"))
    row.failed.push(of("failed"))
    row.wall.push(of("wall"))
    row.cpu.push(of("cpuMs"))
    row.heap.push(of("peakMB"))
  })
  return rows
}

/** CPU and heap of one row over those of another, in the same rounds. */
export const over = (row: Row, base: Row) => ({
  cpu: Statistics.ratio(row.cpu, base.cpu),
  heap: Statistics.ratio(row.heap, base.heap)
})

export const text = (rows: ReadonlyArray<Row>): string => {
  const [base, least] = [floor, limit].map((name) => rows.find((row) => row.name === name)!)
  return Table.table(
    ["reader", "requests", "failed", "CPU ms", "x floor", "x one Deferred", "peak heap MB", "x floor", "wall ms"],
    rows.map((row) => {
      if (row.error !== undefined) return [row.name, row.error]
      const [toFloor, toLimit] = [over(row, base!), over(row, least!)]
      return [
        row.name,
        Statistics.median(row.requests),
        Statistics.median(row.failed),
        Statistics.figure(Statistics.median(row.cpu)),
        Statistics.figure(toFloor.cpu),
        Statistics.figure(toLimit.cpu),
        Statistics.figure(Statistics.median(row.heap)),
        Statistics.figure(toFloor.heap),
        Statistics.figure(Statistics.median(row.wall))
      ]
    })
  )
}
