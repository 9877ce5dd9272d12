/**
 * What a user configures for an OAuth 2.0 server, and the checks before anything is built of it.
 *
 * Decided here: the options, which of them exclude each other, what a grant sends beside its credentials, and that an
 * address is kept as it was written, its last slash too: a path with it is another path. Not here: which requests are
 * made of them (`OAuth2Auth`), and what tells one account from another (`Account`).
 */
import { AuthError, InvalidOptions } from "@vendor-auth/core/AuthError"
import type { Issuer } from "@vendor-auth/core/Issuer"
import * as VendorOptions from "@vendor-auth/core/Options"
import type * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import type * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Redacted } from "effect/Redacted"
import type { Client } from "./ClientAuthentication.ts"

/** The token endpoint's address, or an issuer whose metadata name it: RFC 8414's, or OpenID Connect's. */
export type Server =
  | {
      readonly tokenEndpoint: string
      /** Where a sign-out revokes its tokens (RFC 7009). @default they are forgotten here and not revoked */
      readonly revocationEndpoint?: string | undefined
      readonly issuer?: undefined
    }
  | {
      /** Exactly as the metadata have it, with or without a slash at its end. */
      readonly issuer: string
      readonly tokenEndpoint?: undefined
      readonly revocationEndpoint?: undefined
    }

/** What is exchanged for tokens. */
export type Grant =
  | { readonly type: "client_credentials" }
  | { readonly type: "password"; readonly username: string; readonly password: Redacted<string> }
  | { readonly type: "refresh_token"; readonly refreshToken: Redacted<string> }

/** What the tokens are to be good for. Another value is another account: sessions are never shared between two. */
export interface Wanted {
  /** Scope tokens. @default what the server gives by itself */
  readonly scope?: ReadonlyArray<string> | undefined
  /** A parameter of some servers, older than `resource`. @default none */
  readonly audience?: string | undefined
  /** Absolute URIs of the APIs that the token is for (RFC 8707). @default none */
  readonly resource?: string | ReadonlyArray<string> | undefined
  /** Further fields of each token request. No secrets: they stand in the session's name. @default none */
  readonly extraParams?: Readonly<Record<string, string>> | undefined
}

/** What every server needs. */
export interface Account extends TokenEngine.Options, Wanted {
  readonly client: Client
  readonly grant: Grant
  /** Base URL of the API. The bearer goes to its origin only. */
  readonly api: string
  /** The server's name in errors, logs and the store. @default the host of its address */
  readonly vendor?: string | undefined
  /** Whether a refresh token may be presented many times. @default "once", which is safe for both */
  readonly refreshTokenUse?: "once" | "many" | undefined
  /** Life of an access token whose answer does not state it. @default "1 hour" */
  readonly defaultLife?: Duration.Input | undefined
}

/** What an account of an OAuth 2.0 server needs; `account` and `policy` are every vendor's. */
export type Options = Server & Account

/** Options that were checked. */
export interface Checked {
  readonly vendor: string
  readonly api: string
  readonly defaultLife: Duration.Duration
  readonly server: Server
  readonly client: Client
  readonly grant: Grant
  /** Fields that every token request carries. */
  readonly common: TokenEndpoint.Fields
  /** The scope, in the requests that ask for one. */
  readonly scope: TokenEndpoint.Fields
  /** What a login sends beside them, and which of it is secret; undefined where there is a refresh token alone. */
  readonly login:
    | { readonly fields: TokenEndpoint.Fields; readonly secrets: NonNullable<Issuer["login"]>["secrets"] }
    | undefined
}

/** Fields that the options above set. */
const reserved = /^(grant_type|client_(id|secret)|username|password|refresh_token|scope|audience|resource)$/

/** What a server is called if nothing is said: the host of its address. */
export const nameOf = ({ issuer, tokenEndpoint, vendor }: Options): string => {
  const address = issuer ?? tokenEndpoint
  return vendor ?? (URL.canParse(address) ? new URL(address).host : "OAuth 2.0")
}

