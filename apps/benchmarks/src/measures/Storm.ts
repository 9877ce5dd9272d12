// The storm of 401: token requests and failures, in three ways. Decided here: the median of the repetitions is told;
// counts are what is judged, and wall time is shown. Not here: how a storm is made (`measured/Storm.ts`).
// A client that does nothing on a 401 is shown with its failures.
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

interface Once {
  readonly wall: number
  readonly failed: number
  readonly tokenRequests: number
  readonly apiRequests: number
}

export interface Row extends Plan.Case {
  /** By the way the storm goes. */
  readonly ways: Record<string, ReadonlyArray<Once>>
  readonly error: string | undefined
}

const focus = /closure \+ 401|badgateway|Effect undici/

export const measure = async (plan: Plan.Plan): Promise<ReadonlyArray<Row>> => {
  const requests = 1_000
  const repetitions = ({ name }: Plan.Case) => (!plan.isQuick && focus.test(name) ? 2 : 1)
  const rows: Array<Row> = []
  for (const one of Plan.cases(plan, ["clients", "stormClients"], { focus })) {
    const { value, why } = await Child.run<{ out: Row["ways"] }>(
      "Storm",
      [one.peer, one.name, requests, repetitions(one)],
      {
        flags: ["--max-old-space-size=6144"]
      }
    )
    rows.push({ ...one, ways: value?.out ?? {}, error: value === undefined ? why : undefined })
  }
  return rows
}

/** Of one way, `requests/failures` and more. */
export const of = (row: Row, way: string, key: keyof Once): number =>
  Statistics.median((row.ways[way] ?? []).map((once) => once[key]))

export const ways = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  Object.keys(rows.find(({ error }) => error === undefined)?.ways ?? {})

export const text = (rows: ReadonlyArray<Row>): string => {
  const all = ways(rows)
  return Table.table(
    ["client", ...all.flatMap((way) => [`${way}: requests/failures`, "API requests", "wall ms"])],
    rows.map((row) =>
      row.error === undefined
        ? [
            row.name,
            ...all.flatMap((way) => [
              `${of(row, way, "tokenRequests")}/${of(row, way, "failed")}`,
              of(row, way, "apiRequests"),
              Statistics.figure(of(row, way, "wall"))
            ])
          ]
        : [row.name, row.error]
    )
  )
}
