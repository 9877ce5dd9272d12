// Commands that a person can read, and how a list of them is run.
//
// Decided here: what may happen to processes, vendor, store and clocks, and the settings. A list is plain data and
// its run depends on nothing else, so that it can be repeated and shortened. Not here: what must hold (`Invariants`), and which
// lists there are (`Generate`).
import * as RefreshPolicy from "../../src/RefreshPolicy.ts"
import { Invariants } from "./Invariants.ts"
import { Process, type StoreFault, type World } from "./Process.ts"
import { Endless, random, Time } from "./Time.ts"
import { type Fault, Vendor } from "./Vendor.ts"

/** The first process is 0, the second 1. A command to a process that is not there starts it first. */
export type Command = {
  /** Goes on to the next command after so many tasks, in the middle of things. */
  readonly steps?: number
} & (
  | { readonly do: "get" | "refresh" | "api"; readonly p: number; readonly n: number }
  | { readonly do: "interrupt"; readonly p: number; readonly share: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "setClock"; readonly p: number; readonly ms: number }
  | { readonly do: "suspend"; readonly p: number; readonly ms: number; readonly asleep: boolean }
  | { readonly do: "faults"; readonly next: ReadonlyArray<Fault> }
  | { readonly do: "outage"; readonly fault: Fault | null }
  | { readonly do: "store"; readonly p: number; readonly fault: StoreFault }
  | { readonly do: "apiAnswers"; readonly status: 200 | 401 | 403 | null }
  | { readonly do: "late401"; readonly p: number; readonly back: number }
  | { readonly do: "crash" | "close" | "signOut"; readonly p: number }
  /** Closes and starts again, with what the vendor accepts now or with something else. */
  | { readonly do: "reconfigure"; readonly p: number; readonly right: boolean }
  | { readonly do: "changePassword" | "revoke" }
)

/** What stays the same for a whole sequence. */
export interface Setting {
  readonly seed: number
  readonly has: "password" | "refreshToken" | "both"
  readonly use: "once" | "many"
  readonly life: number
  /** The refresh token's, where it dies one second before the access token. */
  readonly refreshLife: number | null
  readonly presentsAgain: boolean
  readonly background: boolean
  readonly jitter: boolean
  readonly latency: number
  readonly storeLatency: number
  /** Fibers yield anywhere; tasks that are ready together run in any order. */
  readonly yields: boolean
  readonly shuffles: boolean
  /** The accounts are of many, and sleep between their calls. */
  readonly sleeps?: boolean
}

export interface Script {
  readonly setting: Setting
  readonly commands: ReadonlyArray<Command>
}

const timeout = 30_000
const minimumLifetime = 10_000

/** Runs a script. Gives the rule that was broken, and after which command. */
export const run = ({ commands, setting }: Script) => {
  const time = new Time({
    yields: setting.yields ? random(setting.seed + 1) : undefined,
    shuffles: setting.shuffles ? random(setting.seed + 2) : undefined
  })
  const invariants = new Invariants(time, { ...setting, timeout, minimumLifetime })
  const refreshLife = setting.refreshLife ?? undefined
  const vendor = new Vendor(time, { ...setting, refreshLife }, invariants)
  invariants.vendor = vendor
  const jitter = setting.jitter ? {} : { jitter: 0 }
  const world: World = {
    time,
    vendor,
    invariants,
    policy: {
      refresh: setting.background ? RefreshPolicy.beforeExpiry(jitter) : RefreshPolicy.onDemand,
      onUnresolved: setting.presentsAgain ? "presentAgain" : "report"
    },
    storeLatency: setting.storeLatency,
    sleeps: setting.sleeps === true,
    numbers: setting.jitter ? random(setting.seed) : undefined,
    row: { version: 0, session: undefined },
    api: undefined
  }
  let seed = setting.has === "password" ? undefined : vendor.seed()
  let wrong = 0
  const passwords: Array<string | undefined> = []
  const processes: Array<Process | undefined> = []
  const former: Array<Process> = []

  const start = (p: number) => {
    passwords[p] ??= setting.has === "refreshToken" ? undefined : vendor.password
    return (processes[p] = new Process(world, passwords[p], seed))
  }
  const at = (p: number): Process => (processes[p]?.isLive ? processes[p] : start(p))
  const leave = (p: number) => {
    if (processes[p] !== undefined) former.push(processes[p])
    processes[p] = undefined
  }

  const perform = (command: Command): void => {
    switch (command.do) {
      case "get":
      case "refresh":
      case "api": {
        const process = at(command.p)
        if (!process.canRun) return
        for (let n = 0; n < command.n; n++) process.call(command.do === "get" ? "token" : command.do)
        return
      }
      case "interrupt":
        return processes[command.p]?.canRun ? processes[command.p]!.interrupt(command.share) : undefined
      case "advance":
        return time.advance(command.ms)
      case "setClock":
        at(command.p).machine.offset += command.ms
        invariants.clockWasSet = true
        if (Math.abs(at(command.p).machine.offset) > 300_000) invariants.isSkewed = true
        return invariants.excuse(at(command.p).machine)
      case "suspend":
        if (!at(command.p).canRun) return
        invariants.isDisturbed = invariants.isLost = true
        invariants.excuse(at(command.p).machine)
        return at(command.p).machine.suspend(command.ms, command.asleep)
      case "faults":
        vendor.faults = [...command.next]
        return
      case "outage":
        vendor.outage = command.fault ?? undefined
        return
      case "store":
        invariants.isDisturbed = invariants.storeFailed = true
        // A write whose answer alone is lost or late is made good by who lives.
        if (command.fault.kind !== "answerLost" && command.fault.kind !== "slow") invariants.isLost = true
        at(command.p).storeFault = command.fault
        return
      case "apiAnswers":
        world.api = command.status ?? undefined
        return
      case "late401":
        return late401(at(command.p), command.back)
      case "crash":
        processes[command.p]?.die()
        return leave(command.p)
      case "close":
        if (processes[command.p]?.machine.isFrozen) return
        processes[command.p]?.close()
        return leave(command.p)
      case "signOut":
        if (at(command.p).canRun) at(command.p).call("signOut")
        return
      case "reconfigure":
        if (processes[command.p]?.machine.isFrozen) return
        processes[command.p]?.close()
        leave(command.p)
        if (setting.has !== "password") {
          invariants.isLost = true
          seed = vendor.seed()
        }
        passwords[command.p] =
          setting.has === "refreshToken" ? undefined : command.right ? vendor.password : `CANARY-wrong-${++wrong}`
        return
      case "changePassword":
        vendor.password = `${vendor.password}+`
        return
      case "revoke":
        invariants.isLost = true
        return vendor.revoke()
    }
  }

  /** A complaint about an older token changes nothing. */
  const late401 = (process: Process, back: number) => {
    if (!process.canRun || !time.isQuiet) return
    const before = process.now(process.shape.status)
    const generation = "generation" in before ? before.generation : 0
    const older = process.handed.filter((token) => token.generation < generation)
    const token = older.at(-1 - (back % Math.max(1, older.length)))
    // One that sleeps, and whose clock was set back past its issue, is refreshed as soon as it is touched.
    if (token === undefined || (setting.sleeps === true && before._tag === "Due")) return
    const sent = invariants.counts.exchanges
    process.now(process.shape.invalidate(token))
    const after = process.now(process.shape.status)
    const isSame = before._tag === after._tag && "generation" in after && after.generation === generation
    if (!isSame || invariants.counts.exchanges > sent) {
      invariants.break("a late 401 changes nothing", `${before._tag} became ${after._tag}`)
    }
  }

  let done = 0
  try {
    for (const command of commands) {
      perform(command)
      time.run(command.steps)
      if (time.isQuiet) for (const process of processes) process?.look()
      done++
      if (invariants.broken !== undefined) break
    }
    if (invariants.broken === undefined) settle(world, processes, former)
  } catch (error) {
    if (!(error instanceof Endless)) throw error
    invariants.break("nothing runs without end", error.message)
  }
  if (vendor.reuses > 0 && !setting.presentsAgain) invariants.break("the vendor sees no refresh token twice")
  return { broken: invariants.broken, done, counts: invariants.counts }
}

