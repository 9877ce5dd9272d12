/**
 * The kit every vendor simulator is made with: faults, the journal, violations, and the way in for a web Request.
 * Decided here: what a fault does and in what order faults are taken, what is written down of a request (no secret),
 * and that a request is carried out in one synchronous step, so that concurrent requests are linearised.
 * Not decided here: a vendor's paths, words and tokens (its own simulator), the memory of tokens (Issued.ts), the
 * transport (InProcess.ts, Loopback.ts). Time is the Clock of whoever sends the request.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Issued from "./Issued.ts"

export { httpClient } from "./InProcess.ts"

/** What a request asks for; the first three are token requests. */
export type Kind = "login" | "refresh" | "applicationToken" | "api" | "unknown"

/** One request the simulator received; it holds no secret. */
export interface Seen {
  /** Epoch milliseconds of the Clock at arrival. */
  readonly at: number
  readonly kind: Kind
  readonly method: string
  readonly path: string
  /** The status of the answer; `undefined` as long as there is none, and for ever if the connection was dropped. */
  readonly status: number | undefined
}

/** What goes wrong with a request, instead of or after its being carried out. */
export type Fault =
  | { readonly _tag: "Delay"; readonly duration: Duration.Input }
  | {
      readonly _tag: "Answer"
      readonly status: number
      readonly headers: Record<string, string>
      readonly body: string | undefined
      readonly carriedOut: boolean
    }
  | { readonly _tag: "Drop"; readonly carriedOut: boolean }
  | { readonly _tag: "Truncate" }

/** The request is carried out at once and answered after `duration`. */
export const delay = (duration: Duration.Input): Fault => ({ _tag: "Delay", duration })

/** This answer comes in the place of the vendor's; the request is not carried out unless `carriedOut` says so. */
export const answer = (
  status: number,
  options: {
    readonly headers?: Record<string, string> | undefined
    readonly body?: string | undefined
    readonly carriedOut?: boolean | undefined
  } = {}
): Fault => ({
  _tag: "Answer",
  status,
  headers: options.headers ?? {},
  body: options.body,
  carriedOut: options.carriedOut ?? false
})

/** The connection is lost without an answer, before or after the request was carried out. */
export const drop = (options: { readonly carriedOut: boolean }): Fault => ({ _tag: "Drop", ...options })

/** The request is carried out, and the connection is lost in the middle of the answer's body. */
export const truncate: Fault = { _tag: "Truncate" }

/** 429 with a `Retry-After` of so many seconds; the request is not carried out. */
export const throttle = (retryAfterSeconds: number): Fault =>
  answer(429, { headers: { "retry-after": String(retryAfterSeconds) } })

/** The connection is lost: in process an HttpClientError (TransportError), on loopback a destroyed socket. */
export class Dropped extends Data.TaggedError("Dropped")<{}> {}

/** A simulated vendor and its controls. */
export interface Simulator {
  readonly vendor: string
  /** Where it answers in process, e.g. `https://logisense.test`. */
  readonly origin: string
  /** A path of its API that answers a GET with 200 and JSON, for suites that know no vendor. */
  readonly resource: string
  readonly handle: (request: Request) => Effect.Effect<Response, Dropped>
  /** All requests received, in order of arrival. */
  readonly seen: Effect.Effect<ReadonlyArray<Seen>>
  /** How many requests of this kind were received, answered or not. */
  readonly count: (kind: Kind) => Effect.Effect<number>
  /** What clients did that the vendor's documentation forbids; the texts hold no secret. */
  readonly violations: Effect.Effect<ReadonlyArray<string>>
  /** Queues a fault for the next `times` requests (default 1) of these kinds (default login and refresh). */
  readonly failNext: (
    fault: Fault,
    options?: {
      readonly kind?: Kind | ReadonlyArray<Kind> | undefined
      readonly times?: number | undefined
    }
  ) => Effect.Effect<void>
  /** Every token request for which no fault is queued meets this one, until it is taken away with `undefined`. */
  readonly outage: (fault: Fault | undefined) => Effect.Effect<void>
  /** How often a refresh token was presented again after it was spent. */
  readonly reuses: Effect.Effect<number>
  /** The API refuses all access tokens issued so far; refresh tokens live on. */
  readonly revokeAccessTokens: Effect.Effect<void>
  /** All refresh tokens issued so far are dead; access tokens live on. */
  readonly revokeRefreshTokens: Effect.Effect<void>
  readonly setPassword: (password: Redacted.Redacted<string>) => Effect.Effect<void>
  /** The lives of tokens issued from now on, rounded up to whole seconds. */
  readonly setLives: (lives: Issued.Lives) => Effect.Effect<void>
  /** Forgets the requests so far, and the tokens that ended an hour ago: for a simulator that runs for days. */
  readonly forget: Effect.Effect<void>
}

/** A request as a vendor's simulator reads it. */
export interface Incoming {
  /** Epoch milliseconds at which it is carried out. */
  readonly now: number
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: string
}

/** The media type of a request's body, in lower case and without its parameters; "" where none is given. */
export const mediaType = ({ headers }: Incoming): string =>
  (headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase()

/** The members of a request's body that is a JSON object; `undefined` for any other body. */
export const jsonObject = ({ body }: Incoming): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as {}) : undefined
  } catch {
    return undefined
  }
}

/** What the kit lends to a vendor's simulator. */
export interface Desk {
  readonly issued: Issued.Issued
  readonly isPassword: (text: unknown) => boolean
  /** Notes a violation of the vendor's protocol; the text must hold no secret. */
  readonly violate: (text: string) => void
}

