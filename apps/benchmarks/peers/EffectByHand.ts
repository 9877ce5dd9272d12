// Effect 4 by hand, without a library: the baseline of an Effect user. `effect` is the workspace's own copy, by a link,
// and so is the one that ours loads: both run the same runtime.
// Decided here: clients over the managers, and many accounts in two ways. Not here: the managers themselves.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Resource from "effect/Resource"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Closure from "./Closure.ts"
import * as Managers from "./EffectManagers.ts"
import { constantToken, type Client, type Peer, type Start } from "./Peer.ts"

const drain = (response: HttpClientResponse.HttpClientResponse) => Effect.map(response.text, () => response.status)

/** Raw and authenticated requests are run the same way, one runPromise each. */
const clientOf =
  (
    layer: Layer.Layer<HttpClient.HttpClient>,
    make: Managers.Make<Managers.Healing>,
    options: { readonly retries: boolean } = { retries: false }
  ): Start<Client> =>
  async (environment) => {
    const scope = Effect.runSync(Scope.make())
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    const client = await Effect.runPromise(Effect.provide(HttpClient.HttpClient, context))
    const { get, refreshIf } = await Effect.runPromise(Effect.provideService(make(environment), Scope.Scope, scope))
    const run = Effect.runPromiseWith(context)
    const authedClient = HttpClient.mapRequestEffect(client, (request) =>
      Effect.map(get, (token) => HttpClientRequest.bearerToken(request, token))
    )
    const send = (url: string, token: string) =>
      client.execute(HttpClientRequest.bearerToken(HttpClientRequest.get(url), token))
    const withRetry = (url: string) =>
      Effect.flatMap(get, (token) =>
        Effect.flatMap(send(url, token), (response) =>
          response.status !== 401
            ? drain(response)
            : response.text.pipe(
                Effect.andThen(refreshIf(token)),
                Effect.flatMap((next) => send(url, next)),
                Effect.flatMap(drain)
              )
        )
      )
    return {
      raw: (url) =>
        run(Effect.flatMap(client.get(url, { headers: { authorization: `Bearer ${constantToken}` } }), drain)),
      authed: options.retries
        ? (url) => run(withRetry(url))
        : (url) => run(Effect.flatMap(authedClient.get(url), drain)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }

const retries = { retries: true }

const detached = Effect.asVoid(Effect.forkDetach(Effect.sleep("1 hour")))

export const peer: Peer = {
  id: "effect (by hand)",
  readers: {
    ...Managers.readers("Effect Ref+Deferred", Managers.refDeferred),
    ...Managers.readers("Effect cachedInvalidateWithTTL", Managers.cached),
    ...Managers.readers("Effect Cache", Managers.cache),
    ...Managers.readers("Effect one Deferred (burst limit)", Managers.oneDeferred, ["in a fiber"])
  },
  limits: {
    ...Managers.readers("Effect Ref+Deferred, gen per read", Managers.refDeferredGen, ["in a fiber"]),
    ...Managers.readers("Effect Resource.auto", Managers.resource, ["in a fiber"]),
    ...Managers.readers("Effect limit: the fiber's clock", Managers.limit),
    ...Managers.readers("Effect limit: one clock call", Managers.limitOfDate)
  },
  clients: {
    "Effect fetch + Ref/Deferred": clientOf(FetchHttpClient.layer, Managers.refDeferred),
    "Effect fetch + Ref/Deferred + 401 retry": clientOf(FetchHttpClient.layer, Managers.refDeferred, retries),
    "Effect undici + Ref/Deferred + 401 retry": clientOf(NodeHttpClient.layerUndici, Managers.refDeferred, retries)
  },
  stormClients: {
    "Effect undici + Cache + 401 retry": clientOf(NodeHttpClient.layerUndici, Managers.cache, retries),
    "Effect undici + cachedInvalidate + 401 retry": clientOf(NodeHttpClient.layerUndici, Managers.cached, retries)
  },
  accounts: {
    "Effect: fiber per account": (size, plan) => {
      const accounts = new Map<string, { readonly interrupt: () => void }>()
      for (let i = 0; i < size; i++) {
        const ref = Ref.makeUnsafe<Closure.Token>({
          accessToken: plan.token(i),
          expiresAt: Date.now() + plan.nextMs
        })
        const fiber = Effect.runFork(
          Effect.gen(function* () {
            let wait = plan.firstDueMs(i)
            while (true) {
              yield* Effect.sleep(wait)
              yield* Ref.set(ref, Closure.toToken(yield* Effect.promise(() => plan.refresh(i))))
              wait = plan.nextMs
            }
          })
        )
        accounts.set(`account-${i}`, { interrupt: () => fiber.interruptUnsafe() })
      }
      return {
        accounts,
        stop: () => {
          for (const { interrupt } of accounts.values()) interrupt()
        }
      }
    },
    "Effect: one fiber + binary heap": (size, plan) => {
      const accounts = new Map<string, Ref.Ref<Closure.Token>>()
      const refs: Array<Ref.Ref<Closure.Token>> = []
      const heap = new Closure.DueHeap()
      const begun = Date.now()
      for (let i = 0; i < size; i++) {
        const ref = Ref.makeUnsafe<Closure.Token>({ accessToken: plan.token(i), expiresAt: begun + plan.nextMs })
        refs.push(ref)
        accounts.set(`account-${i}`, ref)
        heap.push(begun + plan.firstDueMs(i), i)
      }
      const refresh = (i: number) =>
        Effect.flatMap(
          Effect.promise(() => plan.refresh(i)),
          (answer) => Ref.set(refs[i]!, Closure.toToken(answer))
        )
      const fiber = Effect.runFork(
        Effect.gen(function* () {
          while (true) {
            yield* Effect.sleep(Math.max(1, heap.peek() - Date.now()))
            const now = Date.now()
            while (heap.size > 0 && heap.peek() <= now) {
              const i = heap.pop()
              yield* Effect.forkDetach(refresh(i))
              heap.push(now + plan.nextMs, i)
            }
          }
        })
      )
      return { accounts, stop: () => fiber.interruptUnsafe() }
    },
    "Effect: Resource.auto per account": (size, plan) => {
      const accounts = new Map<string, unknown>()
      const scope = Effect.runSync(Scope.make())
      const ready = Effect.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < size; i++) {
            let isFirst = true
            const acquire = Effect.suspend(() => {
              if (!isFirst)
                return Effect.map(
                  Effect.promise(() => plan.refresh(i)),
                  Closure.toToken
                )
              isFirst = false
              return Effect.succeed<Closure.Token>({
                accessToken: plan.token(i),
                expiresAt: Date.now() + plan.nextMs
              })
            })
            // For the measure of CPU one refresh is enough.
            const due = plan.firstDueMs(i)
            const policy: Schedule.Schedule<unknown> = plan.shorten ? Schedule.duration(due) : Schedule.spaced(due)
            accounts.set(`account-${i}`, yield* Resource.auto(acquire, policy))
          }
        }).pipe(Effect.provideService(Scope.Scope, scope))
      )
      return { accounts, ready, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
    }
  },
  entries: {
    "effect only (Ref+Deferred)": "EffectByHand.js",
    "effect + HttpClient (fetch)": "EffectHttp.js"
  },
  longLife: {
    "Effect.sleep loop": ({ count, ms }) => {
      Effect.runFork(
        Effect.gen(function* () {
          while (true) {
            yield* Effect.sleep(ms - 60_000)
            count()
          }
        })
      )
    },
    "Effect Resource.auto(Schedule.spaced)": ({ count, ms }) => {
      let isFirst = true
      const acquire = Effect.sync(() => {
        if (!isFirst) count()
        isFirst = false
      })
      const scope = Effect.runSync(Scope.make())
      return Effect.runPromise(
        Effect.provideService(Resource.auto(acquire, Schedule.spaced(ms - 60_000)), Scope.Scope, scope)
      )
    }
  },
  exit: {
    "Effect forkDetach + runPromise": () => Effect.runPromise(detached),
    "Effect forkScoped in Effect.scoped": () =>
      Effect.runPromise(Effect.scoped(Effect.asVoid(Effect.forkScoped(Effect.sleep("1 hour"))))),
    "Effect forkDetach + NodeRuntime.runMain": () => NodeRuntime.runMain(detached)
  }
}