/** Whatever happened: once nothing is wrong any more, every caller has ended, and a way in that is there is found. */
const settle = (world: World, processes: ReadonlyArray<Process | undefined>, former: ReadonlyArray<Process>): void => {
  const { invariants, time, vendor } = world
  vendor.faults = []
  vendor.outage = undefined
  world.api = undefined
  const live = processes.filter((process): process is Process => process?.isLive === true)
  for (const process of live) process.storeFault = undefined
  const awake = Math.max(0, ...live.map(({ machine }) => machine.frozenUntil - time.now))
  time.advance(awake + 100_000)
  for (const process of [...live, ...former]) {
    for (const caller of process.machine.isDead ? [] : process.callers.keys()) {
      invariants.break("nothing hangs", `${caller.what} for ${time.now - caller.startedAt} ms`)
    }
  }
  refreshes(world, live)
  for (const process of live) {
    const isRight = process.password === vendor.password && !invariants.wasRefused.has(vendor.password)
    const isWhole = process.password === undefined && !invariants.isLost && vendor.terms.refreshLife === undefined
    const last = recover(world, live, process)
    if (last !== undefined && (isRight || isWhole)) invariants.break("an account that can recover does", last)
  }
}

/** A schedule that works never lets a token expire. */
const refreshes = ({ invariants, policy, row, time, vendor }: World, live: ReadonlyArray<Process>): void => {
  const { life, refreshLife, use } = vendor.terms
  const isScheduled = policy.refresh !== RefreshPolicy.onDemand && life <= 300_000
  const isRenewed = refreshLife === undefined || use === "once"
  if (!isScheduled || !isRenewed || invariants.clockWasSet || invariants.isDisturbed || row.session?.signedOut) return
  const fresh = live.filter(
    (process) =>
      process.canRun &&
      process.password === vendor.password &&
      !invariants.wasRefused.has(vendor.password) &&
      invariants.of(process.machine).failure === undefined &&
      process.now(process.shape.status)._tag === "Fresh"
  )
  if (fresh.length === 0) return
  time.advance(life)
  for (const process of fresh) {
    const { _tag: status } = process.now(process.shape.status)
    if (status !== "Fresh" && status !== "Due") invariants.break("a schedule lets no token expire", status)
  }
}

/** How a read fails at last, where it does. A pause may have come in the middle of an exchange: three tries. */
const recover = (
  { invariants, row, time }: World,
  live: ReadonlyArray<Process>,
  process: Process
): string | undefined => {
  let last: string | undefined
  for (let n = 0; n < 3; n++) {
    // An hour in which nobody does anything ends every back-off. Nobody looks at the clock meanwhile: it is quick.
    const isBusy = () =>
      invariants.isBusy || (row.session?.intent ?? null) !== null || live.some(({ calling }) => calling > 0)
    for (let n = 0; n < 100 && isBusy(); n++) time.advance(500)
    for (const each of live) each.machine.suspend(3_700_000, false)
    time.advance(3_700_000)
    process.look()
    const caller = process.call("token")
    time.advance(40_000)
    const exit = caller.pollUnsafe()
    if (exit?._tag === "Success") return undefined
    last = String(exit)
  }
  return last
}
