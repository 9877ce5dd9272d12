/**
 * ItemPath's API as its documentation describes it: login, refresh by header, application tokens, three resources.
 * Decided here: ItemPath's answers, which tokens it takes where, and what counts as a violation of its protocol.
 * Not decided here: faults, the journal and the memory of tokens (the kit). Written from the documentation,
 * https://itempath.com/docs/itempath-api/authentication, and shares no code with the client it is to test.
 * Inferred, not documented: POST and `accessToken` at the refresh, every `msg` (the defaults of flask-jwt-extended 4,
 * which the documented tokens match), the body of the 404, and the 403 for a user that is not an application.
 */
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** What a user configures to log in. */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/** How the simulated ItemPath is set up. */
export interface Options {
  /** Default `https://itempath.test`. */
  readonly origin?: string | undefined
  /** Who may log in. @default made-up ones */
  readonly credentials?: Credentials | undefined
  /** Only an "application" user may have an application token (same page as above); default "standard". */
  readonly userType?: "application" | "standard" | undefined
}

/** A simulated ItemPath. */
export interface ItemPathSimulator extends Simulator.Simulator {
  /** The credentials it began with. */
  readonly credentials: Credentials
}

const paths = {
  login: "/api/users/login",
  refresh: "/api/users/refresh",
  applicationToken: "/api/users/application-token",
  stations: "/api/stations",
  materials: "/api/materials",
  orders: "/api/orders"
}

const msg = (status: number, text: string): Response => Response.json({ msg: text }, { status })

const notAllowed = (): Response =>
  Response.json({ message: "The method is not allowed for the requested URL." }, { status: 405 })

const kindOf = ({ path }: Simulator.Incoming): Simulator.Kind => {
  switch (path) {
    case paths.login:
      return "login"
    case paths.refresh:
      return "refresh"
    case paths.applicationToken:
      return "applicationToken"
    case paths.stations:
    case paths.materials:
    case paths.orders:
      return "api"
    default:
      return "unknown"
  }
}

// The token of the Authorization header, or the refusal: exactly `Bearer`, then one token.
const bearer = (headers: Headers): { readonly token: string } | Response => {
  const header = headers.get("authorization")
  if (header === null) return msg(401, "Missing Authorization Header")
  const parts = header.split(/\s+/)
  if (parts[0] !== "Bearer") {
    return msg(401, "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'")
  }
  return parts.length === 2 && parts[1] !== ""
    ? { token: parts[1]! }
    : msg(422, "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'")
}

const admit = (
  { headers, now }: Simulator.Incoming,
  kind: "access" | "refresh",
  where: string,
  desk: Simulator.Desk
): { readonly token: string } | Response => {
  const presented = bearer(headers)
  if (presented instanceof Response) {
    if (headers.has("authorization")) desk.violate(`a malformed Authorization header at ${where}`)
    return presented
  }
  switch (desk.issued.standing(presented.token, kind, now)) {
    case "live":
    case "spent":
      return presented
    case "unknown":
      return msg(422, presented.token.split(".").length === 3 ? "Signature verification failed" : "Not enough segments")
    case "expired":
      return msg(401, "Token has expired")
    case "revoked":
      return msg(401, "Token has been revoked")
    case "wrongKind":
      desk.violate(`a token of the wrong kind at ${where}, where ${kind} tokens are taken`)
      return msg(422, kind === "refresh" ? "Only refresh tokens are allowed" : "Only non-refresh tokens are allowed")
  }
}

