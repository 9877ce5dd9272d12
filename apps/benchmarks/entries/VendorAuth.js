// The same program with LogiSense, set up and used as the README does: its size and its import are measured.
import { LogiSenseAuth } from "@vendor-auth/logisense"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"

export const layer = Layer.provideMerge(LogiSenseAuth.layerConfig(LogiSenseAuth.config), FetchHttpClient.layer)
export const run = () =>
  Effect.runPromise(
    Effect.provide(
      Effect.flatMap(LogiSenseAuth.httpClient, (client) => client.get("/x")),
      layer
    )
  )
