/**
 * ItemPath's token requests, and how its answers are read: nothing here follows OAuth 2.0.
 *
 * Decided here: what is sent to the three endpoints of https://itempath.com/docs/itempath-api/authentication, and which
 * answers mean "refused". The page gives no error but the 404; the others are inferred from the framework its tokens
 * show (flask-jwt-extended). Not here: options, tag and layers (`ItemPathAuth`).
 */
import type { AccessToken } from "@vendor-auth/core"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as JwtClaims from "@vendor-auth/core/JwtClaims"
import type { Session } from "@vendor-auth/core/Session"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** What a sign-in elsewhere gives. */
export interface SignedIn {
  readonly accessToken: Redacted.Redacted<string>
  readonly refreshToken?: Redacted.Redacted<string> | undefined
}

/** ItemPath's exchanges. */
export interface ItemPathEndpoint {
  readonly login: (username: string, password: Redacted.Redacted<string>) => Issuer.Exchange
  readonly signIn: (signIn: Effect.Effect<SignedIn, unknown>) => Issuer.Exchange
  readonly refresh: (refreshToken: Redacted.Redacted<string>) => Issuer.Exchange
  readonly applicationToken: (session: Session) => Effect.Effect<AccessToken, AuthError.AuthError>
}

/** Makes the exchanges of an ItemPath at `api`, its address with `/api`. */
export const make = Effect.fnUntraced(function* (
  vendor: string,
  api: string
): Effect.fn.Return<ItemPathEndpoint, never, HttpClient> {
  const send = yield* TokenEndpoint.make
  return {
    login: (username, password) =>
      Effect.suspend(() => send("login", TokenEndpoint.json(`${api}/users/login`, { username, password }), login)),
    signIn: (signIn) =>
      Effect.flatMap(Effect.mapError(signIn, signInFailed), ({ accessToken, refreshToken }) =>
        Effect.mapError(
          Effect.fromResult(
            tokens({
              accessToken: Redacted.value(accessToken),
              ...(refreshToken !== undefined && { refreshToken: Redacted.value(refreshToken) })
            })
          ),
          (reason) => new Issuer.ExchangeFailure({ outcome: "Answered", reason })
        )
      ),
    refresh: (refreshToken) =>
      Effect.suspend(() => send("refresh", TokenEndpoint.bearer(`${api}/users/refresh`, refreshToken), refresh)),
    applicationToken: Effect.fnUntraced(function* ({ refreshToken }) {
      const fail = (reason: AuthError.Reason) => new AuthError.AuthError({ vendor, reason })
      if (refreshToken === null) return yield* fail(new AuthError.ReauthenticationRequired())
      const issuedAt = yield* Clock.currentTimeMillis
      const request = TokenEndpoint.bearer(`${api}/users/application-token`, refreshToken)
      const { accessLife, accessToken } = yield* send("refresh", request, applicationToken).pipe(
        Effect.timeoutOrElse({ duration: "30 seconds", orElse: () => Effect.fail(unanswered) }),
        Effect.mapError(({ reason }) => fail(reason))
      )
      return {
        value: accessToken,
        generation: 0,
        issuedAt: DateTime.makeUnsafe(issuedAt),
        expiresAt: accessLife === Infinity ? Option.none() : Option.some(DateTime.makeUnsafe(issuedAt + accessLife))
      }
    })
  }
})

const tokens = (body: TokenEndpoint.Answer["body"]) =>
  Issuer.tokenSet({
    accessToken: ["accessToken", body["accessToken"] ?? body["access_token"] ?? body["token"]],
    refreshToken: ["refreshToken", body["refreshToken"]],
    defaultLife: Duration.minutes(15),
    defaultRefreshLife: Duration.days(30)
  })

const hint = "and the base URL: ItemPath answers 404 to both a bad login and a wrong address"

const login: TokenEndpoint.Reading = {
  tokens,
  refusal: ({ body, status }) =>
    status === 404
      ? new AuthError.InvalidCredentials({ status, hint })
      : body["login"] === false
        ? new AuthError.InvalidCredentials({ status })
        : undefined
}

/** The refresh token is dead (401) or not accepted as one (422 with a word about tokens). */
const refusal: NonNullable<TokenEndpoint.Reading["refusal"]> = ({ body, status }) =>
  status === 401 || (status === 422 && speaksOfTokens(body["msg"]))
    ? new AuthError.ReauthenticationRequired()
    : undefined

const refresh: TokenEndpoint.Reading = { tokens, refusal }

const applicationToken: TokenEndpoint.Reading = {
  refusal,
  tokens: (body) =>
    Result.map(Issuer.tokenSet({ accessToken: ["token", body["token"]], defaultLife: Duration.infinity }), (given) => ({
      ...given,
      accessLife: JwtClaims.life(Redacted.value(given.accessToken)) ?? Infinity
    }))
}

const speaksOfTokens = (msg: unknown): boolean =>
  typeof msg === "string" && /\b(tokens?|jwt|segments?|signature|authorization)\b/i.test(msg)

/** A 422 of ItemPath's API says that a token was not accepted if its `msg` speaks of tokens; most are about data. */
export const isRejected = (response: HttpClientResponse): Effect.Effect<boolean> =>
  response.status !== 422
    ? Effect.succeed(false)
    : Effect.match(response.json, {
        onFailure: () => false,
        onSuccess: (body) => typeof body === "object" && body !== null && "msg" in body && speaksOfTokens(body.msg)
      })

/** A sign-in may fail with an `AuthError` of its own; anything else is dropped, since it may hold a secret. */
const signInFailed = (error: unknown): Issuer.ExchangeFailure =>
  error instanceof AuthError.AuthError
    ? new Issuer.ExchangeFailure({ outcome: error.isFinal ? "Refused" : "Answered", reason: error.reason })
    : new Issuer.ExchangeFailure({ outcome: "Answered", reason: new AuthError.Unreachable({ outcome: "Answered" }) })

const unanswered = new Issuer.ExchangeFailure({
  outcome: "Unknown",
  reason: new AuthError.Unreachable({ outcome: "Unknown" })
})