/**
 * Makes a simulated ItemPath: access tokens of 15 minutes, refresh tokens of 30 days that may be used many times
 * (https://itempath.com/docs/itempath-api/authentication).
 */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<ItemPathSimulator> {
  const credentials = options.credentials ?? {
    username: "warehouse-robot",
    password: Redacted.make("correct horse $&+=% battery stäple")
  }

  const issue = (
    { issued }: Simulator.Desk,
    now: number,
    token: { readonly family: number; readonly type: "access" | "refresh"; readonly seconds: number | undefined }
  ): string => {
    const iat = Math.floor(now / 1000)
    const exp = token.seconds === undefined ? undefined : iat + token.seconds
    // The order of the claims is that of the documented tokens; a claim that is undefined is not written.
    const text = Jwt.mint(
      { typ: "JWT", alg: "HS256" },
      {
        fresh: false,
        iat,
        jti: Jwt.uuid(),
        type: token.type,
        identity: credentials.username,
        nbf: iat,
        exp
      }
    )
    issued.record(text, {
      kind: token.type,
      family: token.family,
      expiresAt: exp === undefined ? undefined : exp * 1000
    })
    return text
  }

  const login = (incoming: Simulator.Incoming, desk: Simulator.Desk): Response => {
    const { headers, now } = incoming
    if (headers.has("authorization")) desk.violate("an Authorization header on a login")
    if (Simulator.mediaType(incoming) !== "application/json") {
      desk.violate("a login that is not application/json")
      return Response.json({ message: "Did not attempt to load JSON data" }, { status: 415 })
    }
    const sent = Simulator.jsonObject(incoming)
    if (typeof sent?.["username"] !== "string" || typeof sent["password"] !== "string") {
      desk.violate("a login without username and password")
      return Response.json({ message: "username and password are required" }, { status: 400 })
    }
    if (sent["username"] !== credentials.username || !desk.isPassword(sent["password"])) {
      return Response.json({ message: "User not found" }, { status: 404 })
    }
    const family = desk.issued.family()
    const accessToken = issue(desk, now, { family, type: "access", seconds: desk.issued.accessSeconds() })
    const refreshToken = issue(desk, now, { family, type: "refresh", seconds: desk.issued.refreshSeconds() })
    return Response.json({ login: true, accessToken, refreshToken })
  }

  const answer = (incoming: Simulator.Incoming, kind: Simulator.Kind, desk: Simulator.Desk): Response => {
    const { method, now, path } = incoming
    if (kind === "unknown") return new Response("Not Found", { status: 404 })
    if (kind !== "api" && method !== "POST") {
      desk.violate(`a ${kind} by ${method}`)
      return notAllowed()
    }
    if (kind === "login") return login(incoming, desk)
    const presented = admit(incoming, kind === "api" ? "access" : "refresh", path, desk)
    if (presented instanceof Response) return presented
    const family = desk.issued.find(presented.token)!.family
    switch (kind) {
      case "refresh":
        return Response.json({
          accessToken: issue(desk, now, { family, type: "access", seconds: desk.issued.accessSeconds() })
        })
      case "applicationToken":
        return options.userType === "application"
          ? Response.json({ token: issue(desk, now, { family, type: "access", seconds: undefined }) })
          : Response.json({ message: "Only application users can have an application token" }, { status: 403 })
      case "api":
        return resource(method, path)
    }
  }

  const simulator = yield* Simulator.make({
    vendor: "itempath",
    origin: options.origin ?? "https://itempath.test",
    resource: paths.stations,
    password: credentials.password,
    lives: { access: "15 minutes", refresh: "30 days" },
    kindOf,
    answer
  })
  return { ...simulator, credentials }
})

// 422 and 400 are ItemPath's ordinary words for data it does not accept; a client must not take them for a dead token.
const resource = (method: string, path: string): Response => {
  const name = path.slice("/api/".length)
  if (method === "GET")
    return Response.json({
      [name]: [
        { id: 1, name: "Station A" },
        { id: 2, name: "Station B" }
      ]
    })
  if (method !== "POST" || path === paths.stations) return notAllowed()
  return path === paths.materials
    ? Response.json({ errors: [{ name: { message: "Bolt M8 already exists" } }] }, { status: 422 })
    : new Response("Order must have at least one order line.", { status: 400 })
}
