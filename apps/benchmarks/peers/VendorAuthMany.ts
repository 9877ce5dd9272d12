// Many accounts in one layer of vendor-auth: LogiSense's own, and a vendor whose exchanges answer at once. Decided
// here: nothing of the machine is replaced. The refreshes are due when the default policy says, so that the life of the
// first token is chosen for it; the first with HTTP answered from memory, the second without any HTTP, to tell what the
// protocol costs and what an exchange does. Not here: the plain service (`VendorAuth`).
import type * as AccessToken from "@vendor-auth/core/AccessToken"
import type * as AuthService from "@vendor-auth/core/AuthService"
import type * as Issuer from "@vendor-auth/core/Issuer"
import * as ManyAccounts from "@vendor-auth/core/ManyAccounts"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import type { Answer, Plan, StartAccounts } from "./Peer.ts"

/** Log lines are not what is measured. */
export const silent = Layer.succeed(References.MinimumLogLevel, "None")

/** Of the life 65 to 75 % are over when the default policy refreshes. */
const life = (firstDueMs: number) => Math.ceil(firstDueMs / 0.65 / 1000)

/** First every account logs in, then they refresh. */
const answers = (size: number, plan: Plan) => {
  let asked = 0
  return (): Answer | Promise<Answer> => {
    const index = asked++
    return index < size
      ? { access_token: plan.token(index), token_type: "Bearer", expires_in: life(plan.firstDueMs(index)) }
      : plan.refresh(index % size)
  }
}

type Token = Effect.Effect<AccessToken.AccessToken, unknown>

/** Logs every account in, one after the other. */
const housed = <Self>(
  size: number,
  layer: Layer.Layer<Self>,
  tokens: Effect.Effect<(id: string) => Token, never, Self>
) => {
  const scope = Effect.runSync(Scope.make())
  const accounts = { size: 0 }
  const ready = Effect.runPromise(
    Effect.gen(function* () {
      const context = yield* Layer.buildWithScope(Layer.provideMerge(layer, silent), scope)
      const of = yield* Effect.provide(tokens, context)
      for (let i = 0; i < size; i++) {
        yield* Effect.provide(of(`account-${i}`), context)
        accounts.size++
      }
    })
  )
  return { accounts, ready, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const logiSense: StartAccounts = (size, plan) => {
  const answer = answers(size, plan)
  const http = HttpClient.make((request) =>
    Effect.map(
      Effect.promise(async () => answer()),
      (body) => HttpClientResponse.fromWeb(request, Response.json({ ...body, refresh_token: "refresh-1" }))
    )
  )
  const secret = Redacted.make("secret")
  const layer = LogiSenseAuth.layerMany({
    account: (id) =>
      Effect.succeed({ baseUrl: "http://127.0.0.1:9", clientId: id, credentials: { clientSecret: secret } })
  }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http)), Layer.orDie)
  return housed(
    size,
    layer,
    Effect.map(LogiSenseAuth.Many, (many) => (id) => many.of(id).token)
  )
}

class Plain extends ManyAccounts.Service<Plain, AuthService.Shape>()("benchmarks/Plain") {}

const withoutHttp: StartAccounts = (size, plan) => {
  const answer = answers(size, plan)
  const secrets = [Redacted.make("secret")]
  const refreshToken = Redacted.make("refresh-1")
  const exchange: Issuer.Exchange = Effect.map(
    Effect.promise(async () => answer()),
    ({ access_token, expires_in }) => ({
      accessToken: Redacted.make(access_token),
      accessLife: expires_in * 1000,
      refreshToken,
      refreshLife: undefined,
      details: null
    })
  )
  const vendor = "Plain"
  const issuer: Issuer.Issuer = {
    vendor,
    api: "http://127.0.0.1:9",
    account: [],
    refreshTokenUse: "once",
    login: { exchange, secrets },
    refresh: () => exchange
  }
  const layer = ManyAccounts.layer(
    Plain,
    {
      vendor,
      make: (options: TokenEngine.Options) => Effect.map(TokenEngine.make(issuer, options), ({ shape }) => shape),
      extra: () => ({})
    },
    { account: () => Effect.succeed({}) }
  ).pipe(
    Layer.provide(
      Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make(() => Effect.die("nothing is sent"))
      )
    ),
    Layer.orDie
  )
  return housed(
    size,
    layer,
    Effect.map(Plain, (many) => (id) => many.of(id).token)
  )
}

export const accounts: Record<string, StartAccounts> = {
  "vendor-auth LogiSenseAuth.layerMany": logiSense,
  "vendor-auth layerMany without HTTP": withoutHttp
}
