// The authenticated GET: over real HTTP at 64 at once, and the step of auth alone over an answer from memory. Decided
// here: overheads are medians over pairs of neighbouring blocks, with their quartiles: an overhead whose quartiles lie
// on both sides of 0 is not distinguishable from it. Not here: how a client is measured (`measured/Http.ts`).
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

/** What auth adds: median and quartiles. */
export interface Added {
  readonly median: number
  readonly low: number
  readonly high: number
}

export interface Row extends Plan.Case {
  readonly real: Array<Sides>
  readonly memory: Array<Sides>
  error: string | undefined
}

const focus = /fetch \+ (closure|smithy|simple)|Effect fetch|Effect undici|vendor-auth/
const isOnFetch = (name: string) => /fetch|oauth4webapi/i.test(name)

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const rows = Plan.cases(plan, ["clients"], { focus }).map((one): Row => ({
    ...one,
    real: [],
    memory: [],
    error: undefined
  }))
  const pairs = plan.isQuick ? 25 : 40
  await Plan.inRounds(plan, rows, { focus, rounds: 2 }, async (row) => {
    const real = await Child.run<Sides>("Http", [row.peer, row.name, pairs, "http"])
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
  high: Statistics.quantile(values, 0.75)
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

const written = ({ high, low, median }: Added) =>
  `${Statistics.figure(median)} (${Statistics.figure(low)} to ${Statistics.figure(high)})`

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
    ["client", "raw req/s", "with auth req/s", "time added % (quartiles)", "CPU added % (quartiles)"],
    rows.map((row) => {
      if (row.error !== undefined) return [row.name, row.error]
      const { cpu, time } = overhead(row)
      return [row.name, perSecond(row.real, "raw"), perSecond(row.real, "authed"), written(time), written(cpu)]
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
  const between = "The step of auth alone: over a fetch that answers from memory, one request at a time."
  return `${http}\n\n${between}\n\n${alone}`
}
