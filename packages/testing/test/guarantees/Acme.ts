// What the guarantees are tested with: a vendor in a few lines that writes down when it was sent what, an engine over
// it, a strict vendor that speaks HTTP, a wall clock that can be set, and dice.
// Not here: any expectation.
import type { Shape } from "@vendor-auth/core/AuthService"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"

/** A part of a number that takes long, a tenth if nothing is said; the whole of it at night. */
export const times = (full: number, part = 10): number => Math.ceil(process.env["NIGHTLY"] ? full : full / part)
/** Milliseconds that the longest of the tests may take. */
export const patience = process.env["NIGHTLY"] ? 3_600_000 : 60_000

export const second = 1_000
export const minute = 60_000
export const hour = 3_600_000
export const day = 24 * hour
export const year = 365 * day

export type Exchanged = (given: Issuer.TokenSet, n: number, what: string) => Issuer.Exchange

/** `sent` holds "login" or the refresh token presented, and `at` when; `answer` may be changed at any time. */
export const vendor = (
  options: Partial<Issuer.Issuer> & { readonly life?: number; readonly answer?: Exchanged } = {}
) => {
  const { answer = Effect.succeed, life = hour, ...rest } = options
  const acme = { sent: [] as Array<string>, at: [] as Array<number>, answer: answer as Exchanged, life }
  const exchange = (what: string): Issuer.Exchange =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      acme.at.push(now)
      const n = acme.sent.push(what)
      return acme.answer(tokens(n, acme.life), n, what)
    })
  const issuer: Issuer.Issuer = {
    vendor: "Acme",
    api: "https://api.acme.test",
    account: ["user"],
    refreshTokenUse: "once",
    login: { exchange: exchange("login"), secrets: [Redacted.make("password")] },
    refresh: (token) => exchange(Redacted.value(token)),
    ...rest
  }
  return Object.assign(acme, { issuer })
}

export type Acme = ReturnType<typeof vendor>

export const tokens = (n: number, accessLife = hour): Issuer.TokenSet => ({
  accessToken: Redacted.make(`access-${n}`),
  accessLife,
  refreshToken: Redacted.make(`refresh-${n}`),
  refreshLife: undefined,
  details: null
})

/** What an answer with this access token says, to be made a token set of. */
export const issued = (token: string, n: number) => ({
  accessToken: ["access_token", token] as const,
  refreshToken: ["refresh_token", `refresh-${n}`] as const,
  defaultLife: Duration.hours(1)
})

export const late =
  (millis: number): Exchanged =>
  (given) =>
    Effect.delay(Effect.succeed(given), millis)

export const fails =
  (
    outcome: Issuer.ExchangeFailure["outcome"],
    reason: AuthError.Reason = outcome === "Refused"
      ? new AuthError.InvalidCredentials({ status: 401 })
      : new AuthError.Unreachable({ outcome })
  ): Exchanged =>
  () =>
    Effect.fail(new Issuer.ExchangeFailure({ outcome, reason }))

/** A refresh token is refused, a login is not. */
export const refusesRefreshes: Exchanged = (given, n, what) =>
  what === "login" ? Effect.succeed(given) : fails("Refused", new AuthError.ReauthenticationRequired())(given, n, what)

export type Policy = Partial<RefreshPolicy.RefreshPolicy>
export const onDemand: Policy = { refresh: RefreshPolicy.onDemand }
export const steady: Policy = { refresh: RefreshPolicy.beforeExpiry({ jitter: 0 }) }

/** An engine with the default policy, but for what is given. */
export const engine = (
  { issuer }: { readonly issuer: Issuer.Issuer },
  policy: Policy = {},
  store?: TokenStore.TokenStore["Service"]
) => {
  const made = TokenEngine.make(issuer, { policy })
  return Effect.map(
    store === undefined ? made : Effect.provideService(made, TokenStore.TokenStore, store),
    ({ shape }): Shape => shape
  )
}

export const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Closes the scope while time passes: a flight that is out is awaited. */
export const scoped = <E>(effect: Effect.Effect<void, E, Scope.Scope>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Scope.provide(effect, scope)
    const closing = yield* fork(Scope.close(scope, Exit.void))
    yield* TestClock.adjust(minute)
    yield* Fiber.join(closing)
  })

