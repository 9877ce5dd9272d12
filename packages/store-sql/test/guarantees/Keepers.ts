// Keepers, each with a vendor of its own, and what becomes of a session while one of them has its file and calls fail.
// Decided here: what a keeper finds, which paths are meant, when a fault that lasts ends, and how the file is looked at
// afterwards. Not here: what a keeper does (`Keeper`), which calls fail, and what is expected (`DiskCalls.test.ts`).
import { TokenStore } from "@vendor-auth/core"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as Fs from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { isDeepStrictEqual } from "node:util"
import * as Stores from "../chaos/Stores.ts"
import * as Vendor from "../chaos/Vendor.ts"
import { type File, inFile, rows } from "../Keys.ts"
import * as Lrs from "../Lrs.ts"
import * as SystemCalls from "../SystemCalls.ts"
import { forked } from "./Fleet.ts"
import { type Done, id, type Orders, type Report } from "./Keeper.ts"

/**
 * What a keeper finds: a file that was closed with a session in it, the same as a process leaves it that is killed, with
 * the session in the log beside it, or nothing. The session's token is good and due.
 */
export type Beginning = "closed" | "left" | "nothing"

/** A fault, and how one that lasts ends: it is gone and the keeper lives on, or the keeper is killed. */
export interface Fault extends SystemCalls.Fault {
  readonly ending: "lifted" | "killed"
}

/** What was seen of one life of a keeper, and of the file after it. */
export interface Seen {
  readonly calls: ReadonlyArray<SystemCalls.Call>
  /** Typed failures, by place. */
  readonly failures: ReadonlyArray<string>
  /** What the keeper said at the end; undefined: it was killed. */
  readonly done: Omit<Done, "_tag"> | undefined
  /** The keeper's exchanges that arrived at the vendor. */
  readonly exchanges: { readonly logins: number; readonly refreshes: number }
  /** What SQLite says of the file, whether each column says the same as its record, and what is in its folder. */
  readonly integrity: unknown
  readonly isOfOnePiece: boolean
  readonly names: ReadonlyArray<string>
  /** The record; undefined if there is none. `token` is the access token's SHA-256, `isOpen` that of an exchange. */
  readonly record: { readonly generation: number; readonly token: string; readonly isOpen: boolean } | undefined
  /** The generation that the next process got when it asked for a newer token, and the logins that it cost. */
  readonly next: { readonly generation: number; readonly logins: number }
  /** What the vendor saw that its rules forbid, a refresh token that came twice among it. */
  readonly violations: ReadonlyArray<string>
  readonly reuses: number
}

/** Milliseconds after which a keeper hangs: many times what any of them takes. */
const patience = 30_000

const account = JSON.stringify({ vendor: "LRS Connect", account: "lrs" })

interface Keeper {
  readonly pid: number
  readonly tell: (orders: Orders) => void
  readonly listen: (listener: (report: Report) => void) => void
  /** Until it is dead. */
  readonly kill: Effect.Effect<void>
  /** How it ended. */
  readonly ended: Promise<string>
}

const start = async (): Promise<Keeper> => {
  const child = forked("Keeper.ts")
  let complaint = ""
  child.stderr!.on("data", (data) => {
    complaint += data
  })
  let hear: (report: Report) => void = () => {}
  child.on("message", (report: Report) => hear(report))
  const ended = new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(`it ended (${code ?? signal}): ${complaint}`))
  )
  await Promise.race([once(child, "message"), ended])
  return {
    pid: child.pid!,
    tell: (orders) => void child.send(orders, () => {}),
    listen: (listener) => {
      hear = listener
    },
    kill: Effect.promise(() => {
      child.kill("SIGKILL")
      return ended
    }),
    ended
  }
}

/** The store of a file. */
const opened = ({ path }: Pick<File, "path">) =>
  Effect.map(Layer.build(Layer.fresh(Stores.layer(`sqlite:${path}`))), (context) =>
    Context.get(context, TokenStore.TokenStore)
  ).pipe(Effect.orDie)

/** Milliseconds that a token of an hour is old when it is found. */
const age = 50 * 60_000

/** Makes what a keeper finds. */
const prepare = (beginning: Beginning, file: File, simulator: LrsConnectSimulator.LrsConnectSimulator) =>
  inFile((other) =>
    Effect.gen(function* () {
      const store = yield* opened(beginning === "closed" ? file : other)
      yield* (yield* Lrs.process(simulator, Layer.succeed(TokenStore.TokenStore, store))).token
      const { session, version } = yield* store.read(account)
      const tokens = session!.tokens!
      const older = { ...tokens, issuedAt: tokens.issuedAt - age, expiresAt: tokens.expiresAt! - age }
      yield* store.write(account, version, { ...session!, tokens: older, dueAt: session!.dueAt! - age })
      if (beginning === "left") for (const name of ["", "-wal"]) Fs.copyFileSync(other.path + name, file.path + name)
    }).pipe(Effect.scoped)
  )

