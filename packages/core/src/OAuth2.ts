/**
 * RFC 6749's token requests and answers, for vendors that follow it in substance if not in spelling.
 *
 * Decided here: which fields a grant sends and an answer gives. Their names, their encoding and what a vendor adds are
 * parameters. Not here: how a request is sent and its answer judged (`TokenEndpoint`).
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Issuer from "./Issuer.ts"
import type * as TokenEndpoint from "./TokenEndpoint.ts"

/** How a vendor spells the fields and values of RFC 6749. */
export interface Spelling {
  readonly grantType: string
  readonly username: string
  readonly password: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: string
  readonly tokenType: string
  /** The values of the grant type. */
  readonly grants: { readonly password: string; readonly refreshToken: string }
}

/** The standard's own spelling. */
export const rfc6749: Spelling = {
  grantType: "grant_type",
  username: "username",
  password: "password",
  accessToken: "access_token",
  refreshToken: "refresh_token",
  expiresIn: "expires_in",
  tokenType: "token_type",
  grants: { password: "password", refreshToken: "refresh_token" }
}

/** A vendor's token endpoint. */
export interface Endpoint {
  readonly send: TokenEndpoint.Send
  /** Makes a request of fields: `TokenEndpoint.form` or `TokenEndpoint.json`. */
  readonly encode: (url: string, fields: TokenEndpoint.Fields) => HttpClientRequest.HttpClientRequest
  /** The token endpoint's address, for both grants. */
  readonly url: string
  readonly spelling: Spelling
  /** Fields that every request carries. */
  readonly common: TokenEndpoint.Fields
  /** The documented life of an access token, for an answer that states none. */
  readonly defaultLife: Duration.Duration
  /** The documented life of a refresh token, where there is one. */
  readonly defaultRefreshLife?: Duration.Duration | undefined
  /** What else of an answer is kept with the session. */
  readonly details?: ((body: TokenEndpoint.Answer["body"]) => Schema.Json) | undefined
}

/** The exchanges of an endpoint. */
export const make = (
  endpoint: Endpoint
): {
  /**
   * The password grant, with a user's name and password or with other fields that stand in for them; or another grant
   * that issues tokens for credentials, by the vendor's value for it.
   */
  readonly login: (fields: TokenEndpoint.Fields, grant?: string) => Issuer.Exchange
  readonly refresh: (refreshToken: Redacted.Redacted<string>, fields?: TokenEndpoint.Fields) => Issuer.Exchange
} => {
  const { common, encode, send, spelling, url } = endpoint
  const reading: TokenEndpoint.Reading = {
    tokens: (body) =>
      Issuer.tokenSet({
        accessToken: [spelling.accessToken, body[spelling.accessToken]],
        refreshToken: [spelling.refreshToken, body[spelling.refreshToken]],
        expiresIn: [spelling.expiresIn, body[spelling.expiresIn]],
        tokenType: [spelling.tokenType, body[spelling.tokenType]],
        defaultLife: endpoint.defaultLife,
        defaultRefreshLife: endpoint.defaultRefreshLife,
        details: endpoint.details?.(body)
      })
  }
  const exchange = (kind: "login" | "refresh", grant: string, fields: TokenEndpoint.Fields) =>
    Effect.suspend(() => send(kind, encode(url, { ...common, [spelling.grantType]: grant, ...fields }), reading))
  return {
    login: (fields, grant = spelling.grants.password) => exchange("login", grant, fields),
    refresh: (refreshToken, fields) =>
      exchange("refresh", spelling.grants.refreshToken, { ...fields, [spelling.refreshToken]: refreshToken })
  }
}
