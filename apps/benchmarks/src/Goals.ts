// What vendor-auth is to reach: each a figure or a ratio within one run.
// Decided here: the goals, and what the best peer, code by hand and the limit had when the goals were set; so that each
// run shows what it found beside them. Not here: what is spent where a goal is missed (`Notes`), and the guard against
// getting worse (`Guards`).
import * as Findings from "./Findings.ts"
import type { Found } from "./Measures.ts"
import { figure } from "./Statistics.ts"

export interface Goal {
  readonly id: string
  readonly measure: string
  readonly goal: string
  /** What was found when the goal was set. */
  readonly set: { readonly peer: string; readonly byHand: string; readonly limit: string }
  /** Undefined where the run did not measure it. */
  readonly find: (found: Found) => Findings.Told | undefined
}

/** A goal with what was found; `told` is undefined where it was not measured. */
export interface Judged {
  readonly goal: Goal
  readonly told: Findings.Told | undefined
}

export const goals: ReadonlyArray<Goal> = [
  {
    id: "read",
    measure: "cached read in a fiber, x floor",
    goal: "<= 1.64 x",
    set: {
      peer: "smithy 1.64 x",
      byHand: "2.1 to 4.5 x",
      limit: "1.8 x reading Clock from the fiber, 1.64 x one clock call"
    },
    find: Findings.read("in a fiber", " x", "ratio", 1.64)
  },
  {
    id: "bytes",
    measure: "cached read in a fiber, bytes",
    goal: "<= 130 B",
    set: { peer: "simple-oauth2 312 B", byHand: "113 to 455 B", limit: "84 B" },
    find: Findings.read("in a fiber", " B", "bytes", 130)
  },
  {
    id: "promise",
    measure: "cached read by runPromise, x floor",
    goal: "<= 3.5 x",
    set: { peer: "smithy 1.64 x", byHand: "3.8 to 6.4 x", limit: "2.0 to 3.5 x" },
    find: Findings.read("runPromise", " x", "ratio", 3.5)
  },
  {
    id: "burst",
    measure: "burst of 10,000 on an expired token",
    goal: "1 request, <= 1.1 x the limit in CPU and heap",
    set: { peer: "1 request (several)", byHand: "1 request, 6 to 8.5 x floor CPU", limit: "one Deferred: 4.8 x" },
    find: Findings.burst
  },
  {
    id: "step",
    measure: "bearer step of an authenticated GET, extra CPU",
    goal: "< 0.8 us",
    set: { peer: "smithy, simple-oauth2 0.5 us", byHand: "0.8 to 1.6 us", limit: "not known" },
    find: Findings.step
  },
  {
    id: "http",
    measure: "authenticated GET at 64 at once, CPU over the raw Effect client (where it lies)",
    goal: "not distinguishable from 0",
    set: { peer: "within noise", byHand: "within noise", limit: "0 %" },
    find: Findings.http
  },
  {
    id: "storm",
    measure: "401 storm of 1,000: at once, spread, only the newest valid (requests/failures)",
    goal: "1/0 in all three",
    set: { peer: "1/0, 4/0, 5/0", byHand: "1/0, 1/0, 1/0", limit: "1/0" },
    find: Findings.storm
  },
  {
    id: "accounts",
    measure: "100,000 accounts with a scheduled refresh: heap of one, CPU of a refresh",
    goal: "<= 1.7 x bare records, <= 2.1 x timer-heap CPU",
    set: { peer: "badgateway 1,150 B, 12.8 us", byHand: "345 B, 9 us (one fiber + heap)", limit: "205 B, 4.3 us" },
    find: Findings.accounts
  },
  {
    id: "size",
    measure: "own code of core and one vendor, min+gzip, effect outside",
    goal: "<= 5.4 KB, aim < 3.9 KB",
    set: { peer: "badgateway 3.9 KB whole", byHand: "-", limit: "-" },
    find: Findings.size
  },
  {
    id: "import",
    measure: "import time added over effect + HttpClient, the built packages unbundled",
    goal: "<= 10 ms",
    set: Findings.none,
    find: Findings.imports
  },
  {
    id: "timers",
    measure: "tokens of 30 days and 100 years; the process ends",
    goal: "0 early refreshes, no warning, it ends",
    set: { peer: "overflow: 834 refreshes in 1 s", byHand: "right", limit: "right" },
    find: Findings.timers
  }
]

/** A part's name without the figures beside it. */
const named = (what: string) => what.replace(/ \(.*| [-\d.,]+ %.*/, "")

/** Nothing can be told: the interval is too wide, and its lower end nearer to the goal than it is wide. */
const isUnclear = ({ goal, noise, value }: Findings.Part) =>
  noise !== undefined && !(noise.width <= noise.most) && !(value - goal > noise.width)

/** Parts of which nothing can be told, with how wide their intervals are. */
export const unclear = ({ parts }: Findings.Told): ReadonlyArray<string> =>
  parts
    .filter(isUnclear)
    .map(({ noise, what }) => `${named(what)}: ${figure(noise?.width)} wide, at most ${figure(noise?.most)}`)

/** Parts over their goal, with how much. */
export const missed = ({ parts }: Findings.Told): ReadonlyArray<string> =>
  parts
    // A figure that is no number was not found, and is not met.
    .filter((part) => !(part.value <= part.goal) && !isUnclear(part))
    .map(({ goal, unit, value, what }) => {
      const by = goal > 0 ? `${figure((value / goal - 1) * 100)} %` : `${figure(value - goal)}${unit}`
      return [named(what), Number.isNaN(value) ? "not found" : `by ${by}`].join(" ").trim()
    })

export const judge = (found: Found): ReadonlyArray<Judged> =>
  goals.map((goal): Judged => ({ goal, told: goal.find(found) }))
