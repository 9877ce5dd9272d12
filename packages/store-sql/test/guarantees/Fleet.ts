// Processes that share a store and a vendor, and what they tell.
// Decided here: each is started so that a rejection nobody handles ends it, is listened to from its first word, and is
// killed when the scope closes; a vendor without chance; and the record as it stands. Not here: what they do
// (`Member`).
import { TokenStore } from "@vendor-auth/core"
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import { fork } from "node:child_process"
import { join } from "node:path"
import * as Databases from "../chaos/Databases.ts"
import * as Stores from "../chaos/Stores.ts"
import * as Vendor from "../chaos/Vendor.ts"
import type { Orders, Report } from "./Member.ts"

/** One number for every run, another at night. */
export const amount = (ci: number, nightly: number): number => (process.env["NIGHTLY"] ? nightly : ci)

/** Milliseconds that a test may take. */
export const patience = amount(120_000, 3_600_000)

/** Tests that run at once; at night one after the other, since each of them takes the whole machine then. */
export const group = (title: string, tests: () => void): void =>
  void (process.env["NIGHTLY"] ? describe(title, tests) : describe.concurrent(title, tests))

/** How a process ended, and what it complained of. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly complaint: string
}

/** A running process. */
export interface Member {
  readonly said: ReadonlyArray<Report>
  /** The next report of this kind that was not asked for yet. */
  readonly next: <Tag extends Report["_tag"]>(tag: Tag) => Effect.Effect<Extract<Report, { readonly _tag: Tag }>>
  readonly tell: (word: string) => void
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Effect.Effect<End>
}

/** How all of them ended: what G5 looks at. */
export const ends: Array<End & { readonly work: Orders["work"] }> = []

/** Those that load their code at the same time: more are no faster, and starve those that run. */
const starting = Semaphore.makeUnsafe(3)

/** Starts one. */
export const start = (orders: Orders) =>
  Effect.acquireRelease(
    Effect.sync(() => launch(orders)),
    (member) =>
      Effect.sync(() => {
        member.signal("SIGCONT")
        member.signal("SIGKILL")
      })
  ).pipe(
    Effect.tap(({ ended, next }) => Effect.raceFirst(next("Started"), ended)),
    starting.withPermits(1)
  )

/** What the processes have compiled, for the next of them. */
const compiled = join(import.meta.dirname, "../../node_modules/.cache/processes")

/** Starts a program of this folder, which talks by messages and complains on its stderr. */
export const forked = (program: string, ...args: ReadonlyArray<string>) => {
  const child = fork(join(import.meta.dirname, program), args, {
    execArgv: ["--unhandled-rejections=strict", "--disable-warning=ExperimentalWarning"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    stdio: ["ignore", "ignore", "pipe", "ipc"]
  })
  // A process that is gone already cannot be told anything.
  child.on("error", () => {})
  return child
}

const launch = (orders: Orders): Member => {
  const child = forked("Member.ts", JSON.stringify(orders))
  const said: Array<Report> = []
  const taken = new Map<string, number>()
  const listeners = new Set<() => void>()
  const hear = () => listeners.forEach((listener) => listener())
  let complaint = ""
  let end: End | undefined
  child.stderr!.on("data", (data) => {
    complaint += data
  })
  child.on("message", (report: Report) => {
    said.push(report)
    hear()
  })
  child.once("close", (code, signal) => {
    end = { code, signal, complaint }
    ends.push({ ...end, work: orders.work })
    hear()
  })
  const wait = <A>(found: () => Effect.Effect<A> | undefined) =>
    Effect.callback<A>((resume) => {
      const look = () => {
        const effect = found()
        if (effect === undefined) return
        listeners.delete(look)
        resume(effect)
      }
      listeners.add(look)
      look()
      return Effect.sync(() => listeners.delete(look))
    })
  return {
    said,
    next: <Tag extends Report["_tag"]>(tag: Tag) =>
      Effect.suspend(() => {
        const nth = taken.get(tag) ?? 0
        taken.set(tag, nth + 1)
        return wait(() => {
          const report = said.filter((one) => one._tag === tag)[nth]
          if (report !== undefined) return Effect.succeed(report as Extract<Report, { readonly _tag: Tag }>)
          return end && Effect.die(new Error(`it ended without ${tag}: ${JSON.stringify({ end, said })}`))
        })
      }),
    tell: (word) => void child.send(word, () => {}),
    signal: (signal) => void child.kill(signal),
    ended: wait(() => end && Effect.succeed(end))
  }
}

/** A vendor, a file, and the next answers' slowness. */
export const setUp = Effect.gen(function* () {
  /** What chance gives next; a middle number otherwise, by which nothing is lost and answers come after 40 ms. */
  const drawn: Array<number> = []
  const draw = () => drawn.shift() ?? 0.5
  const { journal, origin } = yield* Effect.provideService(Vendor.start, Random.Random, {
    nextDoubleUnsafe: draw,
    nextIntUnsafe: () => 0
  })
  const { store } = yield* Databases.make("sqlite")
  return {
    journal,
    orders: (account: string) => ({ origin, store, account, timeout: 10_000 }) as const,
    /** The next request is carried out at once and answered after 2 s. */
    slow: () => void drawn.push(0.5, 0),
    /** The record as the store has it. */
    record: (account: string) =>
      Effect.gen(function* () {
        const { read } = yield* TokenStore.TokenStore
        const { session, version } = yield* read(JSON.stringify(["LRS Connect", origin, account]))
        return { version, session: session! }
      }).pipe(Effect.provide(Stores.layer(store)), Effect.orDie)
  }
})

/** The vendor saw no rule broken. */
export const assertStrict = ({ overlapping, presentedTwice, unknownTokens }: Vendor.Journal) =>
  assert.deepStrictEqual(
    { overlapping, presentedTwice, unknownTokens },
    { overlapping: 0, presentedTwice: 0, unknownTokens: 0 }
  )

/** None of the processes that ended by themselves had a rejection that nobody handled, or anything to complain of. */
export const assertQuiet = () => {
  assert.isAbove(ends.length, 0)
  assert.deepStrictEqual(
    ends.filter(({ complaint, work }) => complaint !== "" && work !== "reject"),
    []
  )
}

/** Waits until the deadline of an intent is past, by the real clock. */
export const past = (deadline: number | undefined) =>
  Effect.suspend(() => Effect.sleep(Math.max(0, (deadline ?? 0) + 50 - Date.now())))
