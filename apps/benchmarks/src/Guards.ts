// `pnpm bench --check`: what must not get worse, among what is stable enough to say so. Decided here: the ceilings.
// Counts are exact; bytes and sizes are what was reached and 10 %; CPU is what was reached and half as much again, as a
// ratio within one run, and the better of the rounds counts. A ceiling that is never met again is lowered. Not here:
// the goals (`Goals`).
import type { Found, Name } from "./Measures.ts"
import * as Burst from "./measures/Burst.ts"
import * as Storm from "./measures/Storm.ts"
import { best, figure, median } from "./Statistics.ts"

export interface Guard {
  readonly what: string
  readonly most: number
  readonly unit: string
  /** Undefined where it was not found, which is a fault of its own. */
  readonly value: (found: Found) => number | undefined
}

/** The measures that a check runs. */
export const measured: ReadonlyArray<Name> = ["read", "burst", "storm", "accounts", "size", "timers"]

const reader = (found: Found, kind: string) => found.read?.find(({ name }) => name === `vendor-auth, ${kind}`)

const burst = (found: Found) => {
  const of = (name: string) => found.burst?.find((row) => row.name === name && row.error === undefined)
  const [ours, limit] = [of("vendor-auth, in a fiber"), of(Burst.limit)]
  return ours === undefined || limit === undefined ? undefined : { ours, limit }
}

/** The better of the rounds, each a ratio of its own. */
const ratio = (values: ReadonlyArray<number>, floor: ReadonlyArray<number>) =>
  best(values.map((value, round) => value / (floor[round] ?? NaN)))

const stormy = (found: Found, key: "tokenRequests" | "failed") => {
  const row = found.storm?.find(({ name }) => name === "vendor-auth, Effect undici")
  return row === undefined || row.error !== undefined
    ? undefined
    : Math.max(...Object.keys(row.ways).map((way) => Storm.of(row, way, key)))
}

const sized = (found: Found, text: string) => found.size?.find(({ name }) => name.includes(text))?.gzip

export const guards: ReadonlyArray<Guard> = [
  {
    what: "cached read in a fiber, x floor",
    most: 2.8,
    unit: " x",
    value: (found) => reader(found, "in a fiber")?.bestRatio
  },
  { what: "cached read in a fiber", most: 112, unit: " B", value: (found) => reader(found, "in a fiber")?.bytes },
  {
    what: "cached read by runPromise, x floor",
    most: 4.8,
    unit: " x",
    value: (found) => reader(found, "runPromise")?.bestRatio
  },
  {
    what: "requests of a burst",
    most: 1,
    unit: "",
    value: (found) => burst(found) && median(burst(found)!.ours.requests)
  },
  {
    what: "failures of a burst",
    most: 0,
    unit: "",
    value: (found) => burst(found) && median(burst(found)!.ours.failed)
  },
  {
    what: "CPU of a burst over one Deferred",
    most: 1.7,
    unit: " x",
    value: (found) => burst(found) && ratio(burst(found)!.ours.cpu, burst(found)!.limit.cpu)
  },
  {
    what: "heap of a burst over one Deferred",
    most: 1.3,
    unit: " x",
    value: (found) => burst(found) && ratio(burst(found)!.ours.heap, burst(found)!.limit.heap)
  },
  { what: "requests of a storm of 401", most: 1, unit: "", value: (found) => stormy(found, "tokenRequests") },
  { what: "failures of a storm of 401", most: 0, unit: "", value: (found) => stormy(found, "failed") },
  {
    what: "heap of one account of many",
    most: 2_900,
    unit: " B",
    value: (found) => best(found.accounts?.find(({ name }) => name.includes("LogiSense"))?.heap ?? [])
  },
  { what: "own code, min+gzip", most: 21_100, unit: " B", value: (found) => sized(found, "effect outside") },
  {
    what: "what a bundle grows by, min+gzip",
    most: 53_100,
    unit: " B",
    value: (found) => {
      const [whole, before] = [sized(found, "vendor-auth + effect"), sized(found, "effect + HttpClient")]
      return whole === undefined || before === undefined ? undefined : whole - before
    }
  },
  {
    what: "early refreshes of long lives",
    most: 0,
    unit: "",
    value: (found) => {
      const told = Object.values(found.timers?.long.find(({ peer }) => peer === "vendor-auth")?.lives ?? {})
      return told.length === 0
        ? undefined
        : told.reduce((sum, life) => sum + (typeof life === "object" ? life.refreshes + life.warnings.length : NaN), 0)
    }
  },
  {
    what: "processes that do not end",
    most: 0,
    unit: "",
    value: (found) => found.timers?.exit.filter(({ ends, peer }) => peer === "vendor-auth" && !ends).length
  }
]

/** One line for each that got worse, or was not found. */
export const check = (found: Found): ReadonlyArray<string> =>
  guards.flatMap(({ most, unit, value, what }) => {
    const now = value(found)
    if (now === undefined || Number.isNaN(now)) return [`NOT FOUND: ${what}`]
    return now <= most ? [] : [`WORSE: ${what} is ${figure(now)}${unit}, and may be ${figure(most)}${unit}`]
  })
