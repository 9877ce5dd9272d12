// Many accounts with a refresh in the background: heap of each, CPU of each refresh.
// Decided here: memory and CPU have a process each, and the first refresh is due when one and a half times the set-up
// is over, as the process for memory took it; ours, whose set-up is a login of each account, has one process for both.
// Not here: how one is measured (`measured/Accounts.ts`).
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

export interface Row extends Plan.Case {
  readonly size: number
  readonly heap: Array<number>
  readonly rss: Array<number>
  readonly setupMs: Array<number>
  /** CPU microseconds of a refresh. */
  readonly cpu: Array<number>
  error: string | undefined
}

export const records = "records only, no schedule (limit)"
export const timerHeap = "one timer + binary heap (limit)"

/** There are fewer of the peers that nothing is compared with: what one account weighs hardly depends on it. */
const sizeOf = ({ name, peer }: Plan.Case, plan: Plan.Plan) => {
  // Each account of ours logs in through the whole machine first, which takes its time.
  if (plan.isQuick) return peer === "vendor-auth" ? 2_000 : 20_000
  return focus.test(name) ? 100_000 : 50_000
}

const focus = /limit|badgateway|one fiber|vendor-auth/

interface Once {
  readonly setupMs: number
  readonly bytes: number
  readonly rss: number
  readonly refreshed: number
  readonly during: number
  readonly us: number
}

const run = ({ name, peer, size }: Row, mode: "memory" | "cpu" | "both", start: number) =>
  Child.run<Once>("Accounts", [peer, name, size, mode, start], {
    flags: ["--expose-gc", "--max-old-space-size=8192"],
    limitMs: 400_000
  })

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const rows = Plan.cases(plan, ["accounts"], { focus }).map((one): Row => ({
    ...one,
    size: sizeOf(one, plan),
    heap: [],
    rss: [],
    setupMs: [],
    cpu: [],
    error: undefined
  }))
  await Plan.inRounds(plan, rows, { focus, rounds: 1 }, async (row) => {
    const isOurs = row.peer === "vendor-auth"
    const memory = await run(row, isOurs ? "both" : "memory", 0)
    if (memory.value === undefined) {
      row.error = memory.why
      return
    }
    row.heap.push(memory.value.bytes)
    row.rss.push(memory.value.rss)
    row.setupMs.push(memory.value.setupMs)
    if (/no schedule/.test(row.name)) return
    const start = Math.max(plan.isQuick ? 400 : 1_500, Math.ceil(memory.value.setupMs * 1.5))
    const { value, why } = isOurs ? memory : await run(row, "cpu", start)
    if (value === undefined) row.error = why
    else if (value.during > 0 || value.refreshed !== row.size) {
      row.error = `${value.refreshed} refreshes, ${value.during} of them during the set-up`
    } else row.cpu.push(value.us)
  })
  return rows
}

export const text = (rows: ReadonlyArray<Row>): string => {
  const of = (name: string) => rows.find((row) => row.name === name)!
  const [least, least2] = [of(records), of(timerHeap)]
  return Table.table(
    [
      "implementation",
      "accounts",
      "heap bytes",
      "x records",
      "RSS bytes",
      "set-up ms",
      "CPU us/refresh",
      "x timer heap"
    ],
    rows.map((row) =>
      row.error === undefined
        ? [
            row.name,
            Statistics.figure(row.size),
            Statistics.figure(Statistics.median(row.heap)),
            Statistics.figure(Statistics.median(row.heap) / Statistics.median(least.heap)),
            Statistics.figure(Statistics.median(row.rss)),
            Statistics.figure(Statistics.median(row.setupMs)),
            Statistics.figure(Statistics.median(row.cpu)),
            Statistics.figure(Statistics.median(row.cpu) / Statistics.median(least2.cpu))
          ]
        : [row.name, Statistics.figure(row.size), row.error]
    )
  )
}
