// A process of the model: an engine on a machine, its callers, and its way to the store that all processes share.
//
// Decided here: how a store fails, and how a process dies: its timers stop, no answer reaches it and the store does not
// hear it any more, so that whatever it was doing is never finished. Not here: what is done to it (`Commands`).
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AccessToken } from "../../src/AccessToken.ts"
import * as AuthError from "../../src/AuthError.ts"
import * as AuthHttpClient from "../../src/AuthHttpClient.ts"
import { AuthService, type Shape } from "../../src/AuthService.ts"
import * as Host from "../../src/Host.ts"
import type { RefreshPolicy } from "../../src/RefreshPolicy.ts"
import * as Residents from "../../src/Residents.ts"
import type { Session } from "../../src/Session.ts"
import * as TokenEngine from "../../src/TokenEngine.ts"
import { TokenStore } from "../../src/TokenStore.ts"
import type { Invariants } from "./Invariants.ts"
import type { Caller } from "./Seen.ts"
import { Machine, type Random as Numbers, type Time } from "./Time.ts"
import { canary, type Vendor } from "./Vendor.ts"

export interface World {
  readonly time: Time
  readonly vendor: Vendor
  readonly invariants: Invariants
  readonly policy: Partial<RefreshPolicy>
  /** Milliseconds of a call of the store. */
  readonly storeLatency: number
  /** Its account is one of many: without an engine whenever nothing is done for it. */
  readonly sleeps: boolean
  /** Undefined: no jitter. */
  readonly numbers: Numbers | undefined
  readonly row: { version: number; session: Session | undefined }
  /** How the API answers, whatever token it gets. */
  api: 200 | 401 | 403 | undefined
}

export type StoreFault =
  | { readonly kind: "down"; readonly calls: number }
  /** The next write is carried out and reported as failed, or carried out long after it was given up. */
  | { readonly kind: "answerLost" }
  | { readonly kind: "late"; readonly ms: number }
  /** The next write is carried out, and says so after a while. */
  | { readonly kind: "slow"; readonly ms: number }
  /** The process dies at a write: before or after it is carried out. */
  | { readonly kind: "crash"; readonly writes: number; readonly after: boolean }

const unavailable = Effect.fail(new AuthError.StoreFailure({ problem: "Unavailable" }))

export class Process {
  readonly machine: Machine
  readonly password: string | undefined
  readonly callers = new Map<Caller, Fiber.Fiber<unknown, unknown>>()
  readonly handed: Array<AccessToken> = []
  isClosed = false
  storeFault: StoreFault | undefined
  private signedOutAt = 0
  private readonly world: World
  private readonly context: Context.Context<never>
  private readonly scope: Scope.Closeable
  readonly shape: Shape
  private readonly client: Effect.Success<ReturnType<typeof AuthHttpClient.fromTag>>

  constructor(world: World, password: string | undefined, refreshToken: string | undefined) {
    this.world = world
    this.password = password
    this.machine = new Machine(world.time)
    const numbers = world.numbers
    const next = numbers === undefined ? () => 0.5 : () => numbers.next()
    this.context = Context.empty().pipe(
      Context.add(Clock.Clock, this.machine.clock),
      Context.add(Scheduler.Scheduler, world.time.scheduler),
      Context.add(Random.Random, {
        nextDoubleUnsafe: next,
        nextIntUnsafe: () => Math.floor(next() * 2 ** 32)
      }),
      Context.add(References.TracerEnabled, false),
      Context.add(Logger.CurrentLoggers, new Set([this.logger]))
    ) as Context.Context<never>
    this.scope = this.now(Scope.make())
    const issuer = world.vendor.issuer(this.machine, password, refreshToken)
    const engine = TokenEngine.make(issuer, { account: "model", policy: world.policy }).pipe(
      Effect.provideService(TokenStore, this.store),
      Effect.map(({ shape }) => shape)
    )
    this.shape = this.watched(
      this.now(Effect.provideService(world.sleeps ? this.asleep(engine, issuer.api) : engine, Scope.Scope, this.scope))
    )
    this.client = this.now(
      AuthHttpClient.fromTag(AuthService).pipe(
        Effect.provideService(AuthService, this.shape),
        Effect.provideService(HttpClient.HttpClient, this.api)
      )
    )
  }

