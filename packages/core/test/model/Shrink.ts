// Makes a script that breaks a rule as short and as plain as it will go, and writes it for people.
//
// Decided here: what is tried: leaving out commands, shorter times, fewer callers, a plainer setting. A shorter script
// counts if it breaks the same rule. Not here: how a script runs (`Commands`).
import { type Command, run, type Script } from "./Commands.ts"

/** The rule without its figures. */
const ruleOf = (broken: string | undefined): string | undefined => broken?.split(":")[0]

export const shrink = (script: Script, broken: string): Script => {
  const rule = ruleOf(broken)
  let best = script
  let budget = 3_000
  const attempt = (candidate: Script): boolean => {
    if (budget-- <= 0) return false
    const isSame = ruleOf(run(candidate).broken) === rule
    if (isSame) best = candidate
    return isSame
  }
  let before: Script | undefined
  while (before !== best && budget > 0) {
    before = best
    for (let size = Math.ceil(best.commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.commands.length;) {
        const { commands } = best
        if (!attempt({ ...best, commands: [...commands.slice(0, at), ...commands.slice(at + size)] })) at += size
      }
    }
    for (let at = 0; at < best.commands.length; at++) {
      for (const plainer of plain(best.commands[at]!)) {
        attempt({ ...best, commands: best.commands.with(at, plainer) })
      }
    }
    for (const change of plainSettings) {
      const setting = { ...best.setting, ...change }
      if (JSON.stringify(setting) !== JSON.stringify(best.setting)) attempt({ ...best, setting })
    }
  }
  return best
}

const plainSettings: ReadonlyArray<Partial<Script["setting"]>> = [
  { yields: false },
  { shuffles: false },
  { jitter: false },
  { storeLatency: 0 },
  { latency: 0 },
  { refreshLife: null },
  { presentsAgain: false },
  { background: false },
  { has: "password" },
  { life: 3_600_000, refreshLife: null }
]

const plain = (command: Command): ReadonlyArray<Command> => {
  const plainer: Array<Command> = []
  const { steps, ...whole } = command
  if (steps !== undefined) plainer.push(whole)
  if ("n" in command && command.n > 1) plainer.push({ ...command, n: 1 })
  if ("p" in command && command.p > 0) plainer.push({ ...command, p: 0 })
  if (command.do === "advance" || command.do === "suspend" || command.do === "setClock") {
    const sign = Math.sign(command.ms)
    for (const ms of [100, 1_000, 10_000, 30_000, 60_000, 600_000]) {
      if (ms < Math.abs(command.ms)) plainer.push({ ...command, ms: sign * ms })
    }
  }
  if (command.do === "faults") {
    for (let at = 0; at < command.next.length; at++) {
      const next = command.next
      plainer.push({ ...command, next: next.toSpliced(at, 1) })
      plainer.push({ ...command, next: next.with(at, { kind: next[at]!.kind }) })
      plainer.push({ ...command, next: next.with(at, { kind: "ok" }) })
    }
  }
  return plainer
}

/** The script as a person reads it, and as it is given back to `MODEL_SCRIPT`. */
export const write = ({ commands, setting }: Script): string =>
  [
    `  in ${JSON.stringify(setting)}`,
    ...commands.map(({ do: name, ...rest }) => `  ${name} ${JSON.stringify(rest)}`),
    `  again: MODEL_SCRIPT='${JSON.stringify({ setting, commands })}'`
  ].join("\n")
