// Token managers in Effect 4 by hand: what an Effect user writes without a library. Decided here: five ways that
// Effect's own modules suggest, and the limits below them: the least an Effect can do to read a token, and the least a
// burst can do. Not here: what is measured (`measured`), and clients over them (`Effect`).
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Resource from "effect/Resource"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Closure from "./Closure.ts"
import type { Environment, Reader, Start } from "./Peer.ts"

type Token = Closure.Token

/** A manager: a read, and a refresh unless somebody replaced the rejected token meanwhile. */
export interface Manager {
  readonly get: Effect.Effect<unknown, unknown>
}

/** One that heals a 401 too. */
export interface Healing {
  readonly get: Effect.Effect<string, unknown>
  readonly refreshIf: (rejected: string) => Effect.Effect<string, unknown>
}

export type Make<M extends Manager = Manager> = (environment: Environment) => Effect.Effect<M, unknown, Scope.Scope>

const seedOf = ({ seed }: Environment): Token | undefined =>
  seed && { accessToken: seed.token, expiresAt: seed.expiresAt }

const validSeed = (environment: Environment) =>
  environment.seed && environment.seed.expiresAt > Date.now() ? seedOf(environment) : undefined

const acquireOf = ({ requestToken }: Environment) => Effect.map(Effect.tryPromise(requestToken), Closure.toToken)

const lifeOf =
  ({ skewMs }: Environment) =>
  (exit: Exit.Exit<Token, unknown>) =>
    Exit.isSuccess(exit) ? Duration.millis(Math.max(0, exit.value.expiresAt - Date.now() - skewMs)) : Duration.zero

/** The state is the token and, while a refresh runs, its Deferred. A caller that is cancelled cancels no other. */
export const refDeferred: Make<Healing> = Effect.fnUntraced(function* (environment) {
  const acquire = acquireOf(environment)
  interface State {
    readonly token: Token | undefined
    readonly pending: Deferred.Deferred<Token, unknown> | undefined
  }
  const state = yield* Ref.make<State>({ token: seedOf(environment), pending: undefined })
  const startOrJoin = (isUsable: (token: Token) => boolean) =>
    Effect.flatMap(Deferred.make<Token, unknown>(), (mine) =>
      Effect.flatMap(
        Ref.modify(state, (s): readonly [Effect.Effect<Token, unknown>, State] => {
          if (s.token !== undefined && isUsable(s.token)) return [Effect.succeed(s.token), s]
          if (s.pending !== undefined) return [Deferred.await(s.pending), s]
          const run = acquire.pipe(
            Effect.onExit((exit) =>
              Effect.andThen(
                Ref.update(state, (s) => ({ token: Exit.isSuccess(exit) ? exit.value : s.token, pending: undefined })),
                Deferred.done(mine, exit)
              )
            ),
            Effect.forkDetach
          )
          return [Effect.andThen(run, Deferred.await(mine)), { token: s.token, pending: mine }]
        }),
        (next) => next
      )
    )
  const isFresh = (now: number) => (token: Token) => token.expiresAt - environment.skewMs > now
  const token = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.flatMap(Ref.get(state), (s) =>
      s.token !== undefined && isFresh(now)(s.token) ? Effect.succeed(s.token) : startOrJoin(isFresh(now))
    )
  )
  return {
    get: Effect.map(token, ({ accessToken }) => accessToken),
    refreshIf: (rejected) =>
      Effect.map(
        startOrJoin(({ accessToken }) => accessToken !== rejected),
        ({ accessToken }) => accessToken
      )
  }
})

/** The same in one Effect.gen per read, the style that the documentation shows first. */
export const refDeferredGen: Make = Effect.fnUntraced(function* (environment) {
  const inner = yield* refDeferred(environment)
  const accessToken = yield* inner.get
  const state = yield* Ref.make<Token>({ accessToken, expiresAt: Date.now() + 3_600_000 })
  return {
    get: Effect.gen(function* () {
      const { accessToken, expiresAt } = yield* Ref.get(state)
      const now = yield* Clock.currentTimeMillis
      if (expiresAt - environment.skewMs > now) return accessToken
      return yield* inner.get
    })
  }
})

/** effect/Cache with one key; its time to live comes from the token. */
export const cache: Make<Healing> = Effect.fnUntraced(function* (environment) {
  const tokens = yield* Cache.makeWith((_key: string) => acquireOf(environment), {
    capacity: 16,
    timeToLive: lifeOf(environment)
  })
  const seed = validSeed(environment)
  if (seed !== undefined) yield* Cache.set(tokens, "token", seed)
  const get = Effect.map(Cache.get(tokens, "token"), ({ accessToken }) => accessToken)
  return {
    get,
    refreshIf: (rejected) =>
      Effect.andThen(
        Cache.invalidateWhen(tokens, "token", ({ accessToken }) => accessToken === rejected),
        get
      )
  }
})

