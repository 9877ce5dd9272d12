/**
 * Lets a token request leave the app's client once, whatever the app has wrapped around that client.
 *
 * Decided here: no retry repeats it and no redirect takes it along, not even inside the app's client; no trace header
 * goes with it; what the app's fetch is set up with, its TLS settings for example, stays. Not here: what an answer or a
 * fault means (`TokenEndpoint`).
 *
 * Effect's clients ask the reference `TracerDisabledWhen` about each request just before it leaves, below everything
 * that can be wrapped around a client: that is where the gate stands. A client that does not ask gets the request once.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Tracer from "effect/Tracer"

/** The app's client wanted to send the request a second time: repeated as it was, or to where a redirect points. */
export class SentAgain extends Data.TaggedError("SentAgain")<{ readonly isRedirect: boolean }> {}

/** Sends a request once. */
export type SendOnce = (request: HttpClientRequest) => Effect.Effect<HttpClientResponse, HttpClientError | SentAgain>

/** Makes it of the app's client. Sends nothing. */
export const make = (client: HttpClient.HttpClient): SendOnce => {
  let isLookedAt = false
  let appInit: RequestInit | undefined

  /** Sends through a gate that sees each departure and may stop it by throwing. */
  const through = (request: HttpClientRequest, gate: (leaving: HttpClientRequest) => void) =>
    Effect.flatMap(Effect.all([HttpClient.TracerDisabledWhen, Tracer.DisablePropagation]), ([isUntraced, isOff]) =>
      Effect.suspend(() => {
        let isTaken = false
        const take = Effect.suspend(() => {
          if (isTaken) return Effect.die(new SentAgain({ isRedirect: false }))
          isTaken = true
          return client.preprocess(request)
        })
        return client.postprocess(take)
      }).pipe(
        Effect.provideService(HttpClient.TracerDisabledWhen, (leaving) => {
          gate(leaving)
          return isOff || isUntraced(leaving)
        }),
        // Else the gate would not be asked; its answer says the same.
        Effect.provideService(Tracer.DisablePropagation, false),
        Effect.provideService(HttpClient.TracerPropagationEnabled, false)
      )
    )

  /** The first time, the request is stopped at the gate to see what the app's fetch was set up with. */
  const look = (request: HttpClientRequest) => {
    isLookedAt = true
    return through(request, () => {
      const fiber = Fiber.getCurrent()
      appInit = fiber && Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit)
      throw stopped
    })
  }

  const send = (request: HttpClientRequest) =>
    Effect.suspend(() => {
      let hasLeft = false
      return through(request, (leaving) => {
        if (hasLeft) throw new SentAgain({ isRedirect: leaving.url !== request.url })
        hasLeft = true
      }).pipe(
        Effect.provideService(FetchHttpClient.RequestInit, { ...appInit, redirect: "manual" }),
        Effect.catchDefect((defect) => (defect instanceof SentAgain ? Effect.fail(defect) : Effect.die(defect)))
      )
    })

  return (request) =>
    isLookedAt
      ? send(request)
      : Effect.catchDefect(look(request), (defect) => (defect === stopped ? send(request) : Effect.die(defect)))
}

const stopped = Symbol("stopped at the gate")
