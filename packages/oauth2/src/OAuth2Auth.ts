/**
 * Any server that speaks OAuth 2.0 as RFC 6749 has it: the next vendor is a tag and its options.
 *
 * Decided here: which requests each grant makes, and that a sign-out revokes. The client credentials, resource owner
 * password and refresh token grants are at hand; what needs a person and a browser is not. Not here: the options
 * (`Options`), where endpoints are found (`Discovery`), how the client authenticates (`ClientAuthentication`), and when
 * anything is sent (core). A vendor that is almost OAuth is built on the same parts of core: the README shows how.
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as VendorOptions from "@vendor-auth/core/Options"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import type * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Scope } from "effect/Scope"
import * as Account from "./Account.ts"
import * as ClientAuthentication from "./ClientAuthentication.ts"
import * as Discovery from "./Discovery.ts"
import * as ServerOptions from "./Options.ts"
import * as Refusal from "./Refusal.ts"
import * as Revocation from "./Revocation.ts"

/** What an account of an OAuth 2.0 server needs; `account` and `policy` are every vendor's. */
export type Options = ServerOptions.Options

/** What is exchanged for tokens. */
export type Grant = ServerOptions.Grant

/** A registered client, with its secret or without one. */
export type Client = ClientAuthentication.Client

/**
 * Makes a server's tag.
 *
 * **Example** (A vendor of one's own)
 *
 * ```ts
 * import { OAuth2Auth } from "@vendor-auth/oauth2"
 *
 * class Acme extends OAuth2Auth.Service<Acme>()("app/Acme") {}
 * ```
 */
export const Service = AuthService.Service

/** A tag with the shared shape and no more: a server could not give what stands beyond it. */
type Tag<Self> = Context.Key<Self, AuthService.Shape> & {
  readonly of: (service: AuthService.Shape) => AuthService.Shape
}

/**
 * Checks the options and makes the service. Sends nothing; the first `token` looks for the endpoints and logs in. Fails
 * with `InvalidOptions` or `InsecureEndpoint`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<AuthService.Shape, AuthError.AuthError, HttpClient | Scope> {
  const checked = yield* ServerOptions.check(options)
  const { client, common, defaultLife, grant, login, scope, server, vendor } = checked
  // What comes before or after an exchange leaves that exchange most of the time.
  const patience = (yield* RefreshPolicy.resolve(vendor, options.policy)).timeout / 5
  const [ask, send] = [yield* TokenEndpoint.ask, yield* TokenEndpoint.make]

  const metadata = Discovery.make(ask, { server, patience, vendor })

  const encode = (listed: ReadonlyArray<string> | undefined, field: string) => {
    const method = ClientAuthentication.choose(client, listed)
    const reason = new AuthError.MalformedResponse({ paths: [field] })
    return method === undefined
      ? Effect.fail(new Issuer.ExchangeFailure({ outcome: "NotSent", reason }))
      : Effect.succeed(ClientAuthentication.encode(client, method))
  }

  const endpoint = Effect.gen(function* () {
    const { tokenEndpoint: url, tokenMethods } = yield* metadata
    return OAuth2.make({
      send: (...exchange) => Effect.mapError(send(...exchange), Refusal.named),
      encode: yield* encode(tokenMethods, "token_endpoint_auth_methods_supported"),
      url,
      spelling: OAuth2.rfc6749,
      common,
      defaultLife
    })
  })
  const watched = Revocation.watch(yield* TokenStore.orMemory)
  const { shape } = yield* TokenEngine.make(
    {
      vendor,
      api: checked.api,
      account: Account.account(checked),
      refreshTokenUse: options.refreshTokenUse ?? "once",
      login: login && {
        exchange: Effect.flatMap(endpoint, (to) => to.login({ ...login.fields, ...scope }, grant.type)),
        secrets: login.secrets
      },
      // A session keeps the scope that it was given, which may be less than was asked for at its login.
      refresh: (token) =>
        Effect.flatMap(endpoint, (to) => to.refresh(token, grant.type === "refresh_token" ? scope : {})),
      refreshToken: grant.type === "refresh_token" ? grant.refreshToken : undefined
    },
    options
  ).pipe(Effect.provideService(TokenStore.TokenStore, watched.store))

  const revoke = Revocation.revoke(ask, {
    vendor,
    patience,
    endpoint: Effect.gen(function* () {
      const { revocationEndpoint: url, revocationMethods, tokenMethods } = yield* metadata
      const listed = revocationMethods ?? tokenMethods
      return { url, encode: yield* encode(listed, "revocation_endpoint_auth_methods_supported") }
    })
  })
  const signOut = Effect.andThen(
    shape.signOut,
    Effect.suspend(() => {
      const ended = watched.take()
      return ended === undefined ? Effect.void : revoke(ended)
    })
  )
  return { ...shape, signOut }
})

/** A server as the layer of a tag. */
export const layer = <Self>(tag: Tag<Self>, options: Options): Layer.Layer<Self, AuthError.AuthError, HttpClient> =>
  Layer.effect(tag, make(options))

/** The same from options that hold `Config`s, or from a `Config` of all of them. */
export const layerConfig = <Self>(
  tag: Tag<Self>,
  options: VendorOptions.Configured<Options>
): Layer.Layer<Self, AuthError.AuthError | Config.ConfigError, HttpClient> =>
  Layer.effect(tag, Effect.flatMap(VendorOptions.load(options), make))

/** A client of a server's API: `get("/x")` is `{api}/x`. */
export const httpClient = AuthHttpClient.fromTag
