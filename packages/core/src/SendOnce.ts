/**
 * Lets a token request leave the app's client once, whatever the app has wrapped around that client.
 *
 * Decided here: no retry repeats it and neither a redirect nor a base URL takes it to another origin, not even inside
 * the app's client; no trace header goes with it; what the app's fetch is set up with, its TLS settings for example,
 * stays. Not here: what an answer or a fault means (`TokenEndpoint`).
 *
 * Effect's clients ask the reference `TracerDisabledWhen` about each request just before it leaves, below everything
 * that can be wrapped around a client: that is where the gate stands. A client that does not ask gets the request once.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Tracer from "effect/Tracer"

/**
 * The app's client wanted to send the request a second time, as it was or to where a redirect points; or it keeps an
 * answer to itself that it means to repeat the request for.
 */
export class SentAgain extends Data.TaggedError("SentAgain")<{
  readonly isRedirect: boolean
  /** The status of the first answer, where there was one. */
  readonly status: number | undefined
}> {}

/**
 * The app's client turned the request to another origin, with a base URL of its own for example: it did not leave, for
 * it holds a password or a refresh token.
 */
export class Misdirected extends Data.TaggedError("Misdirected")<{}> {}

/** Sends a request once. */
export type SendOnce = (
  request: HttpClientRequest
) => Effect.Effect<HttpClientResponse, HttpClientError | SentAgain | Misdirected>

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
          if (isTaken) return Effect.die(new SentAgain({ isRedirect: false, status: undefined }))
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
        Effect.provideService(HttpClient.TracerPropagationEnabled, false),
        // A refresh token may stand in a header, and an answer's headers may say it back.
        Effect.provideService(HttpClient.TracerHeaderFilter, () => false)
      )
    )

  /** The first time, the request is stopped at the gate to see what the app's fetch was set up with. */
  const look = (request: HttpClientRequest) =>
    through(request, () => {
      isLookedAt = true
      const fiber = Fiber.getCurrent()
      appInit = fiber && Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit)
      throw stopped
    })

  const send = (request: HttpClientRequest) =>
    Effect.flatMap(Effect.tracer, (tracer) => {
      const first = firstStatus(tracer)
      let hasLeft = false
      return through(request, (leaving) => {
        if (hasLeft) throw new SentAgain({ isRedirect: leaving.url !== request.url, status: undefined })
        if (new URL(leaving.url).origin !== new URL(request.url).origin) throw new Misdirected()
        hasLeft = true
      }).pipe(
        Effect.provideService(Tracer.Tracer, first.tracer),
        Effect.provideService(FetchHttpClient.RequestInit, { ...appInit, redirect: "manual" }),
        Effect.catchDefect((defect): Effect.Effect<never, SentAgain | Misdirected> => {
          if (defect instanceof Misdirected) return Effect.fail(defect)
          return defect instanceof SentAgain
            ? Effect.fail(new SentAgain({ isRedirect: defect.isRedirect, status: first.status() }))
            : Effect.die(defect)
        }),
        Effect.raceFirst(first.isKeptBack)
      )
    })

  return (request) =>
    isLookedAt
      ? send(request)
      : Effect.catchDefect(look(request), (defect) => (defect === stopped ? send(request) : Effect.die(defect)))
}

/** How a span inside the client ended, without what it ended with. */
const unquoted = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  Exit.isSuccess(exit)
    ? Exit.void
    : Cause.hasInterruptsOnly(exit.cause)
      ? exit
      : Exit.fail(new Error("The request failed"))

const stopped = Symbol("stopped at the gate")

/**
 * The status of the first answer, read off the client's span: a client that repeats a request, or first waits as long
 * as `Retry-After` says, keeps the answer itself back.
 */
const firstStatus = (tracer: Tracer.Tracer) => {
  const isTransient = Deferred.makeUnsafe<void>()
  let status: number | undefined
  const note = (value: unknown) => {
    status ??= Number(value)
    if (status === 408 || status === 429 || status >= 500) Deferred.doneUnsafe(isTransient, Exit.void)
  }
  return {
    status: () => status,
    tracer: Tracer.make({
      ...(tracer.context && { context: tracer.context }),
      span: (options) => {
        const span = tracer.span(options)
        const { attribute, end } = span
        // A trace learns how it ended and no more: an answer holds tokens, and a client's complaint may quote them.
        span.end = (at, exit) => end.call(span, at, unquoted(exit))
        if (options.kind === "client") {
          span.attribute = (key, value) => {
            if (key === "http.response.status_code") note(value)
            attribute.call(span, key, value)
          }
        }
        return span
      }
    }),
    /** A second after an answer that clients repeat requests for: by then one that was passed on has arrived. */
    isKeptBack: Deferred.await(isTransient).pipe(
      Effect.andThen(Effect.sleep("1 second")),
      Effect.andThen(Effect.suspend(() => Effect.fail(new SentAgain({ isRedirect: false, status }))))
    )
  }
}
