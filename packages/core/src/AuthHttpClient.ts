/**
 * The client of a vendor's API: a bearer on each request to the API's own origin, and a 401 healed once.
 *
 * Decided here: where a token may go, checked at each send, so that a redirect followed outside does not take it along;
 * which answers say that a token was refused; and that a body that cannot be sent twice is not. Not here: how a token
 * is kept valid (`AuthService`), how often a 401 is healed (`Healing`), and retries of anything else (the app's).
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpBody } from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { AccessToken } from "./AccessToken.ts"
import type { AuthError } from "./AuthError.ts"
import type { Shape } from "./AuthService.ts"
import * as Healing from "./Healing.ts"
import * as Telemetry from "./Telemetry.ts"

/** What can be said of a vendor's API. */
export interface Options {
  /** Whether an answer other than 401 says that the token was not accepted. @default never */
  readonly isRejected?: ((response: HttpClientResponse.HttpClientResponse) => Effect.Effect<boolean>) | undefined
}

/**
 * A client for the API of whatever service a tag has: `get("/x")` is `{api}/x`.
 *
 * **Details**
 *
 * Absolute URLs of the API's origin pass as they are; a request to any other origin goes out bare. A request that has
 * an `Authorization` header already is left alone. If no token can be had, nothing is sent and the call fails with that
 * `AuthError`. `Accept: application/json` is added where there is none.
 */
export const fromTag = <Self, S extends Shape>(
  tag: Context.Key<Self, S>,
  options?: Options
): Effect.Effect<
  HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError>,
  never,
  Self | HttpClient.HttpClient
> =>
  Effect.flatMap(tag, (service) =>
    Effect.map(HttpClient.HttpClient, (client) => make(service, service, client, options))
  )

/**
 * The same client with the plain type: an `AuthError` becomes the cause of a `TransportError`, for code that wants an
 * `HttpClient.HttpClient`.
 */
export const toHttpClient = (
  client: HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError>
): HttpClient.HttpClient => {
  const plain = <A>(
    request: HttpClientRequest.HttpClientRequest,
    effect: Effect.Effect<A, HttpClientError.HttpClientError | AuthError>
  ) =>
    Effect.catchTag(effect, "AuthError", (error) =>
      Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: error, description: error.message })
        })
      )
    )
  return HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    Effect.flatMap((request) => plain(request, client.postprocess(Effect.succeed(request)))),
    (request) => plain(request, client.preprocess(request))
  )
}

