// What a run found for each goal: the best peer's figure, the code's by hand, the limit's, and ours beside the goal.
// Decided here: which row of a table each of them is, and that all of them are of the same run. Not here: what the
// goals are (`Goals`), and how the rows came about (`measures`).
import type { Found } from "./Measures.ts"
import * as Accounts from "./measures/Accounts.ts"
import * as Burst from "./measures/Burst.ts"
import * as Http from "./measures/Http.ts"
import * as Size from "./measures/Size.ts"
import * as Storm from "./measures/Storm.ts"
import { lives } from "./measures/Timers.ts"
import { figure, median } from "./Statistics.ts"

/** One figure of ours beside its goal. */
export interface Part {
  readonly what: string
  readonly value: number
  readonly goal: number
  readonly unit: string
  /** How wide the interval is in which the figure lies, and how wide it may be for the figure to say anything. */
  readonly noise?: { readonly width: number; readonly most: number }
}

/** What a run found for a goal. */
export interface Told {
  readonly peer: string
  readonly byHand: string
  readonly limit: string
  readonly parts: ReadonlyArray<Part>
}

export const none = { peer: "-", byHand: "-", limit: "-" }

/** The least of some rows, with its name. */
const least = <A>(rows: ReadonlyArray<A>, of: (row: A) => number, name: (row: A) => string, unit: string) => {
  const known = rows.filter((row) => Number.isFinite(of(row)))
  if (known.length === 0) return "-"
  const [first] = known.toSorted((a, b) => of(a) - of(b))
  return `${figure(of(first!))}${unit} (${name(first!).split(/ |,/)[0]})`
}

const range = (all: ReadonlyArray<number>, unit: string) => {
  const values = all.filter(Number.isFinite)
  return values.length === 0 ? "-" : `${figure(Math.min(...values))} to ${figure(Math.max(...values))}${unit}`
}

/** One that is read through the floor's closure is the floor. */
const isPeer = ({ name, peer }: { readonly peer: string; readonly name: string }) =>
  !["floor", "effect", "vendor-auth"].includes(peer) && !name.endsWith("+ closure")
const isByHand = ({ name, peer }: { readonly peer: string; readonly name: string }) =>
  peer === "effect" && !name.includes("limit")

export const read = (kind: string, unit: string, what: "ratio" | "bytes", goal: number) => (found: Found) => {
  const rows = found.read
  const ours = rows?.find(({ name }) => name === `vendor-auth, ${kind}`)
  if (rows === undefined || ours === undefined) return undefined
  const named = (name: string) => rows.find((row) => row.name === `${name}, ${kind}`)
  const [clock, date] = ["the fiber's clock", "one clock call"].map((name) => {
    const [alone, beside] = ["", ", where vendor-auth ran"].map(
      (where) => named(`Effect limit: ${name}${where}`)?.[what]
    )
    return `${name} ${figure(alone)}${unit}, where vendor-auth ran ${figure(beside)}${unit}`
  })
  return {
    peer: least(
      rows.filter(isPeer),
      (row) => row[what],
      ({ name }) => name,
      unit
    ),
    byHand: range(
      rows
        .filter((row) => isByHand(row) && row.name.endsWith(kind) && !/gen per/.test(row.name))
        .map((row) => row[what]),
      unit
    ),
    limit: `${clock}; ${date}`,
    parts: [{ what: "", value: ours[what], goal, unit }]
  }
}

export const burst = (found: Found): Told | undefined => {
  const rows = found.burst
  const of = (name: string) => rows?.find((row) => row.name === name && row.error === undefined)
  const [ours, limit, floor] = [of("vendor-auth, in a fiber"), of(Burst.limit), of("closure, async (floor)")]
  if (rows === undefined || ours === undefined || limit === undefined || floor === undefined) return undefined
  const over = Burst.over(ours, limit)
  const single = rows.filter((row) => isPeer(row) && median(row.requests) === 1)
  return {
    peer: `1 request (${single.length} of ${rows.filter(isPeer).length} readers)`,
    byHand: `${range(
      rows.filter((row) => isByHand(row) && row.name.endsWith("fiber")).map((row) => Burst.over(row, floor).cpu),
      " x"
    )} floor CPU`,
    limit: `one Deferred: ${figure(Burst.over(limit, floor).cpu)} x floor CPU`,
    parts: [
      { what: "requests", value: median(ours.requests), goal: 1, unit: "" },
      { what: "failed", value: median(ours.failed), goal: 0, unit: "" },
      { what: "CPU", value: over.cpu, goal: 1.1, unit: " x limit" },
      { what: "heap", value: over.heap, goal: 1.1, unit: " x limit" }
    ]
  }
}

export const step = (found: Found): Told | undefined => {
  const rows = found.http?.filter(({ memory }) => memory.length > 0)
  const ours = rows?.find(({ peer }) => peer === "vendor-auth")
  if (rows === undefined || ours === undefined) return undefined
  const of = (row: Http.Row) => Http.step(row).at
  return {
    peer: least(rows.filter(isPeer), of, ({ name }) => name.replace("fetch + ", ""), " us"),
    byHand: range(rows.filter(isByHand).map(of), " us"),
    limit: "not known",
    parts: [{ what: "", value: of(ours), goal: 0.8, unit: " us" }]
  }
}

/** Per cent: an interval that is wider would hide an overhead that somebody could feel. */
const widest = 6

