/**
 * Acme: the password grant and the refresh of OAuth 2.0, as forms, at one token endpoint.
 *
 * Decided here: the vendor's addresses, fields and lives. All stand in `facts` and `spelling`, and all of
 * them are ASSUMED, for a vendor that does not exist: replace each with what your vendor's page says, and
 * put that page's address in this comment. Not here: when anything is sent (core).
 */
import type { AuthError } from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
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

/** What the documentation says. Name the page beside each fact; what is not documented is "inferred", with why. */
const facts = {
  /** Stands in errors, logs and metrics. */
  vendor: "Acme",
  /** Where both grants are sent, below the base URL. Assumed: replace with your vendor's page. */
  tokenPath: "/oauth/token",
  /** Where the API begins, below the base URL. Assumed: replace with your vendor's page. */
  apiPath: "/api/v1",
  /** `TokenEndpoint.form` or `TokenEndpoint.json`. Assumed: replace with your vendor's page. */
  encode: TokenEndpoint.form,
  /** Fields that every token request carries. Assumed: replace with your vendor's page. */
  common: { scope: "offline_access" },
  /** Life of an access token whose answer states none. Assumed: replace with your vendor's page. */
  accessLife: Duration.hours(1),
  /** "once" is the safe choice where the page does not say "many". Assumed: replace with your vendor's page. */
  refreshTokenUse: "once"
} as const

/** The standard's own names; spread it and override what Acme spells in another way. */
const spelling: OAuth2.Spelling = OAuth2.rfc6749

/** A user's name and password, or a refresh token that an earlier login gave. */
export type Credentials =
  | { readonly username: string; readonly password: Redacted<string>; readonly refreshToken?: undefined }
  | { readonly refreshToken: Redacted<string>; readonly username?: undefined; readonly password?: undefined }

/** What an Acme account needs; `account` and `policy` are every vendor's. */
export interface Options extends TokenEngine.Options {
  /** The server's address, without the API's path. */
  readonly baseUrl: string
  readonly credentials: Credentials
}

/** Acme's tag. */
export class AcmeAuth extends AuthService.Service<AcmeAuth>()("@vendor-auth/acme/AcmeAuth") {}

/**
 * Checks the options and makes the service. Sends nothing; the first `token` logs in, or presents the refresh token.
 * Fails with `InvalidOptions` or `InsecureEndpoint`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<AcmeAuth["Service"], AuthError, HttpClient | Scope> {
  const { vendor } = facts
  const check = VendorOptions.checks(vendor)
  const { credentials } = options
  const baseUrl = yield* check.url("baseUrl", options.baseUrl)
  const endpoint = OAuth2.make({
    send: yield* TokenEndpoint.make,
    encode: facts.encode,
    url: `${baseUrl}${facts.tokenPath}`,
    spelling,
    common: facts.common,
    defaultLife: facts.accessLife
  })
  const { refreshTokenUse } = facts
  const issuer = { vendor, api: `${baseUrl}${facts.apiPath}`, refreshTokenUse, refresh: endpoint.refresh }

  const byPassword =
    (yield* check.oneOf("credentials", credentials, [["refreshToken"], ["username", "password"]])) === 1
  if (!byPassword) {
    const refreshToken = yield* check.token("credentials.refreshToken", credentials.refreshToken)
    return (yield* TokenEngine.make({ ...issuer, account: [baseUrl], login: undefined, refreshToken }, options)).shape
  }
  const username = yield* check.text("credentials.username", credentials.username)
  const password = yield* check.secret("credentials.password", credentials.password)
  const login = {
    exchange: endpoint.login({ [spelling.username]: username, [spelling.password]: password }),
    secrets: [password]
  }
  return (yield* TokenEngine.make({ ...issuer, account: [baseUrl, username], login }, options)).shape
})

/** Acme as a layer. */
export const layer = (options: Options): Layer.Layer<AcmeAuth, AuthError, HttpClient> =>
  Layer.effect(AcmeAuth, make(options))

/** The same from options that hold `Config`s, or from a `Config` of all of them. */
export const layerConfig = (
  options: VendorOptions.Configured<Options>
): Layer.Layer<AcmeAuth, AuthError | Config.ConfigError, HttpClient> =>
  Layer.effect(AcmeAuth, Effect.flatMap(VendorOptions.load(options), make))

/**
 * Reads `ACME_BASE_URL`, and `ACME_REFRESH_TOKEN`
 * or else `ACME_USERNAME` and `ACME_PASSWORD`.
 */
export const config: Config.Config<Options> = Config.all({
  baseUrl: Config.String("BASE_URL"),
  credentials: Config.all({ refreshToken: Config.Redacted("REFRESH_TOKEN") }).pipe(
    Config.orElse((): Config.Config<Credentials> =>
      Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
    )
  )
}).pipe(Config.nested("ACME"))

/** A client of Acme's API: `get("/things")` is `{baseUrl}/api/v1/things`. */
export const httpClient = AuthHttpClient.fromTag(AcmeAuth)
