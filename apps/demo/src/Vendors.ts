/**
 * The three vendors as the demo uses them: simulated on loopback, or live.
 *
 * Decided here: how each vendor's layer is composed, once with a simulator's credentials and once from the environment.
 * Not here: what is shown of it (`Story`, `Live`).
 */
import { type AuthError, type AuthService, RefreshPolicy } from "@vendor-auth/core"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import type * as Kit from "@vendor-auth/testing/Simulator"
import type { Config, Context, Duration, Layer, Scope } from "effect"
import { Effect, Redacted } from "effect"
import type { HttpClient, HttpClientError } from "effect/http"

/** What the three simulators have in common: each knows the credentials that a good user has. */
type Simulator = Kit.Simulator & {
  readonly credentials: { readonly username: string; readonly password: Redacted.Redacted<string> }
}

/** How a vendor is known here, and how it is reached live. */
export interface Vendor<Self> {
  /** What `--vendor` takes. */
  readonly id: string
  readonly name: string
  /** What its variables in the environment begin with. */
  readonly prefix: string
  readonly tag: Context.Key<Self, AuthService.Shape>
  readonly httpClient: Effect.Effect<
    HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError.AuthError>,
    never,
    Self | HttpClient.HttpClient
  >
  /** A path of its API that only reads. */
  readonly path: string
  readonly live: Layer.Layer<Self, AuthError.AuthError | Config.ConfigError, HttpClient.HttpClient>
  /** Starts its simulator on 127.0.0.1, with short lives. */
  readonly simulate: Effect.Effect<Simulated<Self>, never, Scope.Scope>
}

/** A simulated vendor: its controls, and its layer with the right password or with another one. */
export interface Simulated<Self> {
  readonly simulator: Simulator
  readonly layer: Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
  readonly layerWrongPassword: Layer.Layer<Self, AuthError.AuthError, HttpClient.HttpClient>
}

/** At half of a life and without jitter: each run tells the same short story at the same seconds. */
const policy = { refresh: RefreshPolicy.beforeExpiry({ fraction: 0.5, jitter: 0 }) }

const simulate = <Self, S extends Simulator>(
  make: Effect.Effect<S>,
  life: Duration.Input,
  layer: (simulator: S, baseUrl: string, password: Redacted.Redacted<string>) => Simulated<Self>["layer"]
): Vendor<Self>["simulate"] =>
  Effect.gen(function* () {
    const simulator = yield* make
    yield* simulator.setLives({ access: life })
    const baseUrl = yield* Loopback.serve(simulator)
    return {
      simulator,
      layer: layer(simulator, baseUrl, simulator.credentials.password),
      layerWrongPassword: layer(simulator, baseUrl, Redacted.make("not the password"))
    }
  })

/** LogiSense. Its refresh tokens die a second before its access tokens, so that they are presented early. */
export const logiSense: Vendor<LogiSenseAuth.LogiSenseAuth> = {
  id: "logisense",
  name: "LogiSense",
  prefix: "LOGISENSE_",
  tag: LogiSenseAuth.LogiSenseAuth,
  httpClient: LogiSenseAuth.httpClient,
  path: "/Account",
  live: LogiSenseAuth.layerConfig(LogiSenseAuth.config),
  simulate: simulate(
    LogiSenseSimulator.make(),
    "8 seconds",
    ({ credentials: { clientId, username } }, baseUrl, password) =>
      LogiSenseAuth.layer({ baseUrl, clientId, credentials: { username, password }, policy })
  )
}

/** LRS Connect. Each refresh gives a new refresh token, stored before anybody sees the access token. */
export const lrsConnect: Vendor<LrsConnectAuth.LrsConnectAuth> = {
  id: "lrs-connect",
  name: "LRS Connect",
  prefix: "LRS_",
  tag: LrsConnectAuth.LrsConnectAuth,
  httpClient: LrsConnectAuth.httpClient,
  path: "/v3/accounts",
  live: LrsConnectAuth.layerConfig(LrsConnectAuth.config),
  simulate: simulate(
    LrsConnectSimulator.make(),
    "7 seconds",
    ({ credentials: { username: userName } }, baseUrl, password) =>
      LrsConnectAuth.layer({ baseUrl, credentials: { userName, password }, policy })
  )
}

/** ItemPath. One refresh token for 30 days, sent as bearer. */
export const itemPath: Vendor<ItemPathAuth.ItemPathAuth> = {
  id: "itempath",
  name: "ItemPath",
  prefix: "ITEMPATH_",
  tag: ItemPathAuth.ItemPathAuth,
  httpClient: ItemPathAuth.httpClient,
  path: "/stations",
  live: ItemPathAuth.layerConfig(ItemPathAuth.config),
  simulate: simulate(ItemPathSimulator.make(), "6 seconds", ({ credentials: { username } }, baseUrl, password) =>
    ItemPathAuth.layer({ baseUrl, credentials: { username, password }, policy })
  )
}