/** What a vendor's simulator decides: its paths and its answers, synchronously. */
export interface Behaviour {
  readonly vendor: string
  readonly origin: string
  readonly resource: string
  readonly password: Redacted.Redacted<string>
  readonly lives: Parameters<typeof Issued.make>[0]
  readonly kindOf: (incoming: Incoming) => Kind
  readonly answer: (incoming: Incoming, kind: Kind, desk: Desk) => Response
}

const isTokenRequest = (kind: Kind): boolean => kind === "login" || kind === "refresh" || kind === "applicationToken"

const traceHeaders = ["b3", "traceparent", "tracestate", "x-b3-traceid"]

// An answer whose body breaks off in the middle.
const cut = (response: Response) =>
  Effect.map(
    Effect.promise(() => response.arrayBuffer()),
    (whole) => {
      const half = new Uint8Array(whole, 0, Math.floor(whole.byteLength / 2))
      const body = new ReadableStream<Uint8Array>(
        {
          start: (controller) => controller.enqueue(half),
          pull: (controller) => controller.error(new TypeError("terminated"))
        },
        { highWaterMark: 0 }
      )
      return new Response(body, { status: response.status, headers: response.headers })
    }
  )

/** Makes a simulator of a vendor's behaviour; its state begins empty and lives as long as the value. */
export const make = (behaviour: Behaviour): Effect.Effect<Simulator> =>
  Effect.sync(() => {
    let password = behaviour.password
    let outage: Fault | undefined
    const queue: Array<{ readonly fault: Fault; readonly kinds: ReadonlyArray<Kind>; left: number }> = []
    const journal: Array<{ -readonly [K in keyof Seen]: Seen[K] }> = []
    const violations: Array<string> = []
    const issued = Issued.make(behaviour.lives)
    const desk: Desk = {
      issued,
      isPassword: (text) => text === Redacted.value(password),
      violate: (text) => void violations.push(text)
    }

    const faultFor = (kind: Kind): Fault | undefined => {
      const next = queue.find((entry) => entry.left > 0 && entry.kinds.includes(kind))
      if (next === undefined) return isTokenRequest(kind) ? outage : undefined
      next.left--
      return next.fault
    }

    const inspect = (kind: Kind, headers: Headers, search: string): void => {
      if (!isTokenRequest(kind)) return
      for (const name of traceHeaders) {
        if (headers.has(name)) desk.violate(`the trace header ${name} on a ${kind} request`)
      }
      if (search !== "") desk.violate(`a query string on a ${kind} request`)
    }

    const handle = Effect.fnUntraced(function* (request: Request): Effect.fn.Return<Response, Dropped> {
      const clock = yield* Clock.Clock
      const at = Math.floor(clock.currentTimeMillisUnsafe())
      const body =
        request.body === null
          ? ""
          : yield* Effect.tryPromise({
              try: () => request.text(),
              catch: () => new Dropped()
            })
      const { pathname: path, search } = new URL(request.url)
      const incoming = (): Incoming => ({
        now: Math.floor(clock.currentTimeMillisUnsafe()),
        method: request.method,
        path,
        headers: request.headers,
        body
      })
      const kind = behaviour.kindOf(incoming())
      const carryOut = Effect.sync(() => behaviour.answer(incoming(), kind, desk))
      const seen = { at, kind, method: request.method, path, status: undefined as number | undefined }
      const fault = yield* Effect.sync(() => {
        journal.push(seen)
        inspect(kind, request.headers, search)
        return faultFor(kind)
      })
      const answered = (response: Response): Response => {
        seen.status = response.status
        return response
      }
      switch (fault?._tag) {
        case undefined:
          return answered(yield* carryOut)
        case "Delay": {
          const response = yield* carryOut
          yield* Effect.sleep(fault.duration)
          return answered(response)
        }
        case "Answer":
          if (fault.carriedOut) yield* carryOut
          return answered(new Response(fault.body ?? null, { status: fault.status, headers: fault.headers }))
        case "Truncate":
          return answered(yield* cut(yield* carryOut))
        case "Drop":
          if (fault.carriedOut) yield* carryOut
          return yield* new Dropped()
      }
    })

    return {
      vendor: behaviour.vendor,
      origin: behaviour.origin,
      resource: behaviour.resource,
      handle,
      seen: Effect.sync(() => journal.map((seen) => ({ ...seen }))),
      count: (kind) => Effect.sync(() => journal.filter((seen) => seen.kind === kind).length),
      violations: Effect.sync(() => violations.slice()),
      failNext: (fault, options) =>
        Effect.sync(() => {
          const kinds = options?.kind ?? ["login", "refresh"]
          queue.push({ fault, kinds: typeof kinds === "string" ? [kinds] : kinds, left: options?.times ?? 1 })
        }),
      outage: (fault) =>
        Effect.sync(() => {
          outage = fault
        }),
      reuses: Effect.sync(issued.reuses),
      revokeAccessTokens: Effect.sync(() => issued.revoke("access")),
      revokeRefreshTokens: Effect.sync(() => issued.revoke("refresh")),
      setPassword: (next) =>
        Effect.sync(() => {
          password = next
        }),
      setLives: (lives) => Effect.sync(() => issued.setLives(lives)),
      forget: Effect.map(Clock.currentTimeMillis, (now) => {
        journal.length = 0
        issued.forget(now - 3_600_000)
      })
    }
  })
