/**
 * The timer of one account: one fiber that sleeps until the moment that was set last.
 *
 * Decided here: that it sleeps in pieces, so that a machine that slept or a clock that was set is noticed within a
 * minute. Not here: which moment matters (`TokenLifecycle`), and the one timer of many accounts (`Residents`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

/** Sets the moment, in milliseconds since the epoch, in place of the one before; `Infinity` for none. */
export type Timer = (at: number) => Effect.Effect<void>

/** Milliseconds that are slept at once, at most. */
const longestSleep = 60_000

/**
 * Sleeps until a moment or a piece of the way. In whole milliseconds: a clock for tests may stand a fraction of a
 * nanosecond before it, and a sleep of so much is none, again and again.
 */
export const sleepTowards = (at: number, now: number): Effect.Effect<void> =>
  Effect.sleep(Math.min(Math.ceil(Math.max(0, at - now)), longestSleep))

/** Makes a timer that runs an effect at the moment that is set, once, or earlier; it ends with the scope. */
export const make = Effect.fnUntraced(function* (
  ring: Effect.Effect<unknown>
): Effect.fn.Return<Timer, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  let armed: { readonly at: number; readonly fiber: Fiber.Fiber<unknown> } | undefined
  return (at) => {
    if (at === armed?.at || scope.state._tag === "Closed") return Effect.void
    const disarm = armed === undefined ? Effect.void : Fiber.interrupt(armed.fiber)
    armed = undefined
    if (at === Infinity) return disarm
    return sleepTowards(at, clock.currentTimeMillisUnsafe()).pipe(
      Effect.andThen(
        Effect.suspend(() => {
          armed = undefined
          return ring
        })
      ),
      Effect.provideContext(context),
      Effect.forkIn(scope),
      Effect.flatMap((fiber) => {
        armed = { at, fiber }
        return disarm
      })
    )
  }
})
