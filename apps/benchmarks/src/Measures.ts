// All measures of a run, and what they found. Decided here: their order, their titles, and what a reader has to know of
// each to read its table. Not here: how one is measured (`measures`), and what is judged (`Goals`).
// A row keeps every round's figure, so that a table can be made of it again.
import * as Accounts from "./measures/Accounts.ts"
import * as Burst from "./measures/Burst.ts"
import * as Http from "./measures/Http.ts"
import * as Read from "./measures/Read.ts"
import * as Size from "./measures/Size.ts"
import * as Storm from "./measures/Storm.ts"
import * as Timers from "./measures/Timers.ts"
import type { Plan } from "./Plan.ts"

/** What a run found; a measure that was left out is undefined. */
export interface Found {
  readonly read?: ReadonlyArray<Read.Row>
  readonly burst?: ReadonlyArray<Burst.Row>
  readonly http?: ReadonlyArray<Http.Row>
  readonly storm?: ReadonlyArray<Storm.Row>
  readonly accounts?: ReadonlyArray<Accounts.Row>
  readonly size?: ReadonlyArray<Size.Row>
  readonly timers?: Timers.Rows
}

export type Name = keyof Found

interface Measure<K extends Name> {
  readonly title: string
  readonly reading: string
  readonly measure: (plan: Plan) => Promise<NonNullable<Found[K]>>
  readonly text: (found: NonNullable<Found[K]>) => string
}

export const measures: { readonly [K in Name]-?: Measure<K> } = {
  read: {
    title: "Cached read",
    reading: "A valid token is at hand. CPU time of the main thread; a ratio is the median of the rounds' ratios.",
    ...Read
  },
  burst: {
    title: "Burst on an expired token",
    reading: "All callers at once, a token endpoint that takes 50 ms. CPU and heap of the caller's process.",
    ...Burst
  },
  http: {
    title: "Authenticated GET",
    reading:
      "64 at once over keep-alive HTTP, each client with a constant header and with auth, in neighbouring blocks.",
    ...Http
  },
  storm: {
    title: "Storm of 401",
    reading: "The token in use is revoked, then 1,000 requests arrive at once.",
    ...Storm
  },
  accounts: {
    title: "Many accounts with a scheduled refresh",
    reading: "Heap and RSS of one account, CPU of one refresh that answers from memory.",
    ...Accounts
  },
  size: {
    title: "Size and import",
    reading: "Bundled and minified by esbuild, compressed by gzip; imports are told less the empty program's.",
    ...Size
  },
  timers: {
    title: "Timers",
    reading: "Lives that no timer can wait for at once, and the end of the process.",
    ...Timers
  }
}

export const names = Object.keys(measures) as ReadonlyArray<Name>

/** The table of one measure. */
const written = (name: Name, rows: Found[Name]) => (measures[name].text as (rows: Found[Name]) => string)(rows)

/** Measures what is wanted, one after the other. */
export const run = async (wanted: ReadonlyArray<Name>, plan: Plan): Promise<Found> => {
  const found: { -readonly [K in Name]?: Found[K] } = {}
  for (const name of names.filter((name) => wanted.includes(name))) {
    plan.tell(`${measures[name].title} (${process.uptime().toFixed(0)} s)`)
    const rows = await measures[name].measure(plan)
    Object.assign(found, { [name]: rows })
    plan.tell(`\n${written(name, rows)}\n`)
  }
  return found
}

/** The tables of a run, as sections of Markdown. */
export const sections = (found: Found): string =>
  names
    .flatMap((name) => {
      const rows = found[name]
      const { reading, title } = measures[name]
      return rows === undefined ? [] : [`### ${title}\n\n${reading}\n\n${written(name, rows)}`]
    })
    .join("\n\n")
