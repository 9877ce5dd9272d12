/**
 * ItemPath: a JSON login, and refreshes that carry the refresh token as bearer.
 *
 * Decided here: ItemPath's addresses, answers and lives, as https://itempath.com/docs/itempath-api/authentication has
 * them. Access tokens live 15 minutes; a refresh token lives 30 days, may be used many times and is not renewed; an
 * application token never expires. A refused login is a 404 there, which a wrong base URL gives as well. Not here: when
 * anything is sent (core).
 */
import type { AccessToken } from "@vendor-auth/core"
import type * as AuthError from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import type { Issuer } from "@vendor-auth/core/Issuer"
import * as VendorOptions from "@vendor-auth/core/Options"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Redacted } from "effect/Redacted"
import type { Scope } from "effect/Scope"
import * as ItemPathEndpoint from "./ItemPathEndpoint.ts"

const vendor = "ItemPath"

type None<Name extends string> = { readonly [K in Name]?: undefined }

/**
 * A user's name and password; or a refresh token that an earlier login gave; or an application token, with which
 * nothing but the API is ever called; or tokens from elsewhere, single sign-on for instance: `signIn` is run where a
 * login would be.
 */
export type Credentials =
  | ({ readonly username: string; readonly password: Redacted<string> } & None<
      "refreshToken" | "applicationToken" | "signIn"
    >)
  | ({ readonly refreshToken: Redacted<string> } & None<"username" | "password" | "applicationToken" | "signIn">)
  | ({ readonly applicationToken: Redacted<string> } & None<"username" | "password" | "refreshToken" | "signIn">)
  | ({ readonly signIn: Effect.Effect<ItemPathEndpoint.SignedIn, unknown> } & None<
      "username" | "password" | "refreshToken" | "applicationToken"
    >)

/** What an ItemPath account needs; `account` and `policy` are every vendor's. */
export interface Options extends TokenEngine.Options {
  /** The server's address, with or without a trailing `/api`. */
  readonly baseUrl: string
  /** With `signIn` and a store that is shared or lasts, set `account` too: nothing else tells who signs in. */
  readonly credentials: Credentials
}

/** ItemPath's tag: the shared shape, and a way to make an application token. */
export class ItemPathAuth extends AuthService.Service<
  ItemPathAuth,
  {
    /**
     * Makes a token that never expires, with the current refresh token as bearer. Only for users of type "application",
     * others get `RequestRefused`; ItemPath advises Cloud customers against it
     * (https://itempath.com/docs/itempath-api/authentication).
     */
    readonly createApplicationToken: Effect.Effect<AccessToken, AuthError.AuthError>
  }
>()("@vendor-auth/itempath/ItemPathAuth") {}

/**
 * Checks the options and makes the service. Sends nothing; the first `token` logs in, or presents the refresh token.
 * Fails with `InvalidOptions` or `InsecureEndpoint`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ItemPathAuth["Service"], AuthError.AuthError, HttpClient | Scope> {
  const check = VendorOptions.checks(vendor)
  const api = `${(yield* check.url("baseUrl", options.baseUrl)).replace(/\/api$/, "")}/api`
  const endpoint = yield* ItemPathEndpoint.make(vendor, api)
  const engine = yield* TokenEngine.make(
    {
      vendor,
      api,
      refreshTokenUse: "many",
      refresh: endpoint.refresh,
      ...(yield* wayIn(check, endpoint, options.credentials, api))
    },
    options
  )
  return { ...engine.shape, createApplicationToken: Effect.flatMap(engine.session, endpoint.applicationToken) }
})

const wayIn = Effect.fnUntraced(function* (
  check: ReturnType<typeof VendorOptions.checks>,
  endpoint: ItemPathEndpoint.ItemPathEndpoint,
  credentials: Credentials,
  api: string
): Effect.fn.Return<Pick<Issuer, "account" | "login" | "refreshToken" | "applicationToken">, AuthError.AuthError> {
  yield* check.oneOf("credentials", credentials, [
    ["username", "password"],
    ["refreshToken"],
    ["applicationToken"],
    ["signIn"]
  ])
  if (credentials.refreshToken !== undefined) {
    const refreshToken = yield* check.token("credentials.refreshToken", credentials.refreshToken)
    return { account: [api], login: undefined, refreshToken }
  }
  if (credentials.applicationToken !== undefined) {
    const applicationToken = yield* check.token("credentials.applicationToken", credentials.applicationToken)
    return { account: [api], login: undefined, applicationToken }
  }
  if (credentials.signIn !== undefined) {
    // Nobody knows who signs in, so that without a name of its own no two layers may share the session.
    return {
      account: [api, "signIn", crypto.randomUUID()],
      login: { exchange: endpoint.signIn(credentials.signIn), secrets: [] }
    }
  }
  const username = yield* check.text("credentials.username", credentials.username)
  const password = yield* check.secret("credentials.password", credentials.password)
  return { account: [api, username], login: { exchange: endpoint.login(username, password), secrets: [password] } }
})

/** ItemPath as a layer. */
export const layer = (options: Options): Layer.Layer<ItemPathAuth, AuthError.AuthError, HttpClient> =>
  Layer.effect(ItemPathAuth, make(options))

/** The same from options that hold `Config`s, or from a `Config` of all of them. */
export const layerConfig = (
  options: VendorOptions.Configured<Options>
): Layer.Layer<ItemPathAuth, AuthError.AuthError | Config.ConfigError, HttpClient> =>
  Layer.effect(ItemPathAuth, Effect.flatMap(VendorOptions.load(options), make))

/**
 * Reads `ITEMPATH_BASE_URL`, and `ITEMPATH_APPLICATION_TOKEN`, or else `ITEMPATH_REFRESH_TOKEN`, or else
 * `ITEMPATH_USERNAME` and `ITEMPATH_PASSWORD`.
 */
export const config: Config.Config<Options> = Config.all({
  baseUrl: Config.String("BASE_URL"),
  credentials: Config.all({ applicationToken: Config.Redacted("APPLICATION_TOKEN") }).pipe(
    Config.orElse((): Config.Config<Credentials> => Config.all({ refreshToken: Config.Redacted("REFRESH_TOKEN") })),
    Config.orElse((): Config.Config<Credentials> =>
      Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
    )
  )
}).pipe(Config.nested("ITEMPATH"))

/** A client of ItemPath's API: `get("/stations")` is `{baseUrl}/api/stations`. */
export const httpClient = AuthHttpClient.fromTag(ItemPathAuth, { isRejected: ItemPathEndpoint.isRejected })
