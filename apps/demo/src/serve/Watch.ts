/**
 * Watches the vendors as an operator's own tools would: their `changes`, the library's metrics and its spans.
 *
 * Decided here: what becomes an entry of the history, what is counted, and how a token's fingerprint is made. Not here:
 * the spans themselves (`Spans`), how long entries are kept (`History`), what counts as trouble (`Trouble`).
 */
import { type AuthService, RefreshPolicy, type TokenLifecycle } from "@vendor-auth/core"
import { Clock, Context, DateTime, Effect, Metric, Option, PubSub, Redacted, Stream, Tracer } from "effect"
import { createHash } from "node:crypto"
import * as History from "./History.ts"
import type * as News from "./News.ts"
import * as Spans from "./Spans.ts"
import * as Trouble from "./Trouble.ts"

/** A vendor that is watched. */
export interface Watched {
  readonly id: string
  /** As the library's spans and metrics name it. */
  readonly name: string
  /** The switches that are on. */
  readonly on: () => ReadonlyArray<string>
}

/** What is known of a vendor between two looks. */
interface Seen {
  readonly vendor: Watched
  api: string | undefined
  status: TokenLifecycle.AuthStatus
  since: number
  token: News.Token | undefined
  failure: Trouble.Failure | undefined
  took: number
  readonly flights: Set<{ readonly kind: News.Exchange["kind"]; readonly begunAt: number }>
  waiting: number
  calls: number
  /** Answers of 401 since the last look. */
  rejected: number
  /** How far a 401 got: it may be healed, a new token was issued for it, that one is refused too. */
  healing: "none" | "begun" | "issued" | "vain"
  /** Healed 401s at the last look. */
  healed: number
  trouble: News.Now["trouble"]
}

/** Makes a watch over some vendors; the context is for all that is to be seen, also what callers do. */
export const make = Effect.fnUntraced(function* (vendors: ReadonlyArray<Watched>) {
  const clock = yield* Clock.Clock
  const now = () => Math.round(clock.currentTimeMillisUnsafe())
  const history = History.make()
  const moved = yield* PubSub.sliding<void>(1)
  const all = new Map<string, Seen>(
    vendors.map((vendor) => [
      vendor.id,
      {
        vendor,
        api: undefined,
        status: { _tag: "SignedOut" },
        since: now(),
        token: undefined,
        failure: undefined,
        took: 0,
        flights: new Set(),
        waiting: 0,
        calls: 0,
        rejected: 0,
        healing: "none",
        healed: 0,
        trouble: undefined
      }
    ])
  )
  const named = (name: string) => [...all.values()].find(({ vendor }) => vendor.name === name)
  const add = (seen: Seen, event: News.Event) => {
    history.add(seen.vendor.id, now(), event)
    PubSub.publishUnsafe(moved, undefined)
  }

  /** Not at each exchange: what follows a refused refresh within a moment is no trouble. */
  const judge = (seen: Seen) => {
    const [flight] = seen.flights
    const trouble = Trouble.of({
      name: seen.vendor.name,
      status: seen.status,
      isServed: isServed(seen, now()),
      failure: seen.failure,
      flyingFor: flight && now() - flight.begunAt,
      took: seen.took,
      isRejected: seen.healing === "vain"
    })
    const before = seen.trouble?.kind
    seen.trouble = trouble && { ...trouble, since: before === trouble.kind ? seen.trouble!.since : now() }
    if (before !== trouble?.kind) add(seen, { _tag: "Trouble", kind: trouble?.kind })
  }

  const tracer = Spans.tracer({
    exchange: (vendor, kind) => {
      const seen = named(vendor)
      const flight = { kind, begunAt: now() }
      seen?.flights.add(flight)
      return (outcome, reason) => {
        if (seen === undefined) return
        seen.flights.delete(flight)
        seen.failure = outcome === "Issued" ? undefined : { kind, outcome, reason }
        seen.took = now() - flight.begunAt
        if (outcome === "Issued" && seen.healing === "begun") seen.healing = "issued"
        add(seen, {
          _tag: "Exchange",
          ...flight,
          outcome,
          reason: reason === undefined ? "" : [reason._tag, Reflect.get(reason, "status")].filter(Boolean).join(" "),
          callers: seen.waiting
        })
      }
    },
    waiter: (vendor) => {
      const seen = named(vendor)
      if (seen !== undefined) seen.waiting++
      return () => {
        if (seen !== undefined) seen.waiting--
      }
    },
    call: (url, status) => {
      const seen = [...all.values()].find(({ api }) => api !== undefined && url.startsWith(`${api}/`))
      if (seen === undefined) return
      seen.calls++
      seen.rejected += status === 401 ? 1 : 0
      if (status !== 401) seen.healing = "none"
      else if (seen.healing !== "vain") seen.healing = seen.healing === "issued" ? "vain" : "begun"
    }
  })

  const registry: Context.Service.Shape<typeof Metric.MetricRegistry> = new Map()
  const context = Context.make(Metric.MetricRegistry, registry).pipe(Context.add(Tracer.Tracer, tracer))

  /** Follows a service until it is interrupted. */
  const follow = Effect.fnUntraced(function* (id: string, service: AuthService.Shape) {
    const seen = all.get(id)!
    Object.assign(seen, { api: service.api, failure: undefined, took: 0, healing: "none" })
    yield* Stream.runForEach(service.changes, (status) =>
      Effect.gen(function* () {
        if (status._tag === "Fresh" && status.generation !== seen.token?.generation) {
          const token = Option.getOrUndefined(yield* Effect.option(service.token))
          if (token !== undefined) add(seen, (seen.token = tellToken(token)))
        }
        if (status._tag === "SignedOut") Object.assign(seen, { failure: undefined, took: 0, token: undefined })
        const isOther = status._tag !== seen.status._tag
        if (isOther) seen.since = now()
        seen.status = status
        add(seen, { _tag: "State", state: status._tag })
        judge(seen)
      })
    )
  })

  /** Reads the metrics. */
  const look = Effect.sync(() => {
    const metrics = Metric.snapshotUnsafe(context)
    for (const seen of all.values()) {
      const counters = counted(metrics, seen)
      const healed = counters.healed - seen.healed
      seen.healed = counters.healed
      if (healed > 0 || seen.rejected > 0) add(seen, { _tag: "Calls", rejected: seen.rejected, healed })
      seen.rejected = 0
      judge(seen)
    }
    PubSub.publishUnsafe(moved, undefined)
  })

  return {
    context,
    history,
    follow,
    /** Says that something moved, at least four times a second. */
    moved: Stream.fromPubSub(moved),
    run: Effect.forever(Effect.delay(look, "250 millis")),
    pressed: (id: string, label: string) => Effect.sync(() => add(all.get(id)!, { _tag: "Pressed", label })),
    at: now,
    /** How all stand, with what is counted at this moment: a failure is never told without being counted. */
    now: (): ReadonlyArray<News.Now> => {
      const metrics = Metric.snapshotUnsafe(context)
      return [...all.values()].map((seen) => ({ ...tell(seen, now()), counters: counted(metrics, seen) }))
    }
  }
})

