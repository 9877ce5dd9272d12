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
import * as ManyAccounts from "@vendor-auth/core/ManyAccounts"
import * as VendorOptions from "@vendor-auth/core/Options"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import * as ItemPathCredentials from "./ItemPathCredentials.ts"
import * as ItemPathEndpoint from "./ItemPathEndpoint.ts"

const vendor = "ItemPath"

export type { Credentials } from "./ItemPathCredentials.ts"

/** What an ItemPath account needs; `account` and `policy` are every vendor's. */
export interface Options extends TokenEngine.Options {
  /** The server's address, with or without a trailing `/api`. */
  readonly baseUrl: string
  /** With `signIn` and a store that is shared or lasts, set `account` too: nothing else tells who signs in. */
  readonly credentials: ItemPathCredentials.Credentials
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
      ...(yield* ItemPathCredentials.wayIn(check, endpoint, options.credentials, api))
    },
    options
  )
  return { ...engine.shape, createApplicationToken: Effect.flatMap(engine.session, endpoint.applicationToken) }
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
    Config.orElse((): Config.Config<ItemPathCredentials.Credentials> =>
      Config.all({ refreshToken: Config.Redacted("REFRESH_TOKEN") })
    ),
    Config.orElse((): Config.Config<ItemPathCredentials.Credentials> =>
      Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
    )
  )
}).pipe(Config.nested("ITEMPATH"))

/** Many accounts of ItemPath: `of(id)` is one of them. */
export class Many extends ManyAccounts.Service<Many, ItemPathAuth["Service"]>()("@vendor-auth/itempath/Many") {}

/** Many accounts in one layer, each with options of its own that are looked up by its id. */
export const layerMany = <E, R>(
  options: ManyAccounts.Options<Options, E, R>
): Layer.Layer<Many, AuthError.AuthError, HttpClient | Exclude<R, Scope>> => {
  const extra = (use: ManyAccounts.Use<ItemPathAuth["Service"]>) => ({
    createApplicationToken: use(({ createApplicationToken }) => createApplicationToken)
  })
  return ManyAccounts.layer(Many, { vendor, make, extra, isRejected: ItemPathEndpoint.isRejected }, options)
}

/** A client of ItemPath's API: `get("/stations")` is `{baseUrl}/api/stations`. */
export const httpClient = AuthHttpClient.fromTag(ItemPathAuth, { isRejected: ItemPathEndpoint.isRejected })
