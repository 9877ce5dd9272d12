/**
 * The accounts that are in memory: each asleep on its record, or awake with an engine while something is done for it.
 *
 * Decided here: that an engine is made where a record does not answer by itself, and dropped as soon as its account is
 * quiet, so that an account costs what it has to remember; that one timer wakes all of them; how many there may be; and
 * that none is forgotten with which anything could be lost. Not here: what an account does (`TokenEngine`), and
 * accounts that are due and not in memory (`DueRounds`).
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Agenda from "./Agenda.ts"
import * as AuthError from "./AuthError.ts"
import * as Healing from "./Healing.ts"
import type * as Host from "./Host.ts"
import * as Memory from "./Memory.ts"
import * as Resident from "./Resident.ts"
import * as RetryBudget from "./RetryBudget.ts"
import * as Timer from "./Timer.ts"
import * as TokenLifecycle from "./TokenLifecycle.ts"

/** How accounts are housed. */
export interface Options<S> {
  readonly vendor: string
  readonly capacity: number
  /** Milliseconds. */
  readonly idleTimeToLive: number
  /** Makes the service of an account for its host. */
  readonly make: (id: string, host: Host.Host) => Effect.Effect<S, AuthError.AuthError, Scope.Scope>
}

/** All of them. */
export interface Residents<S> {
  readonly get: (id: string) => Resident.Resident<S> | undefined
  readonly size: () => number
  /** A caller asks for an account: gives its service, which is kept as long as the scope is open. */
  readonly hold: (id: string) => Effect.Effect<S, AuthError.AuthError, Scope.Scope>
  /** The same for as long as something is done with it. */
  readonly use: <A, E>(id: string, f: (service: S) => Effect.Effect<A, E>) => Effect.Effect<A, E | AuthError.AuthError>
  /**
   * Refreshes an account that the store says is due, on nobody's behalf. Gives the moment until which it is left alone
   * though the store goes on saying so, since its own schedule is later; undefined where it could not be refreshed.
   */
  readonly visit: (id: string) => Effect.Effect<number | undefined, AuthError.AuthError>
}

/** Milliseconds between two tries to wake an account whose options cannot be looked up; up to twice that, at random. */
const lookAgainAfter = 60_000

/** So many are waked in one go before others have their turn. */
const atOnce = 256

