// The authenticated GET: over real HTTP at 64 at once, and the step of auth alone over an answer from memory. Decided
// here: overheads are medians over pairs of neighbouring blocks, with their quartiles, and of the judged clients with
// the interval in which the median lies; those have more pairs, and CPU time is what is judged, which is steadier than
// wall time. Not here: how a client is measured (`measured/Http.ts`), and what an interval has to be (`Findings`).
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

interface Block {
  readonly us: number
  readonly cpuUs: number
}

interface Sides {
  readonly raw: ReadonlyArray<Block>
  readonly authed: ReadonlyArray<Block>
}

/** What auth adds: median and quartiles, and where the median lies. */
export interface Added {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly interval: { readonly low: number; readonly high: number }
}

export interface Row extends Plan.Case {
  readonly real: Array<Sides>
  readonly memory: Array<Sides>
  error: string | undefined
}

const focus = /smithy|401 retry|vendor-auth/
const isJudged = (name: string) => /Effect undici|vendor-auth/.test(name)
const isOnFetch = (name: string) => /fetch|oauth4webapi/i.test(name)

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const rows = Plan.cases(plan, ["clients"], { focus }).map((one): Row => ({
    ...one,
    real: [],
    memory: [],
    error: undefined
  }))
  const pairs = plan.isQuick ? 30 : 40
  const judged = plan.isQuick ? 60 : 150
  await Plan.inRounds(plan, rows, { focus, rounds: 2 }, async (row) => {
    const real = await Child.run<Sides>("Http", [row.peer, row.name, isJudged(row.name) ? judged : pairs, "http"])
    if (real.value === undefined) row.error = real.why
    else row.real.push(real.value)
    if (!isOnFetch(row.name)) return
    const memory = await Child.run<Sides>("Http", [row.peer, row.name, pairs, "memory"])
    if (memory.value !== undefined) row.memory.push(memory.value)
  })
  return rows
}

const added = (values: ReadonlyArray<number>): Added => ({
  median: Statistics.median(values),
  low: Statistics.quantile(values, 0.25),
  high: Statistics.quantile(values, 0.75),
  interval: Statistics.interval(values)
})

const paired = (all: ReadonlyArray<Sides>, of: (authed: Block, raw: Block) => number) =>
  added(all.flatMap(({ authed, raw }) => authed.map((block, at) => of(block, raw[at]!))))

/** Per cent of time and of CPU that auth adds over real HTTP. */
export const overhead = ({ real }: Row) => ({
  time: paired(real, (authed, raw) => (authed.us / raw.us - 1) * 100),
  cpu: paired(real, (authed, raw) => (authed.cpuUs / raw.cpuUs - 1) * 100)
})

/** Microseconds of CPU that auth adds to a request that is answered from memory. */
export const step = ({ memory }: Row): Added => paired(memory, (authed, raw) => authed.cpuUs - raw.cpuUs)

const between = ({ high, low }: { readonly low: number; readonly high: number }) =>
  `${Statistics.figure(low)} to ${Statistics.figure(high)}`

const written = (added: Added) => `${Statistics.figure(added.median)} (${between(added)})`

export const text = (rows: ReadonlyArray<Row>): string => {
  const perSecond = (all: ReadonlyArray<Sides>, side: "raw" | "authed") =>
    Statistics.figure(
      1e6 /
        Statistics.quantile(
          all.flatMap((sides) => sides[side].map(({ us }) => us)),
          0.1
        )
    )
  const http = Table.table(
    [
      "client",
      "raw req/s",
      "with auth req/s",
      "time added % (quartiles)",
      "CPU added % (quartiles)",
      "its median lies"
    ],
    rows.map((row) => {
      if (row.error !== undefined) return [row.name, row.error]
      const { cpu, time } = overhead(row)
      const [raw, authed] = [perSecond(row.real, "raw"), perSecond(row.real, "authed")]
      return [row.name, raw, authed, written(time), written(cpu), between(cpu.interval)]
    })
  )
  const alone = Table.table(
    ["client", "raw CPU us", "with auth CPU us", "CPU us added (quartiles)"],
    rows
      .filter(({ memory }) => memory.length > 0)
      .map((row) => {
        const of = (side: "raw" | "authed") =>
          Statistics.figure(Statistics.median(row.memory.flatMap((sides) => sides[side].map(({ cpuUs }) => cpuUs))))
        return [row.name, of("raw"), of("authed"), written(step(row))]
      })
  )
  const title = "The step of auth alone: over a fetch that answers from memory, one request at a time."
  return `${http}\n\n${title}\n\n${alone}`
}