  get isLive(): boolean {
    return !this.machine.isDead && !this.isClosed
  }

  get canRun(): boolean {
    return this.isLive && !this.machine.isFrozen
  }

  /** Runs what ends without time. */
  now<A, E>(effect: Effect.Effect<A, E>): A {
    const fiber = Effect.runForkWith(this.context)(effect)
    this.world.time.run()
    const exit = fiber.pollUnsafe()
    if (exit === undefined || Exit.isFailure(exit)) throw new Error(`did not end at once: ${String(exit)}`)
    return exit.value
  }

  /** A caller comes, and is watched until it has its answer. */
  call(what: Caller["what"]): Fiber.Fiber<unknown, unknown> {
    const { invariants, time } = this.world
    const caller: Caller = {
      what,
      by: this.machine,
      order: invariants.tick(),
      startedAt: time.now,
      frozen: this.machine.frozen,
      offset: this.machine.offset,
      isInterrupted: false,
      isDone: false
    }
    if (what === "refresh") invariants.of(this.machine).forcing++
    const seen = invariants.of(this.machine)
    if (what === "signOut") invariants.signsOut(this.machine)
    else seen.called = caller.order
    if (what === "api") seen.calling++
    const asks =
      what === "api" ? this.client.get("/things") : what === "signOut" ? this.shape.signOut : this.shape[what]
    const fiber = Effect.runForkWith(this.context)(asks as Effect.Effect<unknown, unknown>)
    this.callers.set(caller, fiber)
    fiber.addObserver((exit) => {
      if (this.machine.isDead) return
      caller.isDone = true
      this.callers.delete(caller)
      invariants.ends(caller)
      if (what === "api") seen.calling--
      if (what === "refresh") {
        invariants.of(this.machine).forcing--
        if (caller.isInterrupted) invariants.excuse(this.machine)
        // One that failed is tried again by the retry schedule.
        if (Exit.isFailure(exit)) invariants.of(this.machine).success = undefined
      }
      if (Exit.isSuccess(exit)) {
        if (what === "token" || what === "refresh") {
          const token = exit.value as AccessToken
          this.handed.push(token)
          invariants.handed(caller, token)
        }
        if (what === "signOut") invariants.signedOut(this.machine, this.signedOutAt)
        return
      }
      const error = Option.getOrUndefined(Exit.findErrorOption(exit))
      if (error instanceof AuthError.AuthError) invariants.failed(caller, error, this)
      else if (!Exit.hasInterrupts(exit)) invariants.break("nothing dies", String(exit))
      else if (!caller.isInterrupted && !this.isClosed) invariants.break("nobody is interrupted for another", what)
    })
    return fiber
  }

  interrupt(share: number): void {
    let left = Math.ceil(this.callers.size * share)
    for (const [caller, fiber] of this.callers) {
      if (left-- <= 0) return
      caller.isInterrupted = true
      fiber.interruptUnsafe()
    }
  }

  close(): void {
    if (this.machine.isDead) return
    this.isClosed = true
    Effect.runForkWith(this.context)(Scope.close(this.scope, Exit.void))
  }

  die(): void {
    this.world.invariants.isDisturbed = true
    this.world.invariants.isLost = true
    this.machine.die()
    this.callers.clear()
  }

  look(): void {
    if (this.canRun) this.world.invariants.looks(this.machine, this.now(this.shape.status))
  }

  private watched(shape: Shape): Shape {
    return {
      ...shape,
      invalidate: (token) =>
        Effect.suspend(() => {
          this.world.invariants.rejects(this.machine, token)
          return shape.invalidate(token)
        })
    }
  }

