// Timers: tokens that live longer than a timer can wait, and whether a process ends.
// Decided here: lives of 30 days and of 100 years, looked at for a second; a process has three seconds to end. Not
// here: how it is counted (`measured/Timers.ts`).
import * as Endpoint from "../../measured/Endpoint.ts"
import * as Child from "../Child.ts"
import * as Plan from "../Plan.ts"
import * as Statistics from "../Statistics.ts"
import * as Table from "../Table.ts"

export const lives = { "30 days": 30 * 86_400_000, "100 years": 36_525 * 86_400_000 }

interface Long {
  readonly refreshes: number
  readonly inMs: number
  readonly warnings: ReadonlyArray<string>
}

export interface Rows {
  readonly long: ReadonlyArray<Plan.Case & { readonly lives: Record<string, Long | string> }>
  readonly exit: ReadonlyArray<Plan.Case & { readonly ends: boolean; readonly ms: number; readonly why: string }>
}

const focus = /badgateway|vendor-auth/

export const measure = async (plan: Plan.Plan): Promise<Rows> => {
  const long = []
  for (const one of Plan.cases(plan, ["longLife"], { focus })) {
    // Both at once: nothing is timed.
    const found = await Promise.all(
      Object.entries(lives).map(async ([life, ms]) => {
        const { value, why } = await Child.run<Long>("Timers", [one.peer, "long", one.name, ms], { limitMs: 10_000 })
        return [life, value ?? why] as const
      })
    )
    long.push({ ...one, lives: Object.fromEntries(found) })
  }
  const endpoint = await Endpoint.start()
  const exit = []
  for (const one of Plan.cases(plan, ["exit"], { focus })) {
    const args = [one.peer, "exit", one.name, endpoint.tokenUrl(0)]
    const { code, isKilled, ms, why } = await Child.run("Timers", args, { limitMs: 3_000 })
    exit.push({ ...one, ends: code === 0, ms, why: isKilled ? "still running after 3 s" : why })
  }
  endpoint.stop()
  return { long, exit }
}

export const text = ({ exit, long }: Rows): string => {
  const cell = (found: Long | string | undefined) =>
    typeof found === "object"
      ? `${found.refreshes} in ${found.inMs} ms${found.warnings.map((warning) => `, ${warning}`).join("")}`
      : (found ?? "-")
  const scheduled = Table.table(
    ["refreshes in the first second of a life of", ...Object.keys(lives)],
    long.map((row) => [row.name, ...Object.keys(lives).map((life) => cell(row.lives[life]))])
  )
  const ended = Table.table(
    ["after a token was read the process", "ends", "after ms, start included"],
    exit.map((row) => [row.name, row.ends ? "yes" : `NO: ${row.why}`, Statistics.figure(row.ms)])
  )
  return `${scheduled}\n\n${ended}`
}