export const value = (token: { readonly value: Redacted.Redacted<string> }): string => Redacted.value(token.value)

export const reasonOf = <A, R>(effect: Effect.Effect<A, AuthError.AuthError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag)

export const silent = Effect.provideService(References.MinimumLogLevel, "None")

/** Repeatable numbers from 0 to 1, and below a bound. */
export const dice = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return { next, below, one: <A>(of: ReadonlyArray<A>): A => of[below(of.length)]! }
}

/** How many instants fall at most into any half-open window of so many milliseconds. */
export const most = (instants: ReadonlyArray<number>, window: number): number => {
  const at = instants.toSorted((a, b) => a - b)
  let from = 0
  return at.reduce((found, instant, index) => {
    while (at[from]! <= instant - window) from++
    return Math.max(found, index - from + 1)
  }, 0)
}

/** The Clock with a wall that can be set by itself: timers, and what is monotonic, do not move with it. */
export const wall = Effect.map(Clock.Clock, (clock) => {
  const set = { by: 0 }
  const now = () => clock.currentTimeMillisUnsafe() + set.by
  const nanos = () => clock.currentTimeNanosUnsafe() + BigInt(Math.round(set.by)) * 1_000_000n
  const moved: Clock.Clock = {
    currentTimeMillisUnsafe: now,
    currentTimeMillis: Effect.sync(now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
  return { set, clock: moved, on: Effect.provideService(Clock.Clock, moved) }
})

/** Both grants of a token endpoint, over whatever HttpClient there is. */
export const overHttp = (origin: string): Effect.Effect<Issuer.Issuer, never, HttpClient.HttpClient> =>
  Effect.map(TokenEndpoint.make, (send) => {
    const { login, refresh } = OAuth2.make({
      send,
      encode: TokenEndpoint.form,
      url: `${origin}/token`,
      spelling: OAuth2.rfc6749,
      common: {},
      defaultLife: Duration.hours(1)
    })
    const password = Redacted.make("password")
    return {
      vendor: "Acme",
      api: `${origin}/api`,
      account: [origin, "user"],
      refreshTokenUse: "once",
      login: { exchange: login({ username: "user", password }), secrets: [password] },
      refresh
    }
  })

/** A vendor of RFC 6749 that rotates its refresh tokens, and revokes a family when one of them comes a second time. */
export const simulator = Effect.suspend(() => {
  let count = 0
  return Simulator.make({
    vendor: "Acme",
    origin: "https://acme.test",
    resource: "/api/thing",
    password: Redacted.make("password"),
    lives: { access: "1 hour" },
    kindOf: ({ body, path }) => {
      if (path.startsWith("/api/")) return "api"
      const grant = new URLSearchParams(body).get("grant_type")
      return grant === "password" ? "login" : grant === "refresh_token" ? "refresh" : "unknown"
    },
    answer: ({ body, headers, now }, kind, { isPassword, issued }) => {
      const form = new URLSearchParams(body)
      const issue = (family: number) => {
        const n = ++count
        const life = issued.accessSeconds()
        issued.record(`access-${n}`, { kind: "access", family, expiresAt: now + life * 1_000 })
        issued.record(`refresh-${n}`, { kind: "refresh", family, expiresAt: undefined })
        return Response.json({ access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: life })
      }
      const refused = (status: number, error: string) => Response.json({ error }, { status })
      switch (kind) {
        case "login":
          return isPassword(form.get("password")) ? issue(issued.family()) : refused(400, "invalid_grant")
        case "refresh": {
          const text = form.get("refresh_token") ?? ""
          const standing = issued.standing(text, "refresh", now)
          if (standing === "spent") issued.reuse(text)
          if (standing !== "live") return refused(400, "invalid_grant")
          issued.spend(text)
          return issue(issued.find(text)!.family)
        }
        case "api": {
          const bearer = /^Bearer (.+)$/.exec(headers.get("authorization") ?? "")?.[1] ?? ""
          return issued.standing(bearer, "access", now) === "live" ? Response.json({}) : refused(401, "invalid_token")
        }
        default:
          return new Response(null, { status: 404 })
      }
    }
  })
})
