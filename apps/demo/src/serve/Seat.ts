/**
 * One vendor at the page's table: its service, its client, and the callers who use them.
 *
 * Decided here: that a service can be replaced while all goes on (a person signed in again), and that whatever is done
 * with it is seen by the watch. Not here: what a simulated vendor can be made to do (`Simulated`), what may be done to
 * a live one (`Real`).
 */
import type { AuthError, AuthService } from "@vendor-auth/core"
import type { Config, Layer } from "effect"
import { Context, Effect, Layer as Layers, Scope } from "effect"
import { HttpClient } from "effect/http"
import type { Vendor } from "../Vendors.ts"
import type * as News from "./News.ts"
import type { Watch } from "./Watch.ts"

/** What can be done with a button. Switches are told whether they are to be on. */
export type Press = (isOn: boolean) => Effect.Effect<void>

/** A vendor with its buttons. */
export interface Seat {
  readonly told: News.Seat
  readonly presses: ReadonlyMap<string, Press>
}

/** A vendor's service as it is now. */
export interface Place {
  readonly auth: () => AuthService.Shape
  /** One call of the API that only reads; how it ends is for the watch to see. */
  readonly call: Effect.Effect<void>
  /** As many callers at once, each of whom wants a token. */
  readonly callers: (number: number) => Effect.Effect<void>
  /** In the background, as if somebody asked for a new token; so many times, one after the other. */
  readonly refresh: (times?: number) => Effect.Effect<void>
  /** Takes another layer, that of a person who signed in again. */
  readonly replace: (layer: Layer.Layer<any, AuthError.AuthError | Config.ConfigError, HttpClient.HttpClient>) => Opened
}

type Opened = Effect.Effect<void, AuthError.AuthError | Config.ConfigError>

/** Builds a vendor's service; it is followed by the watch until the scope closes. */
export const open = Effect.fnUntraced(function* <Self>(
  vendor: Vendor<Self>,
  watch: Watch,
  layer: Layer.Layer<Self, AuthError.AuthError | Config.ConfigError, HttpClient.HttpClient>
): Effect.fn.Return<Place, AuthError.AuthError | Config.ConfigError, HttpClient.HttpClient | Scope.Scope> {
  const scope = yield* Effect.scope
  const http = yield* HttpClient.HttpClient
  const seen = Effect.provideContext(Context.add(watch.context, HttpClient.HttpClient, http))

  const build = Effect.fnUntraced(function* (wanted: typeof layer) {
    const own = yield* Scope.fork(scope)
    const context = yield* Layers.buildWithScope(Layers.fresh(wanted), own)
    const auth = Context.get(context, vendor.tag)
    const client = yield* Effect.provideContext(vendor.httpClient, Context.add(context, HttpClient.HttpClient, http))
    yield* Effect.forkIn(watch.follow(vendor.id, auth), own)
    return { auth, client, own }
  }, seen)

  let place = yield* build(layer)
  return {
    auth: () => place.auth,
    call: Effect.suspend(() => Effect.flatMap(place.client.get(vendor.path), ({ text }) => text)).pipe(
      seen,
      Effect.ignoreCause
    ),
    callers: (number) =>
      Effect.suspend(() =>
        Effect.forEach(Array.from({ length: number }), () => Effect.exit(place.auth.token), {
          concurrency: "unbounded",
          discard: true
        })
      ).pipe(seen),
    refresh: (times = 1) =>
      Effect.suspend(() => place.auth.refresh).pipe(
        seen,
        Effect.ignoreCause,
        Effect.repeat({ times: times - 1 }),
        Effect.forkIn(scope),
        Effect.asVoid
      ),
    replace: (wanted) =>
      Effect.gen(function* () {
        yield* Scope.close(place.own, yield* Effect.exit(Effect.void))
        place = yield* build(wanted)
      }).pipe(Effect.uninterruptible)
  }
})
