// One process of several that share an account: it reads or refreshes tokens over real HTTP and a store in a file, and
// is killed or stopped where it is told to be.
// Decided here: the works, by name, the places of its end, and what it tells its parent. It ends by itself when its work
// is done. Not here: what has to come of it.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { type Session, TokenStore } from "@vendor-auth/core"
import type { AccessToken } from "@vendor-auth/core/AccessToken"
import type { AuthError } from "@vendor-auth/core/AuthError"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { once } from "node:events"
import { readdirSync, readlinkSync } from "node:fs"
import { sabotages } from "../chaos/Sabotages.ts"
import * as Stores from "../chaos/Stores.ts"
import * as Vendor from "../chaos/Vendor.ts"

/** Around an exchange: its intent is written; its end is about to be written; that is written; or the first read. */
export type Place = "read" | "claim" | "answer" | "written"

/** What a process is started with. */
export interface Orders {
  readonly work: "token" | "refresh" | "rounds" | "main" | "cycles" | "reject"
  readonly origin: string
  readonly store: Stores.Address
  readonly account: string
  /** @default the account's own */
  readonly password?: string
  /** Milliseconds of a flight. */
  readonly timeout: number
  /** Callers of a round, or cycles. */
  readonly amount?: number
  /** Where the process kills or stops itself, in which exchange. */
  readonly fate?: {
    readonly place: Place
    readonly kind: "login" | "refresh"
    readonly signal: "SIGKILL" | "SIGSTOP"
  }
  readonly sabotage?: string | undefined
}

/** What a process tells. `token` is a SHA-256. */
export type Report =
  /** Its code is loaded. */
  | { readonly _tag: "Started" }
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Given"; readonly generation: number; readonly token: string }
  | { readonly _tag: "Failed"; readonly problem: string; readonly isDefect: boolean }
  | { readonly _tag: "Fate"; readonly place: Place }
  /** What became of the write before which it stood still. */
  | { readonly _tag: "Wrote"; readonly hasWon: boolean }
  | { readonly _tag: "Round"; readonly generations: ReadonlyArray<number>; readonly problems: ReadonlyArray<string> }
  /** What keeps the process alive, and how often the file is open, before the first and after the last cycle. */
  | { readonly _tag: "Left"; readonly before: Left; readonly after: Left }

export interface Left {
  readonly resources: ReadonlyArray<string>
  readonly files: number
}

const orders = JSON.parse(process.argv[2]!) as Orders
const { amount = 1, fate } = orders

const tell = (report: Report) =>
  Effect.callback<void>((resume) => void process.send!(report, () => resume(Effect.void)))

/** A process that is to have a token first meets its fate after that, however many exchanges the token took. */
let isFated = orders.work !== "refresh"

const meet = Effect.fnUntraced(function* (place: Place, kind: string | undefined) {
  if (!isFated || fate?.place !== place || fate.kind !== kind) return false
  yield* tell({ _tag: "Fate", place })
  process.kill(process.pid, fate.signal)
  // A signal may come a moment after the call.
  if (fate.signal === "SIGKILL") return yield* Effect.never
  return true
})

/** The same store, with the fate at its places. */
const fatal = (store: TokenStore.TokenStore["Service"]): TokenStore.TokenStore["Service"] => {
  let claimed: NonNullable<Session.Session["intent"]>["kind"] | undefined
  const write = Effect.fnUntraced(function* (account: string, version: number, session: Session.Session) {
    const isEnd = session.intent === null
    const stood = isEnd && (yield* meet("answer", claimed))
    const hasWon = yield* store.write(account, version, session)
    if (stood) yield* tell({ _tag: "Wrote", hasWon })
    if (isEnd && hasWon) {
      yield* meet("written", claimed)
      claimed = undefined
    }
    if (!isEnd && hasWon) {
      claimed = session.intent.kind
      yield* meet("claim", claimed)
    }
    return hasWon
  })
  return {
    ...store,
    read: (account) => Effect.tap(store.read(account), () => meet("read", fate?.kind)),
    // On its way it cannot be called back, as a statement that a database has been given.
    write: (account, version, session) => Effect.uninterruptible(write(account, version, session))
  }
}

const store = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) =>
    fatal(orders.sabotage === undefined ? store : sabotages[orders.sabotage]!(store))
  )
).pipe(Layer.provide(Stores.layer(orders.store)))