export const http = (found: Found): Told | undefined => {
  const rows = found.http?.filter(({ error }) => error === undefined)
  const ours = rows?.filter(({ peer }) => peer === "vendor-auth") ?? []
  if (rows === undefined || ours.length === 0) return undefined
  const written = (row: Http.Row | undefined) => {
    if (row === undefined) return "-"
    const { threadUs, us } = Http.overhead(row)
    return `${Http.written(threadUs, " %")}, time ${Http.written(us, " %")}`
  }
  return {
    peer: written(rows.find(({ name }) => name.includes("smithy"))),
    byHand: written(rows.find(({ name }) => name.startsWith("Effect undici"))),
    limit: "0 %",
    // Distinguishable from 0 where the whole interval is above it.
    parts: ours.map((row) => {
      const { high, low } = Http.overhead(row).threadUs
      const what = `${row.name.split(" ").at(-1)} ${written(row)}, lower end`
      return { what, value: low, goal: 0, unit: " %", noise: { width: high - low, most: widest } }
    })
  }
}

export const storm = (found: Found): Told | undefined => {
  const rows = found.storm?.filter(({ error }) => error === undefined)
  const ours = rows?.find(({ name }) => name === "vendor-auth, Effect undici")
  if (rows === undefined || ours === undefined) return undefined
  const ways = Storm.ways(rows)
  const written = (row: Storm.Row) =>
    ways.map((way) => `${Storm.of(row, way, "tokenRequests")}/${Storm.of(row, way, "failed")}`).join(", ")
  const cost = (row: Storm.Row) =>
    ways.reduce((sum, way) => sum + Storm.of(row, way, "failed") * 1e6 + Storm.of(row, way, "tokenRequests"), 0)
  const best = (all: ReadonlyArray<Storm.Row>) => {
    const [first] = all.toSorted((a, b) => cost(a) - cost(b))
    return first === undefined ? "-" : `${written(first)} (${first.name.replace(/^.* \+ /, "").split(" ")[0]})`
  }
  return {
    peer: best(rows.filter(isPeer)),
    byHand: best(rows.filter(isByHand)),
    limit: "1/0",
    parts: ways.flatMap((way) => [
      { what: `${way}: requests`, value: Storm.of(ours, way, "tokenRequests"), goal: 1, unit: "" },
      { what: "failed", value: Storm.of(ours, way, "failed"), goal: 0, unit: "" }
    ])
  }
}

export const accounts = (found: Found): Told | undefined => {
  const rows = found.accounts?.filter(({ error }) => error === undefined)
  const of = (name: string) => rows?.find((row) => row.name === name)
  const [records, timers] = [of(Accounts.records), of(Accounts.timerHeap)]
  const ours = of("vendor-auth LogiSenseAuth.layerMany")
  const byHand = rows?.find(({ name }) => name.includes("one fiber"))
  if (records === undefined || timers === undefined || ours === undefined || rows === undefined) return undefined
  const both = (row: Accounts.Row | undefined) =>
    row === undefined ? "-" : `${figure(median(row.heap))} B, ${figure(median(row.cpu))} us`
  return {
    peer: both(rows.find(({ peer }) => peer === "badgateway")),
    byHand: both(byHand),
    limit: `${figure(median(records.heap))} B, ${figure(median(timers.cpu))} us`,
    parts: [
      {
        what: `heap (${both(ours)} at ${figure(ours.size)} accounts)`,
        value: median(ours.heap) / median(records.heap),
        goal: 1.7,
        unit: " x"
      },
      { what: "CPU", value: median(ours.cpu) / median(timers.cpu), goal: 2.1, unit: " x" }
    ]
  }
}

export const size = (found: Found): Told | undefined => {
  const of = (text: string) => found.size?.find(({ name }) => name.includes(text))
  const [own, whole, before] = [of("effect outside"), of("vendor-auth + effect"), of("effect + HttpClient")]
  if (own === undefined || whole === undefined || before === undefined) return undefined
  const grown = (whole.gzip - before.gzip) / 1000
  return {
    peer: ["badgateway", "oauth4webapi"]
      .map((name) => `${figure((of(name)?.gzip ?? NaN) / 1000)} KB (${name})`)
      .join(", "),
    byHand: "-",
    limit: `in all a bundle grows by ${figure(grown)} KB`,
    parts: [{ what: "", value: own.gzip / 1000, goal: 5.4, unit: " KB" }]
  }
}

export const imports = (found: Found): Told | undefined => {
  const of = (text: string) => found.size?.find(({ name }) => name.includes(text))
  const [whole, before] = [of("vendor-auth + effect"), of("effect + HttpClient")]
  if (whole === undefined || before === undefined) return undefined
  const { added } = Size
  return {
    ...none,
    limit: `${figure(added(whole, before, "bundled", "wall"))} ms bundled`,
    parts: [{ what: "wall", value: added(whole, before, "plain", "wall"), goal: 10, unit: " ms" }]
  }
}

export const timers = (found: Found): Told | undefined => {
  const ours = found.timers?.long.find(({ peer }) => peer === "vendor-auth")
  if (found.timers === undefined || ours === undefined) return undefined
  const exits = found.timers.exit.filter(({ peer }) => peer === "vendor-auth")
  const early = found.timers.long.find(({ peer }) => peer === "badgateway")?.lives["30 days"]
  return {
    peer: typeof early === "object" ? `${early.refreshes} refreshes in ${early.inMs} ms (badgateway)` : "-",
    byHand: "right",
    limit: "right",
    parts: [
      ...Object.keys(lives).map((life) => {
        const told = ours.lives[life]
        const faults = typeof told === "object" ? told.refreshes + told.warnings.length : NaN
        return { what: `${life}: early refreshes and warnings`, value: faults, goal: 0, unit: "" }
      }),
      { what: "processes that go on", value: exits.filter(({ ends }) => !ends).length, goal: 0, unit: "" }
    ]
  }
}
