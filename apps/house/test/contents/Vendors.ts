// The three vendors as a hostile server sees them: the names of their fields, a good answer of each, and a service whose
// token endpoint says whatever a test wants.
// Every value of an answer carries the mark, so that one search finds any of them in what an app can print.
// Not here: which contents there are, and what is due for them.
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthService from "@vendor-auth/core/AuthService"
import type * as TokenEngine from "@vendor-auth/core/TokenEngine"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

export const mark = "Zx9Qv"
export const password = 'p4ss & "=+% wörd'

export interface Contents {
  readonly body: string | Uint8Array
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

export interface Vendor {
  readonly name: string
  /** The names on the wire; ItemPath states neither a life nor a type. */
  readonly fields: {
    readonly access: string
    readonly refresh: string
    readonly life?: string
    readonly type?: string
  }
  /** The documented life of an access token, in seconds. */
  readonly defaultLife: number
  readonly refreshTokenUse: "once" | "many"
  /** What else a good answer holds. */
  readonly more: Readonly<Record<string, unknown>>
  readonly make: (
    policy: TokenEngine.Options["policy"]
  ) => Effect.Effect<AuthService.Shape, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope>
}

const baseUrl = "https://vendor.test"
const secret = Redacted.make(password)

export const logiSense: Vendor = {
  name: "LogiSense",
  fields: { access: "access_token", refresh: "refresh_token", life: "expires_in", type: "token_type" },
  defaultLife: 1800,
  refreshTokenUse: "once",
  more: {
    audience: `audience-${mark}`,
    ".issued": "2026-01-01T00:00:00Z",
    ".expires": "2026-01-01T00:30:00Z",
    actingOwnerId: 1
  },
  make: (policy) =>
    LogiSenseAuth.make({
      baseUrl,
      clientId: "client",
      credentials: { username: "user", password: secret },
      ...(policy && { policy })
    })
}

export const lrsConnect: Vendor = {
  name: "LRS Connect",
  fields: { access: "accessToken", refresh: "refreshToken", life: "expiresIn", type: "tokenType" },
  defaultLife: 3600,
  refreshTokenUse: "once",
  more: { scope: `offline_access ${mark}` },
  make: (policy) =>
    LrsConnectAuth.make({ baseUrl, credentials: { userName: "user", password: secret }, ...(policy && { policy }) })
}

export const itemPath: Vendor = {
  name: "ItemPath",
  fields: { access: "accessToken", refresh: "refreshToken" },
  defaultLife: 900,
  refreshTokenUse: "many",
  more: { login: true, username: `user-${mark}`, id: 5 },
  make: (policy) =>
    ItemPathAuth.make({ baseUrl, credentials: { username: "user", password: secret }, ...(policy && { policy }) })
}

export const vendors = [logiSense, lrsConnect, itemPath] as const

/** A piece of JSON that JSON.stringify would not write. */
export class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** An object's text; undefined members are left out. */
export const json = (members: Readonly<Record<string, unknown>>): string =>
  `{${Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${value instanceof Raw ? value.text : JSON.stringify(value)}`)
    .join(",")}}`

export interface Changes {
  readonly access?: unknown
  readonly refresh?: unknown
  readonly life?: unknown
  readonly type?: unknown
  readonly more?: Readonly<Record<string, unknown>>
}

/** A good answer's members, but for what is changed. A field that the vendor has not is left out. */
export const members = ({ fields, more }: Vendor, changes: Changes = {}): Readonly<Record<string, unknown>> => {
  const given = { access: `access-${mark}`, refresh: `refresh-${mark}`, life: 3600, type: "bearer", ...changes }
  return {
    [fields.access]: given.access,
    [fields.refresh]: given.refresh,
    ...(fields.life !== undefined && { [fields.life]: given.life }),
    ...(fields.type !== undefined && { [fields.type]: given.type }),
    ...more,
    ...changes.more
  }
}

/** A JWT that is made up here, signed by nobody. */
export const jwt = (claims: Readonly<Record<string, unknown>>): string =>
  [{ alg: "none" }, claims, mark]
    .map((part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url"))
    .join(".")

export interface Sent {
  readonly path: string
  readonly body: string
  readonly authorization: string | undefined
}

type Respond = (request: HttpClientRequest, contents: Contents) => HttpClientResponse.HttpClientResponse

const json200 = { "content-type": "application/json" }

/** An answer as fetch has it. */
const web: Respond = (request, { body, headers = json200, status = 200 }) =>
  HttpClientResponse.fromWeb(
    request,
    new Response(typeof body === "string" ? body : new Uint8Array(body), { status, headers })
  )

/** The same without a web stream, which costs more than all that is done with the answer. */
export const quick: Respond = (request, { body, headers = json200, status = 200 }) => {
  const response = HttpClientResponse.fromWeb(request, { status, headers: new Headers(headers) } as Response)
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  return Object.defineProperty(response, "stream", { value: Stream.succeed(bytes) })
}

/** A vendor's service, and its token endpoint: what it says is `answer`, at any time, and what it was sent is kept. */
export const serve = Effect.fnUntraced(function* (
  vendor: Vendor,
  policy?: TokenEngine.Options["policy"],
  respond: Respond = web
) {
  const wire = { answer: { body: json(members(vendor)) } as Contents, sent: [] as Array<Sent> }
  const client = HttpClient.make((request, { pathname }) =>
    Effect.sync(() => {
      wire.sent.push({
        path: pathname,
        body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "",
        authorization: request.headers["authorization"]
      })
      return respond(request, wire.answer)
    })
  )
  const auth = yield* Effect.provideService(vendor.make(policy), HttpClient.HttpClient, client)
  return { auth, wire, client }
})
