/**
 * LogiSense Billing: form-encoded token requests, and API requests with a bearer.
 *
 * Decided here: LogiSense's addresses, fields and lives, as https://developer.logisense.com/docs/tokens has them.
 * Access tokens live 30 minutes; a refresh token dies one second before its access token, so that it is presented
 * early, or a login takes its place. Not here: what an answer says beside the tokens (`LogiSenseDetails`), and when
 * anything is sent (core).
 */
import type * as AuthError from "@vendor-auth/core/AuthError"
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
import * as LogiSenseDetails from "./LogiSenseDetails.ts"

const vendor = "LogiSense"

/** A user's name and password, or the secret that an API user is given in LogiSense's user interface. */
export type Credentials =
  | { readonly username: string; readonly password: Redacted<string>; readonly clientSecret?: undefined }
  | { readonly clientSecret: Redacted<string>; readonly username?: undefined; readonly password?: undefined }

/** What a LogiSense account needs; `account` and `policy` are every vendor's. */
export interface Options extends TokenEngine.Options {
  /** The server's address, without `AuthorizationServer` or `ResourceServer`. */
  readonly baseUrl: string
  /** The version in the paths of login and API. @default "v10" */
  readonly version?: string | undefined
  /** Provided by LogiSense's support. */
  readonly clientId: string
  readonly credentials: Credentials
  /** The login's path on an older server. @default `/AuthorizationServer/api/{version}/Access/Login` */
  readonly loginPath?: string | undefined
  /** Fields that an older server wants in a refresh beside the documented three. @default none */
  readonly extraRefreshParams?: Readonly<Record<string, string>> | undefined
}

export { Details } from "./LogiSenseDetails.ts"

/** LogiSense's tag: the shared shape, and `details` of the current session. */
export class LogiSenseAuth extends AuthService.Service<
  LogiSenseAuth,
  { readonly details: Effect.Effect<LogiSenseDetails.Details, AuthError.AuthError> }
>()("@vendor-auth/logisense/LogiSenseAuth") {}

/**
 * Checks the options and makes the service. Sends nothing; the first `token` logs in. Fails with `InvalidOptions` or
 * `InsecureEndpoint`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<LogiSenseAuth["Service"], AuthError.AuthError, HttpClient | Scope> {
  const check = VendorOptions.checks(vendor)
  const { credentials } = options
  const baseUrl = yield* check.url("baseUrl", options.baseUrl)
  const version = yield* check.segment("version", options.version ?? "v10")
  const clientId = yield* check.text("clientId", options.clientId)
  const loginUrl = yield* check.path(
    "loginPath",
    baseUrl,
    options.loginPath ?? `/AuthorizationServer/api/${version}/Access/Login`
  )
  const bySecret = (yield* check.oneOf("credentials", credentials, [["username", "password"], ["clientSecret"]])) === 1
  const username = bySecret ? undefined : yield* check.text("credentials.username", credentials.username)
  const [name, given] = bySecret ? ["clientSecret", credentials.clientSecret] : ["password", credentials.password]
  const secret = yield* check.secret(`credentials.${name}`, given)

  const endpoint = OAuth2.make({
    send: yield* TokenEndpoint.make,
    encode: TokenEndpoint.form,
    url: loginUrl,
    spelling: OAuth2.rfc6749,
    common: { client_id: clientId },
    defaultLife: Duration.seconds(1800),
    defaultRefreshLife: Duration.seconds(1799),
    details: LogiSenseDetails.kept
  })
  const engine = yield* TokenEngine.make(
    {
      vendor,
      api: `${baseUrl}/ResourceServer/api/${version}`,
      account: [baseUrl, clientId, ...(username === undefined ? [] : [username])],
      refreshTokenUse: "once",
      login: {
        // Both ways in are the grant "password": the secret stands in the place of name and password.
        exchange: endpoint.login(bySecret ? { client_secret: secret } : { username, password: secret }),
        secrets: [secret]
      },
      refresh: (refreshToken) => endpoint.refresh(refreshToken, options.extraRefreshParams)
    },
    options
  )
  return { ...engine.shape, details: Effect.flatMap(engine.session, LogiSenseDetails.of(vendor)) }
})

/** LogiSense as a layer. */
export const layer = (options: Options): Layer.Layer<LogiSenseAuth, AuthError.AuthError, HttpClient> =>
  Layer.effect(LogiSenseAuth, make(options))

/** The same from options that hold `Config`s, or from a `Config` of all of them. */
export const layerConfig = (
  options: VendorOptions.Configured<Options>
): Layer.Layer<LogiSenseAuth, AuthError.AuthError | Config.ConfigError, HttpClient> =>
  Layer.effect(LogiSenseAuth, Effect.flatMap(VendorOptions.load(options), make))

/**
 * Reads `LOGISENSE_BASE_URL`, `LOGISENSE_VERSION` (default v10), `LOGISENSE_CLIENT_ID`, and `LOGISENSE_CLIENT_SECRET`
 * or else `LOGISENSE_USERNAME` and `LOGISENSE_PASSWORD`.
 */
export const config: Config.Config<Options> = Config.all({
  baseUrl: Config.String("BASE_URL"),
  version: Config.String("VERSION").pipe(Config.withDefault("v10")),
  clientId: Config.String("CLIENT_ID"),
  credentials: Config.all({ clientSecret: Config.Redacted("CLIENT_SECRET") }).pipe(
    Config.orElse((): Config.Config<Credentials> =>
      Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
    )
  )
}).pipe(Config.nested("LOGISENSE"))

/** Many accounts of LogiSense: `of(id)` is one of them. */
export class Many extends ManyAccounts.Service<Many, LogiSenseAuth["Service"]>()("@vendor-auth/logisense/Many") {}

/** Many accounts in one layer, each with options of its own that are looked up by its id. */
export const layerMany = <E, R>(
  options: ManyAccounts.Options<Options, E, R>
): Layer.Layer<Many, AuthError.AuthError, HttpClient | Exclude<R, Scope>> =>
  ManyAccounts.layer(Many, { vendor, make, extra: (use) => ({ details: use(({ details }) => details) }) }, options)

/** A client of LogiSense's API: `get("/Account")` is `{baseUrl}/ResourceServer/api/{version}/Account`. */
export const httpClient = AuthHttpClient.fromTag(LogiSenseAuth)
