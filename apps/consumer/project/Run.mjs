// How a stranger's program runs an effect that needs a vendor: over either of Effect's HTTP clients.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const clients = { undici: NodeHttpClient.layerUndici, fetch: FetchHttpClient.layer }

/** Runs a generator with a vendor's layer, over undici unless told otherwise. */
export const run = (vendor, body, client = clients.undici) =>
  Effect.runPromise(Effect.gen(body).pipe(Effect.provide(Layer.provideMerge(vendor, client))))

/** The tag of the reason for which an effect fails. */
export const reasonOf = (effect) => Effect.map(Effect.flip(effect), ({ reason }) => reason)

export const secret = Redacted.make
