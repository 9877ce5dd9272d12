// RESULTS.md: what a run found, beside the goals.
// Decided here: that it names the processor, cores, memory and Node and neither host nor path; that every goal has its
// row, met, missed and by how much, or too noisy to say, with where the time or the bytes go. Not here: what is judged
// (`Goals`).
import { availableParallelism, cpus, totalmem } from "node:os"
import type * as Findings from "./Findings.ts"
import * as Goals from "./Goals.ts"
import * as Measures from "./Measures.ts"
import { notes } from "./Notes.ts"
import { figure } from "./Statistics.ts"
import * as Table from "./Table.ts"

const ours = ({ parts }: Findings.Told) =>
  parts.map(({ unit, value, what }) => `${what} ${figure(value)}${unit}`.trim()).join("; ")

const verdict = (told: Findings.Told | undefined) => {
  if (told === undefined) return "not measured"
  const [missed, unclear] = [Goals.missed(told), Goals.unclear(told)]
  const all = [
    missed.length > 0 ? `MISSED ${missed.join(", ")}` : "",
    unclear.length > 0 ? `too noisy to say (${unclear.join(", ")})` : ""
  ]
  return all.filter((part) => part !== "").join("; ") || "met"
}

/** Every goal with what was found. */
export const goals = (judged: ReadonlyArray<Goals.Judged>): string =>
  Table.table(
    ["measure", "best peer", "by hand", "limit", "vendor-auth", "goal", "verdict"],
    judged.map(({ goal, told }) => [
      goal.measure,
      told?.peer ?? "-",
      told?.byHand ?? "-",
      told?.limit ?? "-",
      told === undefined ? "-" : ours(told),
      goal.goal,
      verdict(told)
    ])
  )

const set = () =>
  Table.table(
    ["measure", "best peer", "by hand", "limit", "goal"],
    Goals.goals.map(({ goal, measure, set: { byHand, limit, peer } }) => [measure, peer, byHand, limit, goal])
  )

const spent = (judged: ReadonlyArray<Goals.Judged>) =>
  judged
    .flatMap(({ goal, told }) => {
      const lines = notes[goal.id] ?? []
      const met = verdict(told) === "met" ? " (met)" : ""
      return lines.length > 0 ? [`### ${goal.measure}${met}\n\n${lines.join("\n\n")}`] : []
    })
    .join("\n\n")

/** What a run is told to have run on. */
export const machine = () => ({
  cpu: cpus()[0]!.model.trim(),
  cores: availableParallelism(),
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
  day: new Intl.DateTimeFormat("sv").format()
})

/** A run as it is kept. */
export interface Run {
  readonly found: Measures.Found
  readonly rounds: number
  readonly gate: { readonly starts: number; readonly waits: number; readonly noisy: number }
  readonly machine: ReturnType<typeof machine>
}

/** The whole file. */
export const text = ({ found, gate, machine, rounds }: Run, judged: ReadonlyArray<Goals.Judged>): string =>
  `# Results

${machine.cpu}, ${machine.cores} cores, ${machine.memory} of memory, Node ${machine.node}, ${machine.day}.

Repeat it with \`pnpm bench\` in the top folder (about ten minutes); [README.md](README.md) says what is measured.
Only ratios of one run compare: absolute figures move by a factor of two with the machine's other load.

Noise: ${gate.starts} processes were started, ${gate.waits} times the gate waited 120 ms for a quiet machine, and
${gate.noisy} started on a busy one all the same. ${rounds} rounds of the read where a goal compares, fewer of the rest;
their order rotates.

## Goals

${goals(judged)}

## Where it goes

${spent(judged)}

## What was found when the goals were set

${set()}

## The run

${Measures.sections(found)}
`
