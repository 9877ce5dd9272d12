/**
 * What a vendor provides to the machine: how it issues tokens, as exchanges that each end in a token set or in an
 * `ExchangeFailure` that says how far the request got.
 *
 * Decided here: the shape of a vendor, and what makes a set of tokens usable at all. Not here: when an exchange is
 * made, how often, and what becomes of its outcome (`TokenLifecycle`, `Session`, `Flight`).
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as AuthError from "./AuthError.ts"
import * as JwtClaims from "./JwtClaims.ts"
import * as Secret from "./Secret.ts"

/** What one successful exchange gives. */
export interface TokenSet {
  readonly accessToken: Redacted.Redacted<string>
  /** Life of the access token in milliseconds from when the request was sent; `Infinity` if it never expires. */
  readonly accessLife: number
  /** Undefined if the answer carried none: the one that was presented is kept. */
  readonly refreshToken: Redacted.Redacted<string> | undefined
  /** Life of that refresh token in milliseconds, where it can be known. */
  readonly refreshLife: number | undefined
  /** What else the vendor says of the session, as plain JSON: the store keeps it. */
  readonly details: Schema.Json
}

/**
 * How an exchange failed, and what that says about the request.
 *
 * `NotSent`: it did not leave. `Answered`: a complete answer says that it was not carried out. `Refused`: the vendor
 * said no to the credential or the refresh token, finally. `Unknown`: it may have been carried out.
 */
export class ExchangeFailure extends Data.TaggedError("ExchangeFailure")<{
  readonly outcome: "NotSent" | "Answered" | "Refused" | "Unknown"
  readonly reason: AuthError.Reason
}> {}

/** One request to a token endpoint. */
export type Exchange = Effect.Effect<TokenSet, ExchangeFailure>

/** A vendor's way of issuing tokens. */
export interface Issuer {
  /** The vendor's name, as people write it. It stands in errors, spans and metrics. */
  readonly vendor: string
  /** Base URL of the vendor's API. */
  readonly api: string
  /** What tells this account from every other one of the vendor: addresses, user names, client ids; no secret. */
  readonly account: ReadonlyArray<string>
  /** Whether a refresh token may be presented once or many times. */
  readonly refreshTokenUse: "once" | "many"
  /** The exchange of credentials, where there are any, and the secrets it sends: they tell one version from another. */
  readonly login:
    | { readonly exchange: Exchange; readonly secrets: ReadonlyArray<Redacted.Redacted<string>> }
    | undefined
  /** The exchange of a refresh token. */
  readonly refresh: (refreshToken: Redacted.Redacted<string>) => Exchange
  /** A refresh token that the user configured to begin from. */
  readonly refreshToken?: Redacted.Redacted<string> | undefined
  /** A token that never expires and is all the user configured: nothing is ever exchanged. */
  readonly applicationToken?: Redacted.Redacted<string> | undefined
}

/**
 * Checks what an answer said and makes a token set of it. The error lists the fields at fault, by the answer's names.
 *
 * A life is read as a number or a numeric string of seconds; of the stated life and a JWT's own the shorter one
 * holds; `defaultLife` is the vendor's documented one, for an answer that says nothing. A type of token that is stated
 * is Bearer, in capitals or not: another one is not sent as we send tokens (RFC 6749 section 7.1).
 */
export const tokenSet = (answer: {
  readonly accessToken: readonly [field: string, value: unknown]
  readonly refreshToken?: readonly [field: string, value: unknown] | undefined
  readonly expiresIn?: readonly [field: string, value: unknown] | undefined
  readonly tokenType?: readonly [field: string, value: unknown] | undefined
  readonly defaultLife: Duration.Duration
  readonly defaultRefreshLife?: Duration.Duration | undefined
  readonly details?: Schema.Json | undefined
}): Result.Result<TokenSet, AuthError.MalformedResponse> => {
  const [accessField, accessValue] = answer.accessToken
  const [refreshField, refreshValue] = answer.refreshToken ?? ["", undefined]
  const [lifeField, lifeValue] = answer.expiresIn ?? ["", undefined]
  const [typeField, typeValue] = answer.tokenType ?? ["", undefined]
  const paths: Array<string> = []
  if (!Secret.isTokenText(accessValue)) paths.push(accessField)
  const hasRefreshToken = refreshValue !== undefined && refreshValue !== null
  if (hasRefreshToken && !Secret.isTokenText(refreshValue)) paths.push(refreshField)
  const stated = lifeValue === undefined || lifeValue === null ? undefined : seconds(lifeValue)
  if (stated !== undefined && !(stated >= 1_000)) paths.push(lifeField)
  if (typeValue !== undefined && typeValue !== null && !isBearer(typeValue)) paths.push(typeField)
  if (paths.length > 0) return Result.fail(new AuthError.MalformedResponse({ paths }))

  const own = JwtClaims.life(accessValue as string)
  const accessLife = Math.min(longestLife, own ?? stated ?? Duration.toMillis(answer.defaultLife), stated ?? Infinity)
  if (!(accessLife >= 1_000)) return Result.fail(new AuthError.MalformedResponse({ paths: [`${accessField}.exp`] }))
  return Result.succeed({
    accessToken: Secret.make(accessValue as string),
    accessLife,
    refreshToken: hasRefreshToken ? Secret.make(refreshValue as string) : undefined,
    refreshLife: hasRefreshToken
      ? (JwtClaims.life(refreshValue as string) ??
        (answer.defaultRefreshLife && Duration.toMillis(answer.defaultRefreshLife)))
      : undefined,
    details: answer.details ?? null
  })
}

const isBearer = (value: unknown): boolean => typeof value === "string" && value.toLowerCase() === "bearer"

/** A year. What claims to live longer is asked for again then. */
const longestLife = 365 * 86_400_000

/** Whole seconds as milliseconds, from a number or a plain decimal string; NaN for anything else. */
const seconds = (value: unknown): number => {
  const parsed = typeof value === "string" && /^\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value
  return typeof parsed === "number" ? Math.floor(parsed) * 1_000 : NaN
}
