// What the guarantees of many accounts are tested with: a vendor in a few lines that knows which tenant was given which
// token, a layer of many accounts over it, and an API that checks whose token it is sent.
// Not here: any expectation.
import type { Shape } from "@vendor-auth/core/AuthService"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as ManyAccounts from "@vendor-auth/core/ManyAccounts"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Acme from "./Acme.ts"

export class Many extends ManyAccounts.Service<Many, Shape>()("test/AcmeMany") {}

interface Options extends TokenEngine.Options {
  readonly tenant: string
}

interface Sent {
  readonly tenant: string
  readonly what: "login" | "refresh"
  readonly at: number
}

export type Answer = (given: Issuer.TokenSet, sent: Sent) => Issuer.Exchange

/** A vendor of many tenants: what it was sent, whose its tokens are, and what its API saw of tenants it did not know. */
export const world = (options: { readonly life?: number } = {}) => {
  const acme = {
    sent: [] as Array<Sent>,
    looked: [] as Array<string>,
    isLookupDown: false,
    owner: new Map<string, string>(),
    calls: 0,
    mismatches: 0,
    answer: Effect.succeed as Answer,
    policy: { refresh: RefreshPolicy.beforeExpiry() } as Acme.Policy
  }
  const passwords = new Map<string, Redacted.Redacted<string>>()

  const exchange = (tenant: string, what: Sent["what"]): Issuer.Exchange =>
    Effect.flatMap(Clock.currentTimeMillis, (at) => {
      const sent = { tenant, what, at }
      const n = acme.sent.push(sent)
      const given = Acme.tokens(n, options.life)
      acme.owner.set(Redacted.value(given.accessToken), encodeURIComponent(tenant))
      return acme.answer(given, sent)
    })

  const make = ({ account, policy, tenant }: Options) => {
    const password = passwords.get(tenant) ?? Redacted.make(`password of ${tenant}`)
    passwords.set(tenant, password)
    const issuer: Issuer.Issuer = {
      vendor: "Acme",
      api: "https://api.acme.test",
      account: [tenant],
      refreshTokenUse: "once",
      login: { exchange: exchange(tenant, "login"), secrets: [password] },
      refresh: () => exchange(tenant, "refresh")
    }
    return Effect.map(TokenEngine.make(issuer, { account, policy }), ({ shape }) => shape)
  }

  const api = HttpClient.make((request) =>
    Effect.sync(() => {
      acme.calls++
      const token = request.headers["authorization"]?.slice("Bearer ".length) ?? ""
      if (acme.owner.get(token) !== request.headers["x-tenant"]) acme.mismatches++
      return HttpClientResponse.fromWeb(request, new Response("{}"))
    })
  )

  /** The layer; the vendor's store is a memory of its own if none is given. */
  const layer = (
    given: Pick<ManyAccounts.Options<Options, string, never>, "capacity" | "idleTimeToLive"> = {},
    store?: TokenStore.TokenStore["Service"]
  ) =>
    ManyAccounts.layer(
      Many,
      { vendor: "Acme", make, extra: () => ({}) },
      {
        ...given,
        account: (tenant: string) =>
          Effect.suspend(() => {
            acme.looked.push(tenant)
            return acme.isLookupDown ? Effect.fail("down") : Effect.succeed<Options>({ tenant, policy: acme.policy })
          })
      }
    ).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, api)),
      store === undefined ? (self) => self : Layer.provide(Layer.succeed(TokenStore.TokenStore, store))
    )

  return Object.assign(acme, { layer })
}

/** A memory that says it lasts, and that can be told to fail. */
export const lasting = Effect.map(TokenStore.makeMemory, (memory) => {
  const failing = { writes: false }
  const down = Effect.fail(new AuthError.StoreFailure({ problem: "Unavailable" }))
  const store: TokenStore.TokenStore["Service"] = {
    ...memory,
    write: (...row) => Effect.suspend(() => (failing.writes ? down : memory.write(...row))),
    isLasting: true
  }
  return { store, failing }
})

export const ids = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `tenant-${i}`)

/** The Clock, how many sleep on it, since what has a timer sleeps, and how many ever did. */
export const sleepers = Effect.map(Clock.Clock, (clock) => {
  const asleep = { count: 0, ever: 0 }
  const counting: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
    sleep: (duration: Duration.Duration) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          asleep.count++
          asleep.ever++
        }),
        () => clock.sleep(duration),
        () => Effect.sync(() => asleep.count--)
      )
  })
  return { asleep, on: Effect.provideService(Clock.Clock, counting) }
})
