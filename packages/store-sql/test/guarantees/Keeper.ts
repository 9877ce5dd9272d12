// A process that keeps a session in a file while calls on that file fail: it opens the store, takes a token, asks once
// for a newer one, and serves what it has until the newer one is saved; then it closes the store.
// Decided here: that it lives so again and again, each time as its parent says and from nothing but a file; that a store
// which does not open is tried again, as whatever starts processes would; and what is told. Not here: what fails, and
// what has to come of it (`Keepers`, `DiskCalls.test.ts`).
import { TokenStore } from "@vendor-auth/core"
import type { Shape } from "@vendor-auth/core/AuthService"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Stores from "../chaos/Stores.ts"
import * as Vendor from "../chaos/Vendor.ts"

/** What it is told. */
export interface Orders {
  readonly origin: string
  readonly file: string
  readonly userName: string
  readonly password: string
  /** Eight hexadecimal digits, this life's own: ids begin with them, so that the name of a new file's draft is known. */
  readonly life: string
  /** Milliseconds of a flight. */
  readonly timeout: number
  /** Milliseconds after which it says that it hangs. */
  readonly patience: number
}

/** What it tells. */
export type Report =
  | { readonly _tag: "Ready" }
  /** A typed failure. */
  | { readonly _tag: "Failed"; readonly place: "open" | "token" | "refresh"; readonly problem: string }
  | Done

/** What it says at the end. */
export interface Done {
  readonly _tag: "Done"
  /** What its status complained of. */
  readonly alarms: ReadonlyArray<string>
  /** Reads that were answered since it held a token, and why others were not. */
  readonly served: number
  readonly unserved: ReadonlyArray<string>
  /** The token that it holds at the end; `token` is its SHA-256. */
  readonly generation: number
  readonly token: string
  /** Whatever is no typed failure, and that it hung. */
  readonly defects: ReadonlyArray<string>
}

/** The nth id that is made in a life. */
export const id = (life: string, nth: number) => `${life}-0000-4000-8000-${String(nth).padStart(12, "0")}` as const

class NotOpened extends Data.TaggedError("NotOpened")<{ readonly problem: string }> {}

const tell = (report: Report) =>
  Effect.callback<void>((resume) => void process.send!(report, () => resume(Effect.void)))

const nameOf = (reason: { readonly _tag: string; readonly problem?: string }) =>
  reason.problem === undefined ? reason._tag : `${reason._tag} ${reason.problem}`

const told =
  (place: "token" | "refresh") =>
  <A, R>(call: Effect.Effect<A, { readonly reason: Parameters<typeof nameOf>[0] }, R>) =>
    Effect.tapError(call, ({ reason }) => tell({ _tag: "Failed", place, problem: nameOf(reason) }))

const open = ({ file, origin, password, timeout, userName }: Orders) => {
  const layer = TokenStore.required(
    LrsConnectAuth.layer({
      baseUrl: origin,
      credentials: { userName, password: Redacted.make(password) },
      account: "lrs",
      policy: { timeout, retry: Schedule.spaced("1 second") }
    })
  ).pipe(Layer.provide([Stores.layer(`sqlite:${file}`), FetchHttpClient.layer]))
  return Layer.build(Layer.fresh(layer)).pipe(
    Effect.mapError((error) => new NotOpened({ problem: nameOf(error._tag === "AuthError" ? error.reason : error) })),
    Effect.map((context): Shape => Context.get(context, LrsConnectAuth.LrsConnectAuth))
  )
}

/** From opening to closing. */
const live = Effect.fnUntraced(function* (orders: Orders, done: { -readonly [K in keyof Done]: Done[K] }) {
  const auth = yield* open(orders)

  const alarms = new Set<string>()
  yield* auth.changes.pipe(
    Stream.runForEach((status) =>
      Effect.sync(() => {
        const found = "error" in status ? status.error : undefined
        const error = Option.isOption(found) ? Option.getOrUndefined(found) : found
        if (error !== undefined) done.alarms = [...alarms.add(`${status._tag}: ${nameOf(error.reason)}`)]
      })
    ),
    Effect.forkScoped({ startImmediately: true })
  )

  const first = yield* auth.token.pipe(told("token"), Effect.retry(Schedule.spaced("100 millis")), Effect.orDie)

  const unserved = new Set<string>()
  const read = Effect.matchCause(auth.token, {
    onFailure: (cause) => {
      const error = Option.getOrUndefined(Cause.findErrorOption(cause))
      done.unserved = [...unserved.add(error === undefined ? Cause.pretty(cause) : nameOf(error.reason))]
    },
    onSuccess: () => void done.served++
  })
  yield* Effect.forkScoped(Effect.repeat(read, Schedule.spaced("5 millis")), { startImmediately: true })

  // Nobody asks a second time: what fails has to heal by itself.
  yield* Effect.ignore(told("refresh")(auth.refresh))
  yield* auth.changes.pipe(
    Stream.filter((status) => status._tag === "Fresh" && status.generation > first.generation),
    Stream.runHead
  )
  const { generation, value } = yield* Effect.orDie(auth.token)
  Object.assign(done, { generation, token: Vendor.hash(Redacted.value(value)) })
}, Effect.scoped)

const obey = Effect.fnUntraced(
  function* (orders: Orders) {
    let nth = 0
    crypto.randomUUID = () => id(orders.life, ++nth)
    const done = { _tag: "Done" as const, alarms: [], served: 0, unserved: [], generation: 0, token: "", defects: [] }
    const exit = yield* live(orders, done).pipe(
      Effect.tapError(({ problem }) => tell({ _tag: "Failed", place: "open", problem })),
      Effect.retry(Schedule.spaced("100 millis")),
      Effect.timeout(orders.patience),
      Effect.exit
    )
    yield* tell(exit._tag === "Failure" ? { ...done, defects: [Cause.pretty(exit.cause)] } : done)
  },
  Effect.provide(Logger.layer([]))
)

// A parent that is gone wants nothing any more.
process.on("disconnect", () => process.exit())
process.on("message", (orders: Orders) => void Effect.runFork(obey(orders)))
await Effect.runPromise(tell({ _tag: "Ready" }))