/** A watch. */
export type Watch = Effect.Success<ReturnType<typeof make>>

/** Whether callers get a token: in doubt too, while it lives. */
const isServed = ({ status, token }: Seen, now: number): boolean =>
  status._tag === "Fresh" ||
  status._tag === "Due" ||
  (status._tag === "Unresolved" && token !== undefined && now < (token.expiresAt ?? Infinity))

const tell = (seen: Seen, now: number): Omit<News.Now, "counters"> => {
  const { flights, since, status, token, trouble, vendor } = seen
  const [flying] = flights
  return {
    id: vendor.id,
    state: status._tag,
    since,
    token: isServed(seen, now) ? token : undefined,
    retryAt: status._tag === "BackingOff" ? DateTime.toEpochMillis(status.retryAt) : undefined,
    flying,
    trouble,
    on: vendor.on()
  }
}

/** What the library counted for a vendor. */
const counted = (metrics: ReadonlyArray<Metric.Metric.Snapshot>, { api, calls, vendor }: Seen): News.Counters => {
  const sum = (id: string, isWanted: (attributes: Readonly<Record<string, string>>) => boolean) =>
    metrics
      .filter((metric) => metric.id === id && isWanted((metric.attributes ?? {}) as Readonly<Record<string, string>>))
      .reduce((total, metric) => total + (metric.type === "Counter" ? Number(metric.state.count) : 0), 0)
  const isOwn = (attributes: Readonly<Record<string, string>>) => attributes["vendor"] === vendor.name
  return {
    calls,
    exchanges: sum("vendor_auth_exchanges_total", isOwn),
    failures: sum(
      "vendor_auth_exchanges_total",
      (attributes) => isOwn(attributes) && attributes["outcome"] !== "Issued"
    ),
    joined: sum("vendor_auth_waiters_joined_total", isOwn),
    healed: sum("vendor_auth_healed_401_total", (attributes) => attributes["api"] === api)
  }
}

const tellToken = ({ expiresAt, generation, issuedAt, value }: TokenOf<AuthService.Shape>): News.Token => {
  const begun = DateTime.toEpochMillis(issuedAt)
  const end = Option.match(expiresAt, { onNone: () => null, onSome: DateTime.toEpochMillis })
  return {
    _tag: "Token",
    generation,
    fingerprint: createHash("sha256").update(Redacted.value(value)).digest("hex").slice(0, 8),
    issuedAt: begun,
    expiresAt: end,
    dueAt: end === null ? null : Math.round(begun + RefreshPolicy.dueAfter(end - begun, { early: 0 }))
  }
}

type TokenOf<S extends AuthService.Shape> = Effect.Success<S["token"]>
