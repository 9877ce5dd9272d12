/**
 * Acme as its documentation describes it: one token endpoint for both grants, and one resource.
 * Decided here: the vendor's answers, its reuse rule, and what counts as a violation of its protocol.
 * All of it is ASSUMED: write it anew from your vendor's page alone, never from the client, or the two will
 * agree in their mistakes.
 * Not decided here: faults, the journal and the memory of tokens (the kit). No TLS.
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

/** How the simulated Acme is set up. */
export interface Options {
  /** @default "https://acme.test" */
  readonly origin?: string | undefined
  /** Who may log in. @default made-up ones */
  readonly credentials?: Credentials | undefined
}

/** A simulated Acme. */
export interface AcmeSimulator extends Simulator.Simulator {
  /** The credentials it began with. */
  readonly credentials: Credentials
}

/** Assumed: replace with your vendor's page. */
const paths = { token: "/oauth/token", things: "/api/v1/things" }

const fieldsOf = (incoming: Simulator.Incoming) =>
  Simulator.mediaType(incoming) === "application/x-www-form-urlencoded" ? new URLSearchParams(incoming.body) : undefined

const kindOf = (incoming: Simulator.Incoming): Simulator.Kind => {
  if (incoming.path === paths.things) return "api"
  if (incoming.path !== paths.token) return "unknown"
  const grant = fieldsOf(incoming)?.get("grant_type")
  return grant === "password" ? "login" : grant === "refresh_token" ? "refresh" : "unknown"
}

const refused = (error: string, status = 400): Response => Response.json({ error }, { status })

/** Makes one: access tokens of 3600 s, and refresh tokens of 30 days that may be used once (assumed). */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<AcmeSimulator> {
  const credentials = options.credentials ?? {
    username: "acme-robot",
    password: Redacted.make("correct horse $&+=% battery stäple")
  }

  /** Each grant gives both tokens anew. Assumed: replace with your vendor's page. */
  const issue = ({ issued }: Simulator.Desk, now: number, family: number, refreshEnds: number): Response => {
    const [life, access, refresh] = [issued.accessSeconds(), Jwt.opaque(43), Jwt.opaque(43)]
    issued.record(access, { kind: "access", family, expiresAt: now + life * 1000 })
    issued.record(refresh, { kind: "refresh", family, expiresAt: refreshEnds })
    return Response.json({ access_token: access, token_type: "Bearer", expires_in: life, refresh_token: refresh })
  }

  const login = (sent: URLSearchParams, now: number, desk: Simulator.Desk): Response =>
    sent.get("username") === credentials.username && desk.isPassword(sent.get("password"))
      ? issue(desk, now, desk.issued.family(), now + desk.issued.refreshSeconds()! * 1000)
      : refused("invalid_grant")

  const refresh = (sent: URLSearchParams, now: number, desk: Simulator.Desk): Response => {
    const presented = sent.get("refresh_token")!
    const standing = desk.issued.standing(presented, "refresh", now)
    if (standing === "wrongKind") desk.violate("an access token in a refresh request")
    if (standing === "spent") {
      desk.violate("a refresh token presented again after it was spent")
      desk.issued.reuse(presented)
    }
    if (standing !== "live") return refused("invalid_grant")
    const { expiresAt, family } = desk.issued.find(presented)!
    desk.issued.spend(presented)
    return issue(desk, now, family, expiresAt!)
  }

  // Exactly the documented fields, each once: a client that sends another grant's secret along is found out.
  const fieldsOfGrant = {
    login: ["grant_type", "scope", "username", "password"],
    refresh: ["grant_type", "scope", "refresh_token"]
  }

  const token = (incoming: Simulator.Incoming, kind: Simulator.Kind, desk: Simulator.Desk): Response => {
    const violation = (text: string, status = 400): Response => {
      desk.violate(text)
      return refused("invalid_request", status)
    }
    if (incoming.method !== "POST") return violation(`a token request by ${incoming.method}`, 405)
    if (incoming.headers.has("authorization")) desk.violate("an Authorization header on a token request")
    const sent = fieldsOf(incoming)
    if (sent === undefined) return violation("a token request that is no form", 415)
    if (kind !== "login" && kind !== "refresh") return violation("a token request of another grant")
    const [wanted, given] = [fieldsOfGrant[kind].toSorted(), [...sent.keys()].toSorted()]
    if (wanted.join() !== given.join()) return violation(`a ${kind} request with other fields than its own`)
    return kind === "login" ? login(sent, incoming.now, desk) : refresh(sent, incoming.now, desk)
  }

  const api = ({ headers, method, now }: Simulator.Incoming, desk: Simulator.Desk): Response => {
    const bearer = /^Bearer (\S+)$/.exec(headers.get("authorization") ?? "")?.[1]
    const standing = bearer === undefined ? "unknown" : desk.issued.standing(bearer, "access", now)
    if (standing === "wrongKind" || standing === "spent") desk.violate("a refresh token on an API request")
    if (standing !== "live") return refused("invalid_token", 401)
    return method === "GET" ? Response.json([{ id: 1, name: "a thing" }]) : new Response(null, { status: 405 })
  }

  const simulator = yield* Simulator.make({
    vendor: "acme",
    origin: options.origin ?? "https://acme.test",
    resource: paths.things,
    password: credentials.password,
    lives: { access: "3600 seconds", refresh: "30 days" },
    kindOf,
    answer: (incoming, kind, desk) =>
      kind === "api"
        ? api(incoming, desk)
        : incoming.path === paths.token
          ? token(incoming, kind, desk)
          : new Response("Not Found", { status: 404 })
  })
  return { ...simulator, credentials }
})
