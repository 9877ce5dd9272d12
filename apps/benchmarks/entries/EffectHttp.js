// Effect with its HttpClient over fetch, which the application has anyway: what ours is added to.
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"

export const layer = Layer.mergeAll(FetchHttpClient.layer)
export const run = () => Effect.runPromise(Effect.provide(HttpClient.get("https://api.test/x"), layer))
