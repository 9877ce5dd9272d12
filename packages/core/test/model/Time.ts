// Time and order of the model: one virtual time that nothing but a command moves, and one queue of ready tasks.
//
// Decided here: that everything runs synchronously, so that thousands of sequences a second do; that a process has a
// wall clock of its own, which may be set, and timers of its own, which stand still while it sleeps or is stopped; and
// that a seed may change the order of tasks that are ready together and let a fiber yield between any two steps.
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scheduler from "effect/Scheduler"

/** Random numbers of a seed (mulberry32). */
export const random = (seed: number) => {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    next,
    below,
    chance: (part: number) => next() < part,
    pick: <A>(values: ReadonlyArray<A>): A => values[below(values.length)]!
  }
}

export type Random = ReturnType<typeof random>

interface Timer {
  at: number
  readonly run: () => void
  readonly owner: Machine | undefined
}

/** What never ends on its own is a finding of its own. */
export class Endless extends Error {}

export class Time {
  now = Date.UTC(2024, 0, 1)
  private readonly timers: Array<Timer> = []
  private ready: Array<() => void> = []
  private readonly yields: Random | undefined
  private readonly shuffles: Random | undefined
  readonly scheduler: Scheduler.Scheduler

  constructor(options: { readonly yields: Random | undefined; readonly shuffles: Random | undefined }) {
    this.yields = options.yields
    this.shuffles = options.shuffles
    const dispatcher = {
      scheduleTask: (task: () => void) => {
        this.ready.push(task)
      },
      flush: () => {}
    }
    this.scheduler = {
      executionMode: "async",
      // Never at a first step: a fiber that was interrupted before it ran would run all the same.
      shouldYield: ({ currentOpCount }) =>
        currentOpCount >= 2048 || (currentOpCount > 1 && (this.yields?.chance(0.03) ?? false)),
      makeDispatcher: () => dispatcher
    }
  }

  get isQuiet(): boolean {
    return this.ready.length === 0
  }

  /** Runs what is ready, or so many tasks of it. */
  run(tasks = Infinity): void {
    let count = 0
    while (this.ready.length > 0 && count < tasks) {
      if (++count > 20_000) throw new Endless("work without end in one instant")
      const index = this.shuffles === undefined ? 0 : this.shuffles.below(Math.min(this.ready.length, 4))
      const task = this.ready[index]!
      this.ready.splice(index, 1)
      task()
    }
  }

  /** Runs it in so many milliseconds. Gives its cancellation. */
  after(millis: number, run: () => void, owner?: Machine): () => void {
    const timer = { at: Math.max(this.now + millis, owner?.frozenUntil ?? 0), run, owner }
    this.insert(timer)
    return () => {
      const index = this.timers.indexOf(timer)
      if (index >= 0) this.timers.splice(index, 1)
    }
  }

  /** Moves time on, timer by timer. */
  advance(millis: number): void {
    const until = this.now + millis
    let count = 0
    this.run()
    while (this.timers.length > 0 && this.timers.at(-1)!.at <= until) {
      const timer = this.timers.pop()!
      if (++count > 100_000) throw new Endless("timers without end")
      this.now = Math.max(this.now, timer.at)
      timer.run()
      this.run()
    }
    this.now = until
  }

  /** Its timers wait so long; asleep, they also keep what was left of them. */
  freeze(owner: Machine, millis: number, asleep: boolean): void {
    const until = this.now + millis
    const own = this.timers.filter((timer) => timer.owner === owner)
    for (const timer of own) this.timers.splice(this.timers.indexOf(timer), 1)
    for (const timer of own.toReversed()) {
      timer.at = asleep ? timer.at + millis : Math.max(timer.at, until)
      this.insert(timer)
    }
  }

  forget(owner: Machine): void {
    for (const timer of this.timers.filter((timer) => timer.owner === owner)) {
      this.timers.splice(this.timers.indexOf(timer), 1)
    }
  }

  /** Latest first, so that the next one is at the end; equal instants keep their order. */
  private insert(timer: Timer): void {
    let low = 0
    let high = this.timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.timers[middle]!.at > timer.at) low = middle + 1
      else high = middle
    }
    this.timers.splice(low, 0, timer)
  }
}

/** What a process runs on: its clock, its timers, and the switch that takes it from the world at once. */
export class Machine {
  readonly time: Time
  /** How far its wall clock is ahead of the true time. */
  offset = 0
  frozenUntil = 0
  /** How long it was suspended in all. */
  frozen = 0
  /** How long it slept: its monotonic clock stood still. */
  private slept = 0
  isDead = false
  readonly clock: Clock.Clock

  constructor(time: Time) {
    this.time = time
    const millis = () => this.wall
    const nanos = () => BigInt(Math.floor(this.wall)) * 1_000_000n
    const monotonic = () => BigInt(Math.floor(this.time.now - this.slept)) * 1_000_000n
    this.clock = {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => this.wait(Duration.toMillis(duration))
    }
  }

  get wall(): number {
    return this.time.now + this.offset
  }

  get isFrozen(): boolean {
    return this.time.now < this.frozenUntil
  }

  after(millis: number, run: () => void): () => void {
    return this.isDead ? () => {} : this.time.after(millis, run, this)
  }

  wait(millis: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      const cancel = this.after(millis, () => resume(Effect.void))
      return Effect.sync(cancel)
    })
  }

  suspend(millis: number, asleep: boolean): void {
    this.time.freeze(this, millis, asleep)
    this.frozenUntil = this.time.now + millis
    this.frozen += millis
    if (asleep) this.slept += millis
  }

  die(): void {
    this.isDead = true
    this.time.forget(this)
  }
}

/** References of a context, without a layer. */
export const withReference = <A>(
  context: Context.Context<never>,
  reference: Context.Reference<A>,
  value: A
): Context.Context<never> => Context.add(context, reference, value)