const layer = (refresh?: RefreshPolicy.RefreshPolicy["refresh"]) =>
  TokenStore.required(
    LrsConnectAuth.layer({
      baseUrl: orders.origin,
      credentials: {
        userName: orders.account,
        password: Redacted.make(orders.password ?? Vendor.passwordOf(orders.account))
      },
      policy: { timeout: orders.timeout, ...(refresh && { refresh }) }
    })
  ).pipe(Layer.provide([store, FetchHttpClient.layer]))

const problemOf = (cause: Cause.Cause<AuthError>) => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return { problem: error?.reason._tag ?? Cause.pretty(cause), isDefect: error === undefined }
}

const told = (call: Effect.Effect<AccessToken, AuthError>) =>
  Effect.matchCauseEffect(call, {
    onFailure: (cause) => tell({ _tag: "Failed", ...problemOf(cause) }),
    onSuccess: ({ generation, value }) => tell({ _tag: "Given", generation, token: Vendor.hash(Redacted.value(value)) })
  })

/** Until the parent says something. Undefined: it says nothing any more. */
const word = Effect.promise(() => once(process, "message").then(([message]) => message as string))

const service = LrsConnectAuth.LrsConnectAuth

const left = (): Left => ({
  // The channel to the parent and the output are the test's own; the turn of the loop that this runs in is over by itself.
  resources: process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "Immediate"),
  files: readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes("sessions.db")
    } catch {
      return false
    }
  }).length
})

const cycle = Effect.gen(function* () {
  const context = yield* Layer.build(Layer.fresh(layer()))
  yield* told(Context.get(context, service).token)
}).pipe(Effect.scoped)

const works: Record<Orders["work"], Effect.Effect<unknown, unknown>> = {
  /** One token. */
  token: Effect.provide(
    Effect.flatMap(service, ({ token }) => told(token)),
    layer(RefreshPolicy.onDemand)
  ),

  /** One token, and a newer one. */
  refresh: Effect.gen(function* () {
    const { refresh, token } = yield* service
    // On a machine that is very busy a token of 2 s may be dead when it comes.
    yield* told(Effect.retry(token, { times: 20, schedule: Schedule.spaced("500 millis") }))
    isFated = true
    yield* told(refresh)
  }).pipe(Effect.provide(layer(RefreshPolicy.onDemand))),

  /** At each word, so many callers at once. */
  rounds: Effect.gen(function* () {
    const { token } = yield* service
    yield* tell({ _tag: "Ready" })
    while ((yield* word) === "go") {
      const exits = yield* Effect.all(
        Array.from({ length: amount }, () => Effect.exit(token)),
        { concurrency: "unbounded" }
      )
      const generations = new Set(exits.filter(Exit.isSuccess).map(({ value }) => value.generation))
      const problems = exits.filter(Exit.isFailure).map(({ cause }) => problemOf(cause).problem)
      yield* tell({ _tag: "Round", generations: [...generations], problems })
    }
  }).pipe(Effect.provide(layer(RefreshPolicy.onDemand))),

  /** An app that runs until it is asked to end, and refreshes behind. */
  main: Effect.gen(function* () {
    const { refresh, token } = yield* service
    yield* told(token)
    yield* word
    yield* Effect.forkChild(told(refresh))
    return yield* Effect.never
  }).pipe(Effect.provide(layer())),

  /** Opens and closes the whole, so many times. */
  cycles: Effect.gen(function* () {
    yield* cycle
    const before = left()
    for (let n = 1; n < amount; n++) yield* cycle
    yield* tell({ _tag: "Left", before, after: left() })
  }),

  /** What the tests must notice. */
  reject: Effect.sync(() => void Promise.reject(new Error("nobody handles this")))
}

// A parent that is gone wants nothing any more.
const orphaned = () => process.exit()
process.on("disconnect", orphaned)
const program = Effect.andThen(tell({ _tag: "Started" }), works[orders.work]).pipe(Effect.provide(Logger.layer([])))
if (orders.work === "main") NodeRuntime.runMain(program)
else {
  await Effect.runPromise(program)
  // From here on it has to end by itself.
  process.off("disconnect", orphaned)
  process.disconnect()
}
