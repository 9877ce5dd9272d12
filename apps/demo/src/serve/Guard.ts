/**
 * Who may speak to the page's server, and what the page may do.
 *
 * Decided here: only a browser that was sent to this machine by this server's own address is answered (another name
 * that leads here is not, nor a page of another origin), and the page runs this server's own files alone. Not here:
 * what is answered (`Server`).
 */
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"

/** Sent with every answer. lit-html makes its templates under the one name that is trusted. */
export const headers: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "trusted-types lit-html",
    "require-trusted-types-for 'script'"
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store"
}

const forbidden = (why: string) => HttpServerResponse.text(`${why}\n`, { status: 403 })

/** Whether a request may be answered; if not, why. */
export const complaint = (request: {
  readonly method: string
  readonly headers: Readonly<Record<string, string | undefined>>
}): string | undefined => {
  const { host, origin } = request.headers
  if (!/^(127\.0\.0\.1|localhost)(:\d{1,5})?$/.test(host ?? "")) return "This server answers to its own address alone."
  if (origin !== undefined && origin !== `http://${host}`) return "Another page's requests are not answered."
  if (request.method !== "GET" && request.method !== "HEAD") {
    if (origin === undefined) return "Only the page itself may press a button."
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return "A button is pressed with JSON."
  }
  return undefined
}

/** Refuses what may not be answered, and puts the headers on all answers. */
export const layer = HttpRouter.middleware(
  (answer) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const why = complaint(request)
      return HttpServerResponse.setHeaders(why === undefined ? yield* answer : forbidden(why), headers)
    }),
  { global: true }
)
