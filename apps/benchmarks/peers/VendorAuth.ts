// vendor-auth with its LogiSense vendor: the published build, as its README sets it up. Decided here: how a token gets
// into it. A valid seed comes from a login that is answered from memory; one that is expired is logged in for and then
// rejected, since nothing else may put a token into an engine. Not here: the measures.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Managers from "./EffectManagers.ts"
import * as VendorAuthMany from "./VendorAuthMany.ts"
import { constantToken, type Answer, type Client, type Environment, type Peer, type Start } from "./Peer.ts"

const { silent } = VendorAuthMany

const optionsOf = ({ tokenUrl }: Pick<Environment, "tokenUrl">): LogiSenseAuth.Options => {
  const { origin, pathname } = new URL(tokenUrl)
  return {
    baseUrl: origin,
    loginPath: pathname,
    clientId: "id",
    credentials: { clientSecret: Redacted.make("secret") }
  }
}

/** A client that answers every request from memory with tokens. */
const answering = (answer: () => Answer | Promise<Answer>) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.map(
        Effect.promise(async () => answer()),
        (body) =>
          HttpClientResponse.fromWeb(request, Response.json({ ...body, refresh_token: "refresh-1" }, { status: 200 }))
      )
    )
  )

const reader: Managers.Make = Effect.fnUntraced(function* (environment) {
  const { seed } = environment
  const isValid = seed !== undefined && seed.expiresAt > Date.now()
  const answer = { access_token: seed?.token ?? "", token_type: "Bearer", expires_in: 3600 }
  const layer = isValid ? answering(() => answer) : FetchHttpClient.layer
  const context = yield* Layer.build(Layer.merge(layer, silent))
  const service = yield* Effect.provide(LogiSenseAuth.make(optionsOf(environment)), context)
  const token = yield* service.token
  if (!isValid && seed !== undefined) yield* Effect.provide(service.invalidate(token), silent)
  return { get: service.token }
})

/**
 * A limit in a process in which a login ran. Where nothing but the limit ever ran, V8 compiles Effect's run loop
 * for that one effect alone, which no program has: a figure to compare with is this one.
 */
const beside =
  (make: Managers.Make): Managers.Make =>
  (environment) =>
    Effect.andThen(
      Effect.flatMap(reader(environment), ({ get }) => get),
      make(environment)
    )

const drain = (response: HttpClientResponse.HttpClientResponse) => Effect.map(response.text, () => response.status)

const clientOf =
  (http: Layer.Layer<HttpClient.HttpClient>): Start<Client> =>
  async (environment) => {
    const scope = Effect.runSync(Scope.make())
    const layer = Layer.provideMerge(LogiSenseAuth.layer(optionsOf(environment)), Layer.merge(http, silent))
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    const run = Effect.runPromiseWith(context)
    const raw = await run(HttpClient.HttpClient)
    const client = await run(LogiSenseAuth.httpClient)
    // What ours sends beside the bearer: without it on both sides, `Accept` were counted as what auth costs.
    const constant = { headers: { accept: "application/json", authorization: `Bearer ${constantToken}` } }
    return {
      raw: (url) => run(Effect.flatMap(raw.get(url, constant), drain)),
      authed: (url) => run(Effect.flatMap(client.get(url), drain)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }

const read = Effect.flatMap(LogiSenseAuth.LogiSenseAuth, ({ token }) => token)

const appOf = (environment: Environment) =>
  LogiSenseAuth.layer(optionsOf(environment)).pipe(Layer.provide(FetchHttpClient.layer), Layer.merge(silent))

export const peer: Peer = {
  id: "vendor-auth",
  readers: Managers.readers("vendor-auth", reader),
  limits: {
    ...Managers.readers("vendor-auth", reader, ["runSync"]),
    ...Managers.readers("Effect limit: the fiber's clock, where vendor-auth ran", beside(Managers.limit)),
    ...Managers.readers("Effect limit: one clock call, where vendor-auth ran", beside(Managers.limitOfDate))
  },
  clients: {
    "vendor-auth, Effect fetch": clientOf(FetchHttpClient.layer),
    "vendor-auth, Effect undici": clientOf(NodeHttpClient.layerUndici)
  },
  accounts: VendorAuthMany.accounts,
  entries: {
    "vendor-auth core + LogiSense, effect outside": "VendorAuthAll.js",
    "vendor-auth + effect + HttpClient (fetch)": "VendorAuth.js"
  },
  longLife: {
    "vendor-auth": ({ count, ms }) => {
      let isFirst = true
      const answer = () => {
        if (!isFirst) count()
        isFirst = false
        return { access_token: "t", token_type: "Bearer", expires_in: ms / 1000 }
      }
      const options = optionsOf({ tokenUrl: "http://127.0.0.1:9/token" })
      const layer = LogiSenseAuth.layer(options).pipe(Layer.provide(answering(answer)), Layer.merge(silent))
      Effect.runFork(Effect.provide(Effect.andThen(read, Effect.never), layer))
    }
  },
  exit: {
    "vendor-auth, layer in runPromise": (environment) => Effect.runPromise(Effect.provide(read, appOf(environment))),
    "vendor-auth, NodeRuntime.runMain": (environment) =>
      NodeRuntime.runMain(Effect.asVoid(Effect.provide(read, appOf(environment))))
  }
}
