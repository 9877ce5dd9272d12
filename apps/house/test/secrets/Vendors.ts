// The three vendors by every way in, as an app has them: the service, and the client of its API.
// Decided here: which credentials each way in is given. The secrets themselves come from outside, so that a process can
// be given them in a form in which a search of its own memory does not find them. Not here: what is done with a vendor.
// This file needs no test runner: the programs that run in processes of their own use it too.
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthService from "@vendor-auth/core/AuthService"
import type * as TokenEngine from "@vendor-auth/core/TokenEngine"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import type * as Simulator from "@vendor-auth/testing/Simulator"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

/** The client of a vendor's API. */
export type Client = HttpClient.HttpClient.With<AuthError.AuthError | HttpClientError.HttpClientError>

/** What an app has of a vendor. */
export interface Built {
  readonly auth: AuthService.Shape
  readonly client: Client
}

/** What a way in is given: where the vendor is, the one secret it asks for, and what every vendor's options have. */
export interface Given extends TokenEngine.Options {
  readonly baseUrl: string
  readonly secret: Redacted.Redacted<string>
}

/** One way into one vendor. */
export interface Way {
  /** Whether the secret is a token, which stands in headers, or a password of any characters. */
  readonly isToken: boolean
  /** Whether a login takes the place of a refresh token that is dead. */
  readonly logsIn: boolean
  readonly options: (given: Given) => object
  readonly build: (given: Given) => Effect.Effect<Built, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope>
  /** The vendor, with this secret as its password and as its client secret. */
  readonly simulator: (origin: string, secret: Redacted.Redacted<string>) => Effect.Effect<Simulator.Simulator>
}

const way = <Self, Options>(
  vendor: {
    readonly layer: (options: Options) => Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
    readonly tag: Context.Key<Self, AuthService.Shape>
    readonly client: Effect.Effect<Client, never, Self | HttpClient.HttpClient>
    readonly simulator: Way["simulator"]
  },
  options: (given: Given) => Options & object,
  kind: { readonly isToken: boolean; readonly logsIn: boolean }
): Way => ({
  ...kind,
  options,
  simulator: vendor.simulator,
  build: (given) =>
    Effect.flatMap(Layer.build(vendor.layer(options(given))), (context) =>
      Effect.map(Effect.provide(Effect.all([vendor.tag, vendor.client]), context), ([auth, client]) => ({
        auth,
        client
      }))
    )
})

const username = "user"

const logiSense = {
  layer: LogiSenseAuth.layer,
  tag: LogiSenseAuth.LogiSenseAuth,
  client: LogiSenseAuth.httpClient,
  simulator: (origin: string, secret: Redacted.Redacted<string>) =>
    LogiSenseSimulator.make({
      origin,
      lockOutAfter: 1_000,
      credentials: { username, password: secret, clientId: "client", clientSecret: secret }
    })
}

const lrsConnect = {
  layer: LrsConnectAuth.layer,
  tag: LrsConnectAuth.LrsConnectAuth,
  client: LrsConnectAuth.httpClient,
  simulator: (origin: string, password: Redacted.Redacted<string>) =>
    LrsConnectSimulator.make({ origin, credentials: { username, password } })
}

const itemPath = {
  layer: ItemPathAuth.layer,
  tag: ItemPathAuth.ItemPathAuth,
  client: ItemPathAuth.httpClient,
  simulator: (origin: string, password: Redacted.Redacted<string>) =>
    ItemPathSimulator.make({ origin, credentials: { username, password }, userType: "application" })
}

const byPassword = { isToken: false, logsIn: true }
const byToken = { isToken: true, logsIn: false }

/** The name of a way in. */
export type Name = keyof typeof ways

/** Every way into every vendor. */
export const ways = {
  "LogiSense by password": way(
    logiSense,
    ({ secret, ...given }) => ({ ...given, clientId: "client", credentials: { username, password: secret } }),
    byPassword
  ),
  "LogiSense by client secret": way(
    logiSense,
    ({ secret, ...given }) => ({ ...given, clientId: "client", credentials: { clientSecret: secret } }),
    byPassword
  ),
  "LRS Connect by password": way(
    lrsConnect,
    ({ secret, ...given }) => ({ ...given, credentials: { userName: username, password: secret } }),
    byPassword
  ),
  "LRS Connect by refresh token": way(
    lrsConnect,
    ({ secret, ...given }) => ({ ...given, credentials: { refreshToken: secret } }),
    byToken
  ),
  "ItemPath by password": way(
    itemPath,
    ({ secret, ...given }) => ({ ...given, credentials: { username, password: secret } }),
    byPassword
  ),
  "ItemPath by refresh token": way(
    itemPath,
    ({ secret, ...given }) => ({ ...given, credentials: { refreshToken: secret } }),
    byToken
  ),
  "ItemPath by application token": way(
    itemPath,
    ({ secret, ...given }) => ({ ...given, credentials: { applicationToken: secret } }),
    byToken
  )
} satisfies Readonly<Record<string, Way>>

/** The three vendors, each by password. */
export const vendors = [
  "LogiSense by password",
  "LRS Connect by password",
  "ItemPath by password"
] as const satisfies ReadonlyArray<Name>
