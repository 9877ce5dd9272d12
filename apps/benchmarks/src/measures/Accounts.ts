// Many accounts with a refresh in the background: heap of each, CPU of each refresh.
// Decided here: memory and CPU have a process each, and the first refresh is due when one and a half times the set-up
// is over, as the process for memory took it. Not here: how one is measured (`measured/Accounts.ts`).
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

/**
 * Each account of ours logs in through the whole machine first, which takes its time: there are fewer of them. So are
 * those of peers that nothing is compared with: what one account weighs does not depend on it.
 */
const sizeOf = ({ name, peer }: Plan.Case, plan: Plan.Plan) => {
  if (peer === "vendor-auth") return plan.isQuick ? 3_000 : 10_000
  if (plan.isQuick) return 20_000
  return focus.test(name) ? 100_000 : 50_000
}

const focus = /limit|badgateway|one fiber|vendor-auth/

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
  const flags = ["--expose-gc", "--max-old-space-size=8192"]
  await Plan.inRounds(plan, rows, { focus, rounds: 1 }, async (row) => {
    if (row.error !== undefined) return
    const memory = await Child.run<{ setupMs: number; bytes: number; rss: number }>(
      "Accounts",
      [row.peer, row.name, row.size, "memory", 0],
      { flags, limitMs: 200_000 }
    )
    if (memory.value === undefined) {
      row.error = memory.why
      return
    }
    row.heap.push(memory.value.bytes)
    row.rss.push(memory.value.rss)
    row.setupMs.push(memory.value.setupMs)
    if (/no schedule/.test(row.name)) return
    const start = Math.max(1_500, Math.ceil(memory.value.setupMs * 1.5))
    const cpu = await Child.run<{ refreshed: number; during: number; us: number | null }>(
      "Accounts",
      [row.peer, row.name, row.size, "cpu", start],
      { flags, limitMs: 200_000 }
    )
    const { value } = cpu
    if (value === undefined || value.us === null) row.error = cpu.why
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