/** Opens the house. It ends with the scope, and nothing is remembered then. */
export const make = Effect.fnUntraced(function* <S>(
  options: Options<S>
): Effect.fn.Return<Residents<S>, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const now = () => clock.currentTimeMillisUnsafe()
  const residents = new Map<string, Resident.Resident<S>>()
  const agenda = Agenda.make<Resident.Resident<S>>()
  const budget = RetryBudget.make()
  const warning = { isGiven: false }
  /** Opened when the nearest moment comes nearer. */
  const nearer = Latch.makeUnsafe(false)

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      residents.forEach(({ memory }) => Memory.forget(memory))
      residents.clear()
    })
  )

  /** What is owed to the store is tried again, though nobody asks for the account. */
  const alarm = (resident: Resident.Resident<S>, at: number) => {
    const { owed, state } = resident.memory
    const nearest = agenda.next()
    const payAt = Math.max(now() + 1_000, state.failure?.retryAt ?? now() + lookAgainAfter)
    agenda.set(resident, owed === undefined ? at : Math.min(at, payAt))
    if (agenda.next() < nearest) nearer.openUnsafe()
  }

  const isDispensable = ({ awake, memory, uses }: Resident.Resident<S>) =>
    uses === 0 && awake === undefined && Memory.isDispensable(memory, now()) && Healing.isQuiet(memory)

  const forget = (resident: Resident.Resident<S>) => {
    agenda.set(resident, Infinity)
    // Who comes last to one that was forgotten must not forget its successor.
    if (residents.get(resident.id) === resident) residents.delete(resident.id)
  }

  /** Whether there is room for one more: the account that was not used for longest makes it, if it may be forgotten. */
  const hasRoom = (): boolean => {
    if (residents.size < options.capacity) return true
    let left = residents.size
    for (const resident of residents.values()) {
      if (left-- === 0) return false
      const wasUsed = resident.usedAt > resident.consideredAt
      if (!wasUsed && isDispensable(resident)) {
        forget(resident)
        return true
      }
      // To the end of the line.
      resident.consideredAt = now()
      residents.delete(resident.id)
      residents.set(resident.id, resident)
    }
    return false
  }

  const enter = (id: string, isAsked: boolean): Effect.Effect<Resident.Resident<S>, AuthError.AuthError> =>
    Effect.suspend(() => {
      if (scope.state._tag === "Closed") return Effect.interrupt
      let resident = residents.get(id)
      if (resident === undefined) {
        if (!hasRoom()) return isFull
        resident = Resident.make(id, now())
        residents.set(id, resident)
      }
      if (isAsked) resident.usedAt = now()
      resident.uses++
      return Effect.succeed(resident)
    })

  const isFull = Effect.fail(
    new AuthError.AuthError({
      vendor: options.vendor,
      reason: new AuthError.AccountUnavailable({ problem: "Full" })
    })
  )

  const leave = (resident: Resident.Resident<S>) =>
    Effect.sync(() => {
      resident.uses--
      rest(resident)
    })

  /** Drops what is not needed of an account that is quiet. */
  const rest = (resident: Resident.Resident<S>) => {
    const { awake, memory, usedAt, uses } = resident
    if (uses > 0 || (awake !== undefined && awake.controls?.isBusy() !== false)) return
    if (awake !== undefined) {
      resident.awake = undefined
      awake.controls!.rest()
      close(awake)
    }
    // What the API refused is remembered, in case the vendor gives it again.
    const isBlank = memory.state === TokenLifecycle.initial && memory.rejected === undefined
    const isVisitor = usedAt === -Infinity && resident.at > now() + 1_000
    if ((isBlank || isVisitor) && isDispensable(resident)) forget(resident)
  }

  const close = ({ scope }: Resident.Awake<S>) => {
    const closing = Scope.closeUnsafe(scope, Exit.void)
    if (closing !== undefined) Effect.runForkWith(context)(Effect.uninterruptible(closing))
  }

  /** Without what the context of the caller who happened to be first holds: a span, a transaction. */
  const inOwnContext = <A>(effect: Effect.Effect<A>) =>
    Effect.updateContext<A, never, never, never>(effect, () => context)

  /** The service of an account, made once for all who ask; it is not lost with the one who asked first. */
  const awaken = (resident: Resident.Resident<S>): Effect.Effect<S, AuthError.AuthError> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const { awake } = resident
        if (awake !== undefined) return restore(Deferred.await(awake.service))
        const made: Resident.Awake<S> = {
          scope: Scope.forkUnsafe(scope),
          service: Deferred.makeUnsafe(),
          controls: undefined
        }
        resident.awake = made
        const host = hostOf(resident, made)
        const making = Effect.provideService(options.make(resident.id, host), Scope.Scope, made.scope)
        const fiber = Effect.forkIn(Effect.interruptible(making), scope, { startImmediately: true })
        return Effect.flatMap(inOwnContext(fiber), (making) => {
          // On the fiber and not in it: a scope that is closed by now ends a fiber before it runs.
          making.addObserver((exit) => {
            if (Exit.isFailure(exit)) {
              resident.awake = undefined
              close(made)
            }
            Deferred.doneUnsafe(made.service, exit)
            rest(resident)
          })
          return restore(Deferred.await(made.service))
        })
      })
    )

  const hostOf = (resident: Resident.Resident<S>, awake: Resident.Awake<S>): Host.Host => ({
    memory: resident.memory,
    warning,
    attach: (controls) => {
      awake.controls = controls
    },
    alarm: (at) => alarm(resident, at),
    started: budget.started,
    mayRetry: (at) => budget.take(at, residents.size),
    landed: (hasSucceeded) => {
      if (hasSucceeded) budget.succeeded()
      rest(resident)
    }
  })

  const using = <A, E>(
    id: string,
    isAsked: boolean,
    f: (service: S, resident: Resident.Resident<S>) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | AuthError.AuthError> =>
    Effect.acquireUseRelease(
      enter(id, isAsked),
      (resident) => Effect.flatMap(awaken(resident), (service) => f(service, resident)),
      leave
    )

  const ring = (resident: Resident.Resident<S>) =>
    Effect.catch(
      using(resident.id, false, (_, { awake, memory }) => awake!.controls!.wake(memory.owed !== undefined)),
      (error) =>
        Effect.gen(function* () {
          alarm(resident, now() + Math.round(lookAgainAfter * (1 + (yield* Random.next))))
          yield* Effect.logDebug(error.message)
        })
    )

  const timekeeper = Effect.gen(function* () {
    while (true) {
      nearer.closeUnsafe()
      const at = agenda.next()
      if (at === Infinity) yield* nearer.await
      else if (at > now()) yield* Effect.raceFirst(nearer.await, Timer.sleepTowards(at, now()))
      for (let i = 0; i < atOnce; i++) {
        const resident = agenda.take(now())
        if (resident === undefined) break
        yield* Effect.forkIn(ring(resident), scope)
      }
      yield* Effect.yieldNow
    }
  })

  const sweep = Effect.sync(() => {
    const before = now() - options.idleTimeToLive
    for (const resident of residents.values()) {
      if (resident.usedAt <= before && isDispensable(resident)) forget(resident)
    }
  })

  yield* Effect.forkIn(timekeeper, scope)
  if (options.idleTimeToLive < Infinity) {
    const pause = Math.max(1_000, options.idleTimeToLive / 8)
    yield* Effect.forkIn(Effect.forever(Effect.andThen(Effect.sleep(pause), sweep)), scope)
  }

  return {
    get: (id) => residents.get(id),
    size: () => residents.size,
    hold: (id) => Effect.flatMap(Effect.acquireRelease(enter(id, true), leave), awaken),
    use: (id, f) => using(id, true, f),
    visit: (id) =>
      using(
        id,
        false,
        Effect.fnUntraced(function* (_, { awake, memory }) {
          const { settled, wake } = awake!.controls!
          // The first flight learns what the store has, and the second one refreshes it.
          for (const isDue of [true, false]) {
            yield* wake(isDue)
            yield* settled
          }
          const { failure, held } = memory.state
          if (failure !== undefined) return undefined
          const isListed = (memory.session?.dueAt ?? Infinity) <= now()
          return isListed && held !== undefined ? held.timerAt : 0
        })
      )
  }
})
