// The authenticated GET: over real HTTP at 64 at once, and the step of auth alone over an answer from memory. Decided
// here: an overhead is formed from two raw and two authenticated blocks beside each other; a process tells the middle
// half's mean, and the processes' centre, with its interval, is what is told of a client. For processes differ more
// than blocks do, since each compiles the code anew: of the clients that a goal compares there are six or more, without
// which there is no interval. What is judged is the CPU of the main thread, where the collector works too: that of
// other threads is mostly their compiling and waking. Not here: how a client is measured (`measured/Http.ts`), and what
// an interval has to be (`Findings`).
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

interface Block {
  readonly us: number
  readonly cpuUs: number
  readonly threadUs: number
}

const sides = ["raw", "authed"] as const

interface Sides {
  readonly raw: ReadonlyArray<Block>
  readonly authed: ReadonlyArray<Block>
}

/** What auth adds, and where that lies. */
export type Added = ReturnType<typeof Statistics.centre>

export interface Row extends Plan.Case {
  /** One for each process. */
  readonly real: Array<Sides>
  readonly memory: Array<Sides>
  error: string | undefined
}

const focus = /smithy|401 retry|vendor-auth/
const isOurs = (name: string) => name.startsWith("vendor-auth")
const isCompared = (name: string) => /smithy|Effect undici/.test(name)
const isOnFetch = (name: string) => /fetch|oauth4webapi/i.test(name)

/** The collector works on the main thread, so that what it takes is counted there. */
const flags = ["--expose-gc", "--single-threaded-gc"]

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const rows = Plan.cases(plan, ["clients"], { focus }).map((one): Row => ({
    ...one,
    real: [],
    memory: [],
    error: undefined
  }))
  const isQuick = plan.isQuick
  /** Groups of blocks, and milliseconds to warm up. */
  const effort = ({ name }: Row) =>
    isQuick ? [2, 500] : isOurs(name) ? [8, 1_200] : isCompared(name) ? [6, 1_200] : [4, 800]
  /** In each of two rounds; a quick run has one. */
  const processes = ({ name }: Row) => (isOurs(name) ? (isQuick ? 6 : 4) : isCompared(name) && !isQuick ? 3 : 1)
  await Plan.inRounds(plan, rows, { focus, rounds: 2 }, async (row) => {
    for (let i = 0; i < processes(row); i++) {
      const real = await Child.run<Sides>("Http", [row.peer, row.name, ...effort(row), "http"], { flags })
      if (real.value === undefined) row.error = real.why
      else row.real.push(real.value)
    }
    if (!isOnFetch(row.name)) return
    const memory = await Child.run<Sides>("Http", [row.peer, row.name, isQuick ? 2 : 6, 500, "memory"], { flags })
    if (memory.value !== undefined) row.memory.push(memory.value)
  })
  return rows
}

/** Two of each side that were measured beside each other, as one. */
const quartets = ({ authed, raw }: Sides, key: keyof Block, of: (authed: number, raw: number) => number) => {
  const mean = (side: ReadonlyArray<Block>, at: number) => (side[at]![key] + side[at + 1]![key]) / 2
  return Array.from({ length: raw.length / 2 }, (_, at) => of(mean(authed, 2 * at), mean(raw, 2 * at)))
}

/** Per cent that auth adds over real HTTP: CPU of the main thread, of the whole process, and time. */
export const overhead = ({ real }: Row): { readonly [K in keyof Block]: Added } => {
  const of = (key: keyof Block) =>
    Statistics.centre(
      real.map((both) => Statistics.middle(quartets(both, key, (authed, raw) => (authed / raw - 1) * 100)))
    )
  return { threadUs: of("threadUs"), cpuUs: of("cpuUs"), us: of("us") }
}

/** Microseconds of CPU that auth adds to a request that is answered from memory: median and quartiles. */
export const step = ({ memory }: Row): Added => {
  const all = memory.flatMap((both) => quartets(both, "threadUs", (authed, raw) => authed - raw))
  const of = (part: number) => Statistics.quantile(all, part)
  return { at: of(0.5), low: of(0.25), high: of(0.75) }
}

/** A figure, and where it lies, if that is known. */
export const written = ({ at, high, low }: Added, unit = ""): string => {
  const between = `${Statistics.figure(low)} to ${Statistics.figure(high)}`
  return `${Statistics.figure(at)}${unit}${Number.isFinite(high - low) ? ` (${between})` : ""}`
}

export const text = (rows: ReadonlyArray<Row>): string => {
  const of = (all: ReadonlyArray<Sides>, side: keyof Sides, key: keyof Block) =>
    Statistics.median(all.flatMap((both) => both[side].map((block) => block[key])))
  const http = Table.table(
    [
      "client",
      "raw req/s",
      "with auth req/s",
      "CPU us",
      "CPU added % (lies between)",
      "of all threads",
      "time added %",
      "processes"
    ],
    rows.map((row) => {
      if (row.error !== undefined) return [row.name, row.error]
      const { cpuUs, threadUs, us } = overhead(row)
      const [raw, authed] = sides.map((side) => Statistics.figure(1e6 / of(row.real, side, "us")))
      const cpu = Statistics.figure(of(row.real, "raw", "threadUs"))
      return [row.name, raw!, authed!, cpu, written(threadUs), written(cpuUs), written(us), row.real.length]
    })
  )
  const alone = Table.table(
    ["client", "raw CPU us", "with auth CPU us", "CPU us added (quartiles)"],
    rows
      .filter(({ memory }) => memory.length > 0)
      .map((row) => {
        const [raw, authed] = sides.map((side) => Statistics.figure(of(row.memory, side, "threadUs")))
        return [row.name, raw!, authed!, written(step(row))]
      })
  )
  const title = "The step of auth alone: over a fetch that answers from memory, one request at a time."
  return `${http}\n\n${title}\n\n${alone}`
}