/** The same for a service without a tag. What is known of the health of its tokens is kept under `account`. */
export const make = (
  account: object,
  service: Pick<Shape, "token" | "invalidate" | "api">,
  client: HttpClient.HttpClient,
  options: Options | undefined
): HttpClient.HttpClient.With<HttpClientError.HttpClientError | AuthError> => {
  const health = Healing.of(account)
  const { origin } = new URL(service.api)
  const prefix = `${origin}/`
  const isOwn = ({ url }: { readonly url: string }) => url.startsWith(prefix) || originOf(url) === origin

  const send = (request: HttpClientRequest.HttpClientRequest, token: AccessToken) =>
    client.postprocess(
      Effect.succeed(HttpClientRequest.setHeader(request, "authorization", `Bearer ${Redacted.value(token.value)}`))
    )

  const answered = (response: HttpClientResponse.HttpClientResponse) => look(response, Effect.succeed)

  /** The app's client may make a failure of a status: a 401 must be seen all the same. */
  const failed = (error: HttpClientError.HttpClientError) => {
    if (!HttpClientError.isHttpClientError(error) || error.reason._tag !== "StatusCodeError") return Effect.fail(error)
    const { reason } = error
    return look(reason.response, (response) => {
      const again = new HttpClientError.StatusCodeError({ ...reason, response })
      return Effect.fail(new HttpClientError.HttpClientError({ reason: again }))
    })
  }

  /** A vendor that looks into an answer of 4xx gets a copy of its own, so that the caller can still read the body. */
  const look = (
    response: HttpClientResponse.HttpClientResponse,
    result: (response: HttpClientResponse.HttpClientResponse) => Sent["result"]
  ) => {
    const isLookedInto = options?.isRejected !== undefined && response.status >= 400 && response.status < 500
    const sent = { isOwn: isOwn(response) }
    if (!isLookedInto || response.status === 401) {
      return Effect.succeed<Sent>({ ...sent, response, result: result(response) })
    }
    return Effect.map(response.arrayBuffer, (body): Sent => {
      const copy = () =>
        HttpClientResponse.fromWeb(
          response.request,
          new Response(body, { status: response.status, headers: response.headers })
        )
      return { ...sent, response: copy(), result: result(copy()) }
    })
  }

  /** Whether an answer says that the token was not accepted. One of another host, after a redirect, says nothing. */
  const isRejected = ({ isOwn, response }: Sent) => {
    if (!isOwn) return Effect.succeed(false)
    if (response.status === 401) return Effect.succeed(!isAboutTheRequest(response.headers["www-authenticate"]))
    return options?.isRejected?.(response) ?? Effect.succeed(false)
  }

  /** What almost every answer is: nobody looks into it, and it says nothing of the token. */
  const isPlain = ({ status }: HttpClientResponse.HttpClientResponse) =>
    status < 400 && options?.isRejected === undefined

  // The way of a good answer is every call's: it is kept free of generators, copies and second looks.
  const authenticated = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(service.token, (token) => {
      const sent = Effect.matchEffect(send(request, token), {
        onSuccess: (response) => {
          if (!isPlain(response)) return Effect.flatMap(answered(response), (first) => judge(request, token, first))
          Healing.accepted(health, token)
          return Effect.succeed(response)
        },
        onFailure: (error) => Effect.flatMap(failed(error), (first) => judge(request, token, first))
      })
      return Healing.isAwaited(health, token)
        ? Effect.flatMap(Clock.currentTimeMillis, (now) => {
            Healing.begin(health, token, now)
            return sent
          })
        : sent
    })

  /** Heals a 401, if that is what came. */
  const judge = Effect.fnUntraced(function* (
    request: HttpClientRequest.HttpClientRequest,
    token: AccessToken,
    first: Sent
  ) {
    if (!(yield* isRejected(first))) {
      Healing.accepted(health, token)
      return yield* first.result
    }
    const rejectedAt = yield* Clock.currentTimeMillis
    if (Healing.isPaused(health, token, rejectedAt)) return yield* first.result
    yield* service.invalidate(token)
    if (!canBeSentTwice(request.body)) {
      Healing.rejected(health, token)
      yield* notReplayable
      return yield* first.result
    }
    yield* drain(first.response)
    const next = yield* service.token
    Healing.healed(health, next, rejectedAt)
    const second = yield* Effect.matchEffect(send(request, next), { onSuccess: answered, onFailure: failed })
    const didHelp = !(yield* isRejected(second))
    Healing.ended(health, next, didHelp, yield* Clock.currentTimeMillis)
    if (didHelp) {
      Healing.accepted(health, next)
      yield* Telemetry.callHealed(service.api)
    }
    return yield* second.result
  })

  return HttpClient.makeWith<
    HttpClientError.HttpClientError | AuthError,
    never,
    HttpClientError.HttpClientError | AuthError,
    never
  >(
    Effect.flatMap((request) =>
      isOwn(request) && request.headers["authorization"] === undefined
        ? authenticated(request)
        : client.postprocess(Effect.succeed(request))
    ),
    (request) => client.preprocess(resolve(service.api, request))
  )
}

interface Sent {
  /** It comes from the API's origin. */
  readonly isOwn: boolean
  readonly response: HttpClientResponse.HttpClientResponse
  readonly result: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
}

/**
 * RFC 6750 section 3.1: some words speak of the request or of its scope, and another token would not help. Only where
 * all that a 401 says are such words; text in quotes is text.
 */
const isAboutTheRequest = (challenge: string | undefined): boolean => {
  const words = [...(challenge ?? "").matchAll(parameter)]
    .filter(([, name]) => name!.toLowerCase() === "error")
    .map(([, , word]) => word!.replaceAll('"', ""))
  return words.length > 0 && words.every((word) => word === "insufficient_scope" || word === "invalid_request")
}

/** A parameter of a challenge. It begins where no name goes on, or a long name would be tried from each letter. */
const parameter = /(?<![\w-])([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)/g

const notReplayable = Effect.logDebug(
  "A token was refused and the body cannot be sent twice: the answer is returned as it came"
).pipe(Effect.annotateLogs({ replayable: false }), Effect.andThen(Effect.annotateCurrentSpan({ replayable: false })))

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined)

/** Only what names a web scheme is absolute: a path never escapes the API's base, whatever it begins with. */
const resolve = (api: string, request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const { url } = request
  const absolute = /^https?:\/\//i.test(url) ? url : `${api}${url === "" || /^[/?]/.test(url) ? "" : "/"}${url}`
  const resolved = absolute === url ? request : HttpClientRequest.setUrl(request, absolute)
  return request.headers["accept"] === undefined ? HttpClientRequest.acceptJson(resolved) : resolved
}

const canBeSentTwice = (body: HttpBody): boolean => {
  switch (body._tag) {
    case "Stream":
      return false
    case "Raw":
      return (
        typeof body.body !== "object" ||
        body.body instanceof ArrayBuffer ||
        ArrayBuffer.isView(body.body) ||
        body.body instanceof Blob ||
        body.body instanceof URLSearchParams
      )
    default:
      return true
  }
}

/** Reads an answer to its end, so that its connection is free again; of a long or a slow one, 64 KiB or a second. */
const drain = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> => {
  let length = 0
  return Stream.runForEachWhile(response.stream, (chunk) =>
    Effect.sync(() => (length += chunk.byteLength) < 65_536)
  ).pipe(Effect.timeoutOption("1 second"), Effect.ignoreCause)
}
