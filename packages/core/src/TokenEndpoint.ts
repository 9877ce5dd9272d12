/**
 * One exchange with a token endpoint: send once, read within bounds, and judge.
 *
 * Decided here: how much of an answer is read, and which answer or fault means what. Causes of the client are dropped:
 * they may quote a body or a header. Not here: that a request leaves once (`SendOnce`), the deadline (`Flight`), field
 * names (`OAuth2`, the vendors).
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as AuthError from "./AuthError.ts"
import * as Issuer from "./Issuer.ts"
import * as JsonText from "./JsonText.ts"
import * as SendOnce from "./SendOnce.ts"

/** The fields of a request's body. Undefined ones are left out; a list is a field that is sent several times. */
export type Fields = Readonly<Record<string, string | Redacted.Redacted<string> | ReadonlyArray<string> | undefined>>

/** A complete answer. */
export interface Answer {
  readonly status: number
  /** The body's members, if it is a JSON object. */
  readonly body: JsonText.Members
  /** How long `Retry-After` asks to wait, from when the answer was read. */
  readonly retryAfter: Duration.Duration | undefined
}

/** What a vendor makes of a complete answer. */
export interface Reading {
  /** The tokens of a 2xx. */
  readonly tokens: (body: Answer["body"]) => Result.Result<Issuer.TokenSet, AuthError.MalformedResponse>
  /** A vendor's own way to say "refused", looked at first; undefined leaves the answer to the common rules. */
  readonly refusal?: ((answer: Answer) => AuthError.Reason | undefined) | undefined
}

/** Sends a request once and judges what comes back. */
export type Send = (
  kind: "login" | "refresh",
  request: HttpClientRequest.HttpClientRequest,
  reading: Reading
) => Issuer.Exchange

/** A POST with a form body, and with further headers where a vendor wants some. */
export const form = (
  url: string,
  fields: Fields,
  headers: Readonly<Record<string, string>> = {}
): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(url, { acceptJson: true, headers }).pipe(HttpClientRequest.bodyUrlParams(fields))

/** A POST with a JSON body. */
export const json = (url: string, fields: Fields): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(url, { acceptJson: true }).pipe(
    HttpClientRequest.bodyText(
      // A replacer would come too late: `Redacted` turns itself into "<redacted>" first.
      JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, reveal(value)]))),
      "application/json"
    )
  )

const reveal = (value: Fields[string]): string | ReadonlyArray<string> | undefined =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

/** A POST without a body that carries a token in its `Authorization` header. */
export const bearer = (url: string, token: Redacted.Redacted<string>): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(url, { acceptJson: true }).pipe(
    HttpClientRequest.setHeader("authorization", `Bearer ${Redacted.value(token)}`)
  )

/** A GET of a document in JSON. */
export const get = (url: string): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.get(url, { acceptJson: true })

const receiver = Effect.map(HttpClient.HttpClient, (client) => {
  const sendOnce = SendOnce.make(client)
  return (request: HttpClientRequest.HttpClientRequest) =>
    sendOnce(request).pipe(
      // The app's client may make a failure of a status; its answer is judged all the same.
      Effect.catchReason("HttpClientError", "StatusCodeError", ({ response }) => Effect.succeed(response)),
      Effect.mapError(transportFailure),
      Effect.flatMap(read)
    )
})

/** Takes the app's `HttpClient`. Sends nothing. */
export const make: Effect.Effect<Send, never, HttpClient.HttpClient> = Effect.map(
  receiver,
  (receive) => (kind, request, reading) => Effect.flatMap(receive(request), (answer) => judge(kind, answer, reading))
)

/** Sends a request once and gives its complete answer, unjudged. */
export type Ask = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, Issuer.ExchangeFailure>

/** For what a server is asked beside tokens: takes the app's `HttpClient`, and sends nothing. */
export const ask: Effect.Effect<Ask, never, HttpClient.HttpClient> = receiver

/** What the status of an answer that gave nothing means, where it says nothing of a credential. */
export const statusReason = ({ retryAfter, status }: Pick<Answer, "status" | "retryAfter">): AuthError.Reason =>
  refused("refresh", { ...noAnswer, status, retryAfter }, undefined).reason

const failure = (outcome: Issuer.ExchangeFailure["outcome"], reason: AuthError.Reason) =>
  new Issuer.ExchangeFailure({ outcome, reason })

const unknown = (status?: number) =>
  failure("Unknown", new AuthError.Unreachable({ outcome: "Unknown", ...(status !== undefined && { status }) }))

const malformed = (...paths: ReadonlyArray<string>) => new AuthError.MalformedResponse({ paths })

const transportFailure = (
  error: HttpClientError | SendOnce.SentAgain | SendOnce.Misdirected
): Issuer.ExchangeFailure => {
  if (error._tag === "Misdirected") return failure("NotSent", misdirected())
  if (error._tag === "SentAgain") {
    const { isRedirect, status } = error
    if (isRedirect) return failure("Answered", malformed("(redirect)"))
    return status === undefined || status < 400 ? unknown() : refused("refresh", { ...noAnswer, status }, undefined)
  }
  switch (error.reason._tag) {
    case "EncodeError":
    case "InvalidUrlError":
      return failure("NotSent", new AuthError.Unreachable({ outcome: "NotSent" }))
    case "TransportError":
      return codes(error.reason.cause).some(isNotSent)
        ? failure("NotSent", new AuthError.Unreachable({ outcome: "NotSent" }))
        : unknown()
    case "StatusCodeError":
    case "DecodeError":
    case "EmptyBodyError":
      return unknown(error.reason.response.status)
  }
}