/** The file afterwards, and what the next process makes of it. */
const look = Effect.fnUntraced(function* (file: File, simulator: LrsConnectSimulator.LrsConnectSimulator) {
  const names = Fs.readdirSync(dirname(file.path)).toSorted()
  let integrity: unknown = "ok"
  if (Fs.existsSync(file.path)) {
    const database = new DatabaseSync(file.path, { timeout: 5_000 })
    integrity = database.prepare("PRAGMA integrity_check").get()?.["integrity_check"]
    database.close()
  }
  const store = yield* opened(file)
  const { session } = yield* store.read(account)
  const columns = rows(file).map((row) => [row["vendor"], row["generation"], row["due_at"], row["intent_id"]])
  const held = session && [session.vendor, session.generation, session.dueAt, session.intent?.id ?? null]
  const before = yield* simulator.count("login")
  const next = yield* Lrs.process(simulator, Layer.succeed(TokenStore.TokenStore, store))
  const { generation } = yield* next.refresh
  return {
    names,
    integrity,
    isOfOnePiece: isDeepStrictEqual(columns, held === undefined ? [] : [held]),
    record: session?.tokens
      ? {
          generation: session.generation,
          token: Vendor.hash(Redacted.value(session.tokens.access)),
          isOpen: session.intent !== null
        }
      : undefined,
    next: { generation, logins: (yield* simulator.count("login")) - before }
  }
}, Effect.scoped)

/** What one has to say that says nothing any more. */
const nothing = { alarms: [], served: 0, unserved: [], generation: 0, token: "" }

/** Lives, in all keepers. */
let lives = 0

/** A keeper that lives one life after the other, and is started anew when it is dead. */
export const make = Effect.gen(function* () {
  const simulator = yield* LrsConnectSimulator.make()
  const origin = yield* Loopback.serve(simulator)
  let keeper: Keeper | undefined
  yield* Effect.addFinalizer(() => keeper?.kill ?? Effect.void)

  const orders = (file: File, fault: Fault | undefined): Orders => ({
    origin,
    file: file.path,
    userName: simulator.credentials.username,
    password: Redacted.value(simulator.credentials.password),
    life: (++lives).toString(16).padStart(8, "0"),
    // Who finds the exchange of a dead process waits for its deadline.
    timeout: fault?.ending === "killed" ? 1_000 : 5_000,
    patience
  })

  const life = Effect.fnUntraced(function* (file: File, fault: Fault | undefined) {
    keeper ??= yield* Effect.promise(start)
    const { ended, kill, listen, pid, tell } = keeper
    const dead = ended.then((how) => {
      keeper = undefined
      return how
    })
    const told = orders(file, fault)
    const drafts = [1, 2, 3].map((nth) => `${file.path}.${id(told.life, nth)}.new`)
    const files = [file.path, ...drafts].flatMap((path) => ["", "-wal", "-shm", "-journal"].map((end) => path + end))
    const { calls, end, injected } = yield* SystemCalls.watch(pid, [dirname(file.path), ...files], fault)

    const failures = new Set<string>()
    const isMet = yield* Latch.make()
    const done = new Promise<Seen["done"]>((resolve) => {
      listen((report) => {
        if (report._tag === "Done") resolve(report)
        if (report._tag !== "Failed") return
        failures.add(`${report.place}: ${report.problem}`)
        isMet.openUnsafe()
      })
      void dead.then((how) => resolve({ ...nothing, defects: [how] }))
    })
    tell(told)
    const isKilled = fault?.ending === "killed"
    if (fault?.lasts === true) {
      // Somebody was told, or it was tried again and again.
      yield* Effect.raceAllFirst([Effect.promise(() => done), isMet.await, injected(5)])
      yield* isKilled ? kill : end
    }
    const said = yield* Effect.timeoutOption(
      Effect.promise(() => done),
      2 * patience
    )
    if (said._tag === "None") yield* kill
    yield* end
    const hung = { ...nothing, defects: ["it hung"] }
    return { calls, failures: [...failures], done: isKilled ? undefined : said._tag === "None" ? hung : said.value }
  }, Effect.scoped)

  /** One life, in which calls fail or not. */
  return (beginning: Beginning, fault?: Fault) =>
    inFile((file) =>
      Effect.gen(function* (): Effect.fn.Return<Seen, unknown> {
        if (beginning !== "nothing") yield* prepare(beginning, file, simulator)
        const vendor = Effect.all({
          logins: simulator.count("login"),
          refreshes: simulator.count("refresh"),
          violations: simulator.violations,
          reuses: simulator.reuses
        })
        const before = yield* vendor
        const seen = yield* life(file, fault)
        const { logins, refreshes } = yield* vendor
        const exchanges = { logins: logins - before.logins, refreshes: refreshes - before.refreshes }
        const found = yield* look(file, simulator)
        const { reuses, violations } = yield* vendor
        return {
          ...seen,
          ...found,
          exchanges,
          violations: violations.slice(before.violations.length),
          reuses: reuses - before.reuses
        }
      })
    ).pipe(Effect.provide(Logger.layer([])))
})