  /** The same account with an engine that is made for each of its calls. */
  private asleep(
    engine: Effect.Effect<Shape, AuthError.AuthError, Scope.Scope>,
    api: string
  ): Effect.Effect<Shape, never, Scope.Scope> {
    return Effect.map(
      Residents.make<Shape>({
        vendor: "Acme",
        capacity: 1,
        idleTimeToLive: Infinity,
        make: (_, host) => Effect.provideService(engine, Host.Host, host)
      }),
      (residents): Shape => {
        const use = <A, E>(f: (shape: Shape) => Effect.Effect<A, E>) => residents.use("model", f)
        return {
          api,
          token: use(({ token }) => token),
          refresh: use(({ refresh }) => refresh),
          invalidate: (token) => Effect.orDie(use(({ invalidate }) => invalidate(token))),
          status: Effect.orDie(use(({ status }) => status)),
          changes: Stream.never,
          signOut: use(({ signOut }) => signOut)
        }
      }
    )
  }

  private readonly api = HttpClient.make((request) =>
    Effect.sync(() => {
      const { invariants, vendor } = this.world
      const bearer = (request.headers["authorization"] ?? "").replace("Bearer ", "")
      if (!vendor.accesses.has(bearer)) invariants.break("nothing is sent without a token")
      const status = this.world.api ?? (vendor.accepts(bearer) ? 200 : 401)
      return HttpClientResponse.fromWeb(request, new Response(null, { status }))
    })
  )

  private readonly logger = Logger.make(({ message }) => {
    if (String(message).includes(canary)) this.world.invariants.break("no secret is shown", "in a log")
  })

  // The store.

  private readonly store = TokenStore.of({
    read: () =>
      this.reach(
        Effect.sync(() => {
          this.world.invariants.read(this.machine)
          return { ...this.world.row, now: this.world.time.now }
        })
      ),
    write: (_, version, session) =>
      this.reach(
        Effect.suspend(() => {
          const write = Effect.sync(() => this.write(version, session))
          const fault = this.storeFault
          if (fault === undefined || fault.kind === "down") return write
          if (fault.kind === "crash" && fault.writes > 1) {
            this.storeFault = { ...fault, writes: fault.writes - 1 }
            return write
          }
          this.storeFault = undefined
          switch (fault.kind) {
            case "answerLost":
              return Effect.andThen(write, unavailable)
            case "slow":
              return Effect.tap(write, () => this.machine.wait(fault.ms))
            case "late":
              this.world.time.after(fault.ms, () => {
                if (!this.machine.isDead) this.write(version, session)
              })
              return Effect.never
            case "crash":
              if (fault.after) this.write(version, session)
              this.die()
              return Effect.never
          }
        })
      ),
    due: () => Effect.succeed([]),
    isLasting: true
  })

  /** Calls on their way to the store or back. */
  calling = 0

  private reach<A>(effect: Effect.Effect<A, AuthError.StoreFailure>): Effect.Effect<A, AuthError.StoreFailure> {
    return Effect.suspend(() => {
      if (this.machine.isDead) return Effect.never
      const fault = this.storeFault
      if (fault?.kind === "down") {
        this.storeFault = fault.calls > 1 ? { ...fault, calls: fault.calls - 1 } : undefined
        return unavailable
      }
      const way = this.world.storeLatency / 2
      if (way === 0) return effect
      this.calling++
      return Effect.andThen(
        this.machine.wait(way),
        Effect.tap(effect, () => this.machine.wait(way))
      ).pipe(Effect.ensuring(Effect.sync(() => this.calling--)))
    })
  }

  private write(version: number, session: Session): boolean {
    const { invariants, row } = this.world
    if (row.version !== version) return false
    invariants.stored(this.machine, row.session, session)
    if (session.signedOut > (row.session?.signedOut ?? 0)) this.signedOutAt = session.signedOut
    row.version++
    row.session = session
    return true
  }
}