const misdirected = () =>
  new AuthError.InsecureEndpoint({
    field: "HttpClient",
    problem: "turns token requests to another origin: give the layer a client without a base URL of its own"
  })

/** Faults before a connection stood: no byte of the request left. */
const isNotSent = (code: string): boolean => notSentCodes.has(code) || /^CERT_|SELF_SIGNED_CERT|^UNABLE_TO_/.test(code)

const notSentCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ERR_TLS_CERT_ALTNAME_INVALID"
])

/** The error codes along a chain of causes. */
const codes = (cause: unknown, depth = 0): ReadonlyArray<string> => {
  if (typeof cause !== "object" || cause === null || depth > 8) return []
  const own = "code" in cause && typeof cause.code === "string" ? [cause.code] : []
  return "cause" in cause ? [...own, ...codes(cause.cause, depth + 1)] : own
}

/** So many bytes of a body are read, after decompression. */
const longestBody = 1_048_576

/** A complete answer, and why its body says nothing. */
interface Received extends Answer {
  readonly fault: string | undefined
}

const read = Effect.fnUntraced(function* (
  response: HttpClientResponse.HttpClientResponse
): Effect.fn.Return<Received, Issuer.ExchangeFailure> {
  const { headers, status } = response
  const chunks: Array<Uint8Array> = []
  let length = 0
  yield* Stream.runForEach(response.stream, (chunk) => {
    length += chunk.byteLength
    if (length > longestBody) return Effect.fail(failure("Unknown", malformed("(body over 1 MiB)")))
    chunks.push(chunk)
    return Effect.void
  }).pipe(
    Effect.catchTag("HttpClientError", (error) =>
      error.reason._tag === "EmptyBodyError" ? Effect.void : Effect.fail(unknown(status))
    )
  )
  const now = yield* Clock.currentTimeMillis
  const retryAfter = Headers.get(headers, "retry-after").pipe(
    Option.flatMap((text) => Result.getSuccess(Headers.parseRetryAfter(text))),
    Option.map((parsed) => Headers.retryAfterDelay(parsed, now))
  )
  const body = JsonText.read(joined(chunks, length), isOk(status))
  return {
    status,
    body: Result.getOrElse(body, () => noMembers),
    fault: Result.isFailure(body) ? body.failure : undefined,
    retryAfter: Option.getOrUndefined(retryAfter)
  }
})

const joined = (chunks: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

const isOk = (status: number): boolean => status >= 200 && status < 300

const noMembers: Answer["body"] = Object.freeze({})

const noAnswer: Omit<Answer, "status"> = { body: noMembers, retryAfter: undefined }

const judge = (kind: "login" | "refresh", given: Received, reading: Reading): Issuer.Exchange => {
  // Some servers say 200 and mean that it was refused.
  const answer = isOk(given.status) && isErrorAnswer(given.body) ? { ...given, status: 400 } : given
  const refusal = reading.refusal?.(answer)
  if (refusal !== undefined) return Effect.fail(failure("Refused", refusal))
  if (!isOk(answer.status)) return Effect.fail(refused(kind, answer, code(answer.body)))
  const tokens = given.fault === undefined ? reading.tokens(answer.body) : Result.fail(malformed(given.fault))
  return Effect.mapError(Effect.fromResult(tokens), (reason) => failure("Unknown", reason))
}

const isErrorAnswer = (body: Answer["body"]): boolean => typeof body["error"] === "string" && body["error"] !== ""

const refused = (kind: "login" | "refresh", answer: Answer, word: string | undefined): Issuer.ExchangeFailure => {
  const { retryAfter, status } = answer
  if (status === 408 || status === 502 || status === 504) return unknown(status)
  if (status === 429 || (status === 503 && retryAfter !== undefined)) {
    return failure("Answered", new AuthError.Throttled(retryAfter === undefined ? {} : { retryAfter }))
  }
  if (status >= 500) return failure("Answered", new AuthError.Unreachable({ outcome: "Answered", status }))
  if (status < 400) return failure("Answered", malformed("(redirect)"))
  const said = { status, ...(word !== undefined && { code: word }) }
  const isRefused =
    kind === "refresh"
      ? word !== undefined && deadTokenWords.has(word)
      : // A lock-out is worse than a login too few: what is not known to be about the request is about the credentials.
        word === undefined
        ? status === 400 || status === 401 || status === 403
        : !requestWords.has(word)
  if (!isRefused) return failure("Answered", new AuthError.RequestRefused(said))
  return failure(
    "Refused",
    kind === "login" ? new AuthError.InvalidCredentials(said) : new AuthError.ReauthenticationRequired()
  )
}

/** Words that say that a refresh token is dead. */
const deadTokenWords = new Set(["invalid_grant", "invalid_token", "expired_token", "invalid_refresh_token"])

/** Words that speak of the request and not of the credentials (RFC 6749 section 5.2, RFC 6750, RFC 8707). */
const requestWords = new Set([
  "invalid_request",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "insufficient_scope",
  "invalid_target",
  "temporarily_unavailable",
  "server_error"
])

/** Words about credentials. */
const credentialWords = new Set(["invalid_client", "access_denied", "invalid_credentials", "account_locked"])

/** The answer's error word, if it is one of those known here: whatever else a server says may quote a secret. */
const code = (body: Answer["body"]): string | undefined => {
  const word = body["error"] ?? body["errorCode"]
  return typeof word === "string" && [deadTokenWords, requestWords, credentialWords].some((words) => words.has(word))
    ? word
    : undefined
}
