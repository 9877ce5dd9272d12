/**
 * LRS Connect: token requests in JSON, with LRS's own spelling of OAuth 2.0.
 *
 * Decided here: LRS's addresses, fields and lives, as https://lrsconnect.readme.io/docs/bearer-token-using-refresh-
 * token and its sister page https://lrsconnect.readme.io/docs/authentication-v4 (the login) have them. Access tokens
 * live an hour; each refresh gives a new refresh token, stored before any caller sees the access token. Not here: when
 * anything is sent (core).
 */
import type { AuthError } from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as ManyAccounts from "@vendor-auth/core/ManyAccounts"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as VendorOptions from "@vendor-auth/core/Options"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Redacted } from "effect/Redacted"
import type { Scope } from "effect/Scope"

const vendor = "LRS Connect"

/** A refresh token that an earlier login gave, or a user's name and password. */
export type Credentials =
  | { readonly refreshToken: Redacted<string>; readonly userName?: undefined; readonly password?: undefined }
  | { readonly userName: string; readonly password: Redacted<string>; readonly refreshToken?: undefined }

/** What an LRS Connect account needs; `account` and `policy` are every vendor's. */
export interface Options extends TokenEngine.Options {
  /** The server's address, without `/rest`. @default "https://connect.lrsus.com" */
  readonly baseUrl?: string | undefined
  /** How a session begins: by a login, or by a refresh token, which serves once. */
  readonly credentials: Credentials
}

/** LRS Connect's tag. */
export class LrsConnectAuth extends AuthService.Service<LrsConnectAuth>()("@vendor-auth/lrs-connect/LrsConnectAuth") {}

/** LRS's names for RFC 6749's: camelCase keys, grant types in capitals. */
const spelling: OAuth2.Spelling = {
  grantType: "grantType",
  username: "userName",
  password: "password",
  accessToken: "accessToken",
  refreshToken: "refreshToken",
  expiresIn: "expiresIn",
  tokenType: "tokenType",
  grants: { password: "PASSWORD", refreshToken: "REFRESH_TOKEN" }
}

/**
 * Checks the options and makes the service. Sends nothing; the first `token` logs in, or presents the refresh token.
 * Fails with `InvalidOptions` or `InsecureEndpoint`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<LrsConnectAuth["Service"], AuthError, HttpClient | Scope> {
  const check = VendorOptions.checks(vendor)
  const { credentials } = options
  const baseUrl = yield* check.url("baseUrl", options.baseUrl ?? "https://connect.lrsus.com")
  const endpoint = OAuth2.make({
    send: yield* TokenEndpoint.make,
    encode: TokenEndpoint.json,
    url: `${baseUrl}/rest/v4/oauth/token`,
    spelling,
    common: { scope: "OFFLINE_ACCESS" },
    defaultLife: Duration.seconds(3600)
  })
  const issuer = { vendor, api: `${baseUrl}/rest`, refreshTokenUse: "once", refresh: endpoint.refresh } as const

  const byPassword =
    (yield* check.oneOf("credentials", credentials, [["refreshToken"], ["userName", "password"]])) === 1
  if (!byPassword) {
    const refreshToken = yield* check.token("credentials.refreshToken", credentials.refreshToken)
    return (yield* TokenEngine.make({ ...issuer, account: [baseUrl], login: undefined, refreshToken }, options)).shape
  }
  const userName = yield* check.text("credentials.userName", credentials.userName)
  const password = yield* check.secret("credentials.password", credentials.password)
  const login = { exchange: endpoint.login({ userName, password }), secrets: [password] }
  return (yield* TokenEngine.make({ ...issuer, account: [baseUrl, userName], login }, options)).shape
})

/** LRS Connect as a layer. */
export const layer = (options: Options): Layer.Layer<LrsConnectAuth, AuthError, HttpClient> =>
  Layer.effect(LrsConnectAuth, make(options))

/** The same from options that hold `Config`s, or from a `Config` of all of them. */
export const layerConfig = (
  options: VendorOptions.Configured<Options>
): Layer.Layer<LrsConnectAuth, AuthError | Config.ConfigError, HttpClient> =>
  Layer.effect(LrsConnectAuth, Effect.flatMap(VendorOptions.load(options), make))

/** Reads `LRS_BASE_URL` (default LRS's own), and `LRS_REFRESH_TOKEN` or else `LRS_USERNAME` and `LRS_PASSWORD`. */
export const config: Config.Config<Options> = Config.all({
  baseUrl: Config.String("BASE_URL").pipe(Config.withDefault(undefined)),
  credentials: Config.all({ refreshToken: Config.Redacted("REFRESH_TOKEN") }).pipe(
    Config.orElse((): Config.Config<Credentials> =>
      Config.all({ userName: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
    )
  )
}).pipe(Config.nested("LRS"))

/** Many accounts of LRS Connect: `of(id)` is one of them. */
export class Many extends ManyAccounts.Service<Many, LrsConnectAuth["Service"]>()("@vendor-auth/lrs-connect/Many") {}

/** Many accounts in one layer, each with options of its own that are looked up by its id. */
export const layerMany = <E, R>(
  options: ManyAccounts.Options<Options, E, R>
): Layer.Layer<Many, AuthError, HttpClient | Exclude<R, Scope>> =>
  ManyAccounts.layer(Many, { vendor, make, extra: () => ({}) }, options)

/** A client of LRS Connect's API: `get("/v3/accounts")` is `{baseUrl}/rest/v3/accounts`. */
export const httpClient = AuthHttpClient.fromTag(LrsConnectAuth)
