// A vendor in ten lines: it writes down what it was sent and answers as it is told, else with the next token set.
// And a process in five: an engine over it, with no jitter, on a store that may be shared.
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as AuthError from "../src/AuthError.ts"
import * as Issuer from "../src/Issuer.ts"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"
import * as TokenEngine from "../src/TokenEngine.ts"
import * as TokenStore from "../src/TokenStore.ts"

export type Answer = (given: Issuer.TokenSet) => Issuer.Exchange
export type Script = ReturnType<typeof make>

export const hour = 3_600_000

/** `sent` holds "login" or the refresh token presented; `next` the answers to come, in order. */
export const make = (options: Partial<Issuer.Issuer> & { readonly life?: number } = {}) => {
  const { life = hour, ...rest } = options
  const sent: Array<string> = []
  const next: Array<Answer> = []
  const exchange = (what: string): Issuer.Exchange =>
    Effect.suspend(() => (next.shift() ?? Effect.succeed)(tokens(sent.push(what), life)))
  const issuer: Issuer.Issuer = {
    vendor: "Acme",
    api: "https://api.acme.test",
    account: ["user"],
    refreshTokenUse: "once",
    login: { exchange: exchange("login"), secrets: [Redacted.make("password")] },
    refresh: (token) => exchange(Redacted.value(token)),
    ...rest
  }
  return { issuer, sent, next, outage: (answer: Answer) => next.push(...Array.from({ length: 10_000 }, () => answer)) }
}

export const tokens = (n: number, accessLife = hour): Issuer.TokenSet => ({
  accessToken: Redacted.make(`access-${n}`),
  accessLife,
  refreshToken: Redacted.make(`refresh-${n}`),
  refreshLife: undefined,
  details: null
})

/** The request fails, and this is known of it. */
export const fails =
  (
    outcome: Issuer.ExchangeFailure["outcome"],
    reason: AuthError.Reason = outcome === "Refused"
      ? new AuthError.InvalidCredentials({ status: 401 })
      : new AuthError.Unreachable({ outcome })
  ): Answer =>
  () =>
    Effect.fail(new Issuer.ExchangeFailure({ outcome, reason }))

/** The answer comes so many milliseconds after the request. */
export const late =
  (millis: number, answer: Answer = Effect.succeed): Answer =>
  (given) =>
    Effect.delay(
      Effect.suspend(() => answer(given)),
      millis
    )

/** Nobody ever answers. */
export const silence: Answer = () => Effect.never

/** One process: an engine whose schedule has no jitter. */
export const engine = (
  script: Script,
  store?: TokenStore.TokenStore["Service"],
  policy: Partial<RefreshPolicy.RefreshPolicy> = {}
) => {
  const made = TokenEngine.make(script.issuer, {
    policy: { refresh: RefreshPolicy.beforeExpiry({ jitter: 0 }), ...policy }
  })
  return Effect.map(
    store === undefined ? made : Effect.provideService(made, TokenStore.TokenStore, store),
    ({ shape }) => shape
  )
}

export const value = (token: { readonly value: Redacted.Redacted<string> }): string => Redacted.value(token.value)

/** No background work: a refresh is begun by a read. */
export const onDemand = { refresh: RefreshPolicy.onDemand }

/** Two processes on one store, neither with background work. */
export const two = Effect.fnUntraced(function* (script: Script, other: Script = script) {
  const store = yield* TokenStore.makeMemory
  return { store, a: yield* engine(script, store, onDemand), b: yield* engine(other, store, onDemand) }
})

export const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** The name of the reason why an effect fails. */
export const reason = <A>(effect: Effect.Effect<A, AuthError.AuthError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag)

/** The same store at a distance: an answer to a read is on its way for so long, and a write before it arrives. */
export const slow = (store: TokenStore.TokenStore["Service"], millis: number) =>
  TokenStore.TokenStore.of({
    ...store,
    read: (account) => Effect.tap(store.read(account), () => Effect.sleep(millis)),
    write: (account, version, session) => Effect.delay(store.write(account, version, session), millis)
  })
