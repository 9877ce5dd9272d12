/**
 * The store's own eye on unresolved exchanges: a gauge, and a log line for each new one.
 *
 * Decided here: what they are called. The counter and the log line of the process that saw an exchange fail are core's;
 * these are for exchanges whose process died. Not here: what counts as unresolved (`Upkeep`).
 */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import { SqlTokenStore, type Unresolved } from "./Upkeep.ts"

const open = Metric.gauge("vendor_auth_store_unresolved", {
  description: "Exchanges in the store whose deadline passed without their end being written down, by vendor"
})

/**
 * Looks every so often for as long as its layer lives. One process of many is enough, and each may do it.
 *
 * @default "1 minute"
 */
export const watch = (every: Duration.Input = "1 minute"): Layer.Layer<never, never, SqlTokenStore> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const store = yield* SqlTokenStore
      const vendors = new Set<string>()
      let known: ReadonlySet<string> = new Set()
      const look = Effect.gen(function* () {
        const found = yield* store.unresolved
        for (const { vendor } of found) vendors.add(vendor)
        for (const vendor of vendors) {
          const amount = found.filter((one) => one.vendor === vendor).length
          yield* Metric.update(Metric.withAttributes(open, { vendor }), amount)
        }
        for (const one of found) {
          if (!known.has(nameOf(one))) yield* line(one)
        }
        known = new Set(found.map(nameOf))
      })
      yield* look.pipe(
        Effect.catch((failure) => Effect.logWarning(failure.message)),
        Effect.repeat(Schedule.spaced(every)),
        Effect.forkScoped
      )
    })
  )

const nameOf = ({ account, since, vendor }: Unresolved): string =>
  JSON.stringify([vendor, account, DateTime.toEpochMillis(since)])

const line = ({ account, kind, since, vendor }: Unresolved) =>
  Effect.logWarning(`${vendor}: a ${kind} begun at ${DateTime.formatIso(since)} is unresolved`).pipe(
    Effect.annotateLogs({ vendor, account })
  )
