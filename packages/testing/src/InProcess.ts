/**
 * Simulators as the HttpClient of a spec: no socket, one origin each.
 * Decided here: the semantics are those of fetch, so that a client that forgets them is found out: it follows redirects
 * unless FetchHttpClient.RequestInit says otherwise, taking no credential to another origin; a lost connection is a
 * TransportError with the cause fetch gives. An origin that no simulator serves is a defect, never a real request.
 * Not decided here: what a simulator answers.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Simulator } from "./Simulator.ts"

const transportError = (request: HttpClientRequest.HttpClientRequest, description: string, code?: string) => {
  const cause = new TypeError("fetch failed", { cause: Object.assign(new Error(description), { code }) })
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, description, cause })
  })
}

const bodyOf = (request: HttpClientRequest.HttpClientRequest) => {
  switch (request.body._tag) {
    case "Empty":
      return Effect.succeed(null)
    case "Stream":
      return Stream.toReadableStreamEffect(request.body.stream)
    case "FormData":
      return Effect.succeed(request.body.formData)
    default:
      return Effect.succeed(request.body.body as BodyInit)
  }
}

const redirects = new Set([301, 302, 303, 307, 308])

/** An HttpClient layer that carries each request to the simulator of its origin, and dies where there is none. */
export const httpClient = (...simulators: ReadonlyArray<Simulator>): Layer.Layer<HttpClient.HttpClient> => {
  const byOrigin = new Map(simulators.map((simulator) => [new URL(simulator.origin).origin, simulator]))
  const origins = Array.from(byOrigin.keys()).join(", ")

  const send = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    redirect: RequestRedirect
  ) {
    const headers = new Headers(request.headers)
    headers.delete("content-length")
    let method: string = request.method
    let body = yield* bodyOf(request)
    let target = url
    for (let hops = 0; hops <= 20; hops++) {
      const simulator = byOrigin.get(target.origin)
      if (simulator === undefined) {
        return yield* Effect.die(new Error(`No simulator answers for ${target.origin}, only for ${origins || "none"}`))
      }
      const web = yield* Effect.try({
        // `duplex` is what fetch asks for with a streamed body; the DOM's types do not know it.
        try: () => new Request(target, { method, headers, body, duplex: "half" } as RequestInit),
        catch: (cause) => transportError(request, String(cause))
      })
      const response = yield* Effect.mapError(simulator.handle(web), () =>
        transportError(request, "other side closed", "UND_ERR_SOCKET")
      )
      const location = response.headers.get("location")
      if (redirect === "manual" || location === null || !redirects.has(response.status)) {
        return HttpClientResponse.fromWeb(request, response)
      }
      if (redirect === "error") return yield* transportError(request, "unexpected redirect")
      const next = new URL(location, target)
      if (next.origin !== target.origin) {
        for (const name of ["authorization", "cookie"]) headers.delete(name)
      }
      if (response.status === 303 || (response.status < 303 && method === "POST")) {
        method = "GET"
        body = null
        for (const name of ["content-type", "content-encoding"]) headers.delete(name)
      }
      if (body instanceof ReadableStream) return yield* transportError(request, "a streamed body cannot be sent twice")
      target = next
    }
    return yield* transportError(request, "redirect count exceeded")
  })

  return HttpClient.layerMergedContext(
    Effect.succeed(
      HttpClient.make((request, url, _signal, fiber) =>
        send(request, url, Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit)?.redirect ?? "follow")
      )
    )
  )
}