/** An endpoint's address, as `checks` has them, with its query and its last slash. */
export const endpoint = Effect.fnUntraced(function* (
  vendor: string,
  field: string,
  value: unknown
): Effect.fn.Return<string, AuthError> {
  // A token endpoint may have a query (RFC 6749 section 3.2).
  const bare = typeof value === "string" && !value.includes("#") ? value.replace(/\?.*$/s, "") : value
  yield* VendorOptions.checks(vendor).url(field, bare)
  return new URL(value as string).href
})

/** Checks the options; fails with `InvalidOptions` or `InsecureEndpoint`. */
export const check = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Checked, AuthError> {
  const { audience, client, extraParams = {}, grant } = options
  const vendor = yield* VendorOptions.checks("OAuth 2.0").text("vendor", nameOf(options))
  const { oneOf, secret, text, token, url } = VendorOptions.checks(vendor)
  const invalid = (field: string, problem: string) =>
    Effect.fail(new AuthError({ vendor, reason: new InvalidOptions({ field, problem }) }))

  const byIssuer = (yield* oneOf("tokenEndpoint", options, [["tokenEndpoint"], ["issuer"]])) === 1
  if (byIssuer) {
    // Compared with what the metadata say, character by character.
    yield* url("issuer", options.issuer)
    if (options.revocationEndpoint !== undefined) {
      return yield* invalid("revocationEndpoint", "is the metadata's to say where there is an issuer")
    }
  }
  const { revocationEndpoint } = options
  const server: Server = byIssuer
    ? { issuer: options.issuer! }
    : {
        tokenEndpoint: yield* endpoint(vendor, "tokenEndpoint", options.tokenEndpoint),
        ...(revocationEndpoint !== undefined && {
          revocationEndpoint: yield* endpoint(vendor, "revocationEndpoint", revocationEndpoint)
        })
      }

  yield* text("client.id", client.id)
  const methods = client.secret === undefined ? ["none"] : ["client_secret_basic", "client_secret_post"]
  if (client.secret !== undefined) yield* secret("client.secret", client.secret)
  if (client.authentication !== undefined && !methods.includes(client.authentication)) {
    return yield* invalid("client.authentication", `is not ${methods.join(" or ")}, as client.secret makes it`)
  }

  const ownSecrets = client.secret === undefined ? [] : [client.secret]
  let login: Checked["login"]
  switch (grant.type) {
    case "client_credentials":
      // A client that nothing authenticates has no credentials (RFC 6749 section 4.4), unless it says so itself.
      if (client.secret === undefined && client.authentication !== "none") yield* secret("client.secret", undefined)
      login = { fields: {}, secrets: ownSecrets }
      break
    case "password":
      login = {
        fields: { username: yield* text("grant.username", grant.username), password: grant.password },
        secrets: [yield* secret("grant.password", grant.password), ...ownSecrets]
      }
      break
    case "refresh_token":
      yield* token("grant.refreshToken", grant.refreshToken)
      break
    default:
      return yield* invalid("grant.type", "is not client_credentials, password or refresh_token")
  }

  const { scope = [] } = options
  // RFC 6749 section 3.3.
  if (!Array.isArray(scope) || !scope.every((each) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(each))) {
    return yield* invalid("scope", "is not a list of scope tokens")
  }
  if (audience !== undefined) yield* text("audience", audience)
  const resource = options.resource === undefined ? [] : [options.resource].flat()
  if (!resource.every((each) => URL.canParse(each) && !each.includes("#"))) {
    return yield* invalid("resource", "is not an absolute URI without a fragment")
  }
  for (const [name, value] of Object.entries(extraParams)) {
    if (reserved.test(name)) return yield* invalid("extraParams", "sets a field that has an option of its own")
    if (typeof value !== "string") return yield* invalid("extraParams", "holds what is no text")
  }

  const defaultLife = Option.getOrUndefined(Duration.fromInput(options.defaultLife ?? "1 hour"))
  if (defaultLife === undefined || !(Duration.toMillis(defaultLife) >= 1_000)) {
    return yield* invalid("defaultLife", "is not a duration of a second or more")
  }

  return {
    vendor,
    defaultLife,
    api: yield* url("api", options.api),
    server,
    client,
    grant,
    common: { ...extraParams, audience, ...(resource.length > 0 && { resource }) },
    scope: scope.length > 0 ? { scope: scope.join(" ") } : {},
    login
  }
})
