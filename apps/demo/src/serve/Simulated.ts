/**
 * The simulated vendors of the page, their callers, and the buttons that make trouble for real.
 *
 * Decided here: the lives, who calls how often, and what each button does to a simulator. LRS Connect is configured
 * with a refresh token alone, as its documentation has it, so that one of the three has no password to fall back on.
 * Not here: what is seen of it (`Watch`): nothing here tells the page anything but which button was pressed.
 */
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Simulator from "@vendor-auth/testing/Simulator"
import type { Scope } from "effect"
import { Duration, Effect, Redacted, Schedule, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { itemPath, logiSense, lrsConnect, type Vendor } from "../Vendors.ts"
import * as Buttons from "./Buttons.ts"
import * as Seat from "./Seat.ts"
import type { Watch, Watched } from "./Watch.ts"

/** How the simulated world is set up. */
export interface Options {
  /** How many times as fast as usual: calls come so much more often, and tokens live so much shorter. */
  readonly pace: number
}

type Open<Self> = Effect.Effect<
  {
    readonly simulator: Simulator.Simulator & { readonly unlock?: Effect.Effect<void> }
    readonly layer: Parameters<typeof Seat.open<Self>>[2]
    /** A person signs in: the layer that the refresh token of it gives. */
    readonly signIn?: Effect.Effect<Parameters<typeof Seat.open<Self>>[2]>
    /** The password that is right at the beginning; undefined where none is configured. */
    readonly password: Redacted.Redacted<string> | undefined
  },
  never,
  Scope.Scope | HttpClient.HttpClient
>

/** A vendor, before anything runs. */
const plan = <Self>(vendor: Vendor<Self>, account: string, seconds: number, open: Open<Self>) => {
  const on = new Set<string>()
  const watched: Watched = { id: vendor.id, name: vendor.name, on: () => [...on] }
  const seat = Effect.fnUntraced(function* (watch: Watch, { pace }: Options) {
    const { layer, password, signIn, simulator } = yield* open
    const lives = (life: number) => simulator.setLives({ access: Duration.seconds(life / pace) })
    yield* lives(seconds)
    const place = yield* Effect.orDie(Seat.open(vendor, watch, layer))
    // The page may be left open for days.
    yield* Effect.forkScoped(Effect.repeat(simulator.forget, Schedule.spaced("1 minute")))
    for (const millis of [500, 700]) {
      yield* Effect.forkScoped(Effect.repeat(place.call, Schedule.spaced(Duration.millis(millis / pace))))
    }
    return Buttons.seat(vendor, account, {
      simulator,
      place,
      on,
      password,
      lives: { usual: lives(seconds), short: lives(6) },
      signIn: signIn && Effect.orDie(Effect.flatMap(signIn, place.replace)),
      pressed: (label) => watch.pressed(vendor.id, label)
    })
  })
  return { watched, seat }
}

/** The three vendors. Two have a password to log in with; one has what a person's sign-in left. */
export const plans = () => [
  plan(
    logiSense,
    "password; refresh tokens for one use",
    24,
    Effect.gen(function* () {
      const simulator = yield* LogiSenseSimulator.make()
      const { clientId, password, username } = simulator.credentials
      const baseUrl = yield* Loopback.serve(simulator)
      return {
        simulator,
        password,
        layer: LogiSenseAuth.layer({ baseUrl, clientId, credentials: { username, password } })
      }
    })
  ),
  plan(
    lrsConnect,
    "no password; refresh tokens for one use",
    20,
    Effect.gen(function* () {
      const simulator = yield* LrsConnectSimulator.make()
      const baseUrl = yield* Loopback.serve(simulator)
      const signIn = Effect.map(personSignsIn(baseUrl, simulator.credentials), (refreshToken) =>
        LrsConnectAuth.layer({ baseUrl, credentials: { refreshToken } })
      )
      const http = yield* HttpClient.HttpClient
      const again = Effect.provideService(signIn, HttpClient.HttpClient, http)
      return { simulator, password: undefined, layer: yield* again, signIn: again }
    })
  ),
  plan(
    itemPath,
    "password; one refresh token for many uses",
    16,
    Effect.gen(function* () {
      const simulator = yield* ItemPathSimulator.make()
      const { password, username } = simulator.credentials
      const baseUrl = yield* Loopback.serve(simulator)
      return { simulator, password, layer: ItemPathAuth.layer({ baseUrl, credentials: { username, password } }) }
    })
  )
]

/** What a person does at LRS Connect's own pages: signs in, and takes the refresh token away. */
const personSignsIn = (baseUrl: string, credentials: LrsConnectSimulator.Credentials) =>
  HttpClientRequest.post(`${baseUrl}/rest/v4/oauth/token`).pipe(
    HttpClientRequest.bodyJsonUnsafe({
      grantType: "PASSWORD",
      scope: "OFFLINE_ACCESS",
      userName: credentials.username,
      password: Redacted.value(credentials.password)
    }),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.schemaBodyJson(SignedIn)),
    Effect.map(({ refreshToken }) => refreshToken),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false),
    Effect.orDie
  )

const SignedIn = Schema.Struct({ refreshToken: Schema.RedactedFromValue(Schema.NonEmptyString) })