/** Effect.cachedInvalidateWithTTL, the memoizer of one value; its time to live is computed from the token. */
export const cached: Make<Healing> = Effect.fnUntraced(function* (environment) {
  let seed = validSeed(environment)
  const acquire = Effect.suspend((): Effect.Effect<Token, unknown> => {
    if (seed === undefined) return acquireOf(environment)
    const first = seed
    seed = undefined
    return Effect.succeed(first)
  })
  const [token, invalidate] = yield* Effect.cachedInvalidateWithTTL(acquire, lifeOf(environment))
  const get = Effect.map(token, ({ accessToken }) => accessToken)
  return {
    get,
    refreshIf: (rejected) =>
      Effect.flatMap(get, (now) => (now === rejected ? Effect.andThen(invalidate, get) : Effect.succeed(now)))
  }
})

/** effect/Resource refreshed on a schedule in the background: a read never looks at the clock. */
export const resource: Make = Effect.fnUntraced(function* (environment) {
  const seed = seedOf(environment)
  const tokens = yield* Resource.auto(
    Effect.suspend(() => (seed === undefined ? acquireOf(environment) : Effect.succeed(seed))),
    Schedule.spaced("30 minutes")
  )
  return { get: Effect.map(Resource.get(tokens), ({ accessToken }) => accessToken) }
})

/** The least an Effect can do to read a token with its expiry, by the fiber's clock. */
export const limit: Make = () =>
  Effect.sync(() => {
    const expiresAt = Date.now() + 3_600_000
    const exit = Exit.succeed({ accessToken: "t", expiresAt })
    return {
      get: Effect.withFiber((fiber) =>
        fiber.getRef(Clock.Clock).currentTimeMillisUnsafe() < expiresAt ? exit : Effect.die("expired")
      )
    }
  })

/** The same with one clock call, which no test clock moves. */
export const limitOfDate: Make = () =>
  Effect.sync(() => {
    const expiresAt = Date.now() + 3_600_000
    const exit = Exit.succeed({ accessToken: "t", expiresAt })
    return { get: Effect.suspend(() => (Date.now() < expiresAt ? exit : Effect.die("expired"))) }
  })

/** The least a burst can do: every caller awaits one Deferred that one request completes. */
export const oneDeferred: Make = (environment) =>
  Effect.sync(() => {
    const landing = Deferred.makeUnsafe<string>()
    const seed = validSeed(environment)
    let started = seed !== undefined
    if (seed !== undefined) Deferred.doneUnsafe(landing, Exit.succeed(seed.accessToken))
    return {
      get: Effect.suspend(() => {
        if (!started) {
          started = true
          void environment
            .requestToken()
            .then(({ access_token }) => Deferred.doneUnsafe(landing, Exit.succeed(access_token)))
        }
        return Deferred.await(landing)
      })
    }
  })

type Kind = "in a fiber" | "runPromise" | "runSync"

/** A manager as readers: inside one fiber, or through one entry of the runtime per call. */
export const readers = (
  label: string,
  make: Make,
  kinds: ReadonlyArray<Kind> = ["in a fiber", "runPromise"]
): Record<string, Start<Reader>> => {
  const start = async (environment: Environment) => {
    const scope = Effect.runSync(Scope.make())
    const { get } = await Effect.runPromise(Effect.provideService(make(environment), Scope.Scope, scope))
    const run = () => Effect.runPromise(get)
    return { effect: get, get: run, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
  }
  const all: Record<Kind, Start<Reader>> = {
    "in a fiber": async (environment) => {
      const manager = await start(environment)
      return {
        ...manager,
        loop: (times) =>
          Effect.runPromise(
            Effect.gen(function* () {
              let last: unknown
              for (let i = 0; i < times; i++) last = yield* manager.effect
              return last
            })
          ),
        // All callers as fibers of one program.
        burst: (callers) =>
          Effect.runPromise(
            Effect.forEach(Array.from({ length: callers }), () => manager.effect, {
              concurrency: "unbounded",
              discard: true
            })
          )
      }
    },
    runPromise: start,
    runSync: async (environment) => {
      const manager = await start(environment)
      await manager.get()
      return { ...manager, getSync: () => Effect.runSync(manager.effect) }
    }
  }
  return Object.fromEntries(kinds.map((kind) => [`${label}, ${kind}`, all[kind]]))
}
