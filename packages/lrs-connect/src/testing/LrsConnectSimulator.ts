/**
 * LRS Connect as its documentation describes it: one token endpoint for both grants, and two v3 resources.
 * Decided here: LRS Connect's answers, its reuse rule, and what counts as a violation of its protocol.
 * Not decided here: faults, the journal and the memory of tokens (the kit). Written from the documentation,
 * https://lrsconnect.readme.io/docs/bearer-token-using-refresh-token and
 * https://lrsconnect.readme.io/docs/authentication-v4, sharing no code with the client it is to test. No TLS.
 * Inferred, not documented: every error answer and the reuse rule (those of Okta, whose tokens LRS hands out), the
 * life of a refresh token (30 days, which rotation does not extend), and the shape of the resources' answers.
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

/** How the simulated LRS Connect is set up. */
export interface Options {
  /** Default `https://lrs-connect.test`. */
  readonly origin?: string | undefined
  /** Who may log in. @default made-up ones */
  readonly credentials?: Credentials | undefined
  /** A refresh gives a new refresh token and spends the old one (default), or gives the same one again. */
  readonly refreshTokens?: "rotate" | "repeat" | undefined
}

/** A simulated LRS Connect. */
export interface LrsConnectSimulator extends Simulator.Simulator {
  /** The credentials it began with. */
  readonly credentials: Credentials
}

type Sent = Readonly<Record<string, unknown>>

const tokenPath = "/rest/v4/oauth/token"

const resources: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  "/rest/v3/accounts": [
    {
      accountGuid: "00000000-0000-4000-8000-000000000001",
      companyName: "Made-up Diners",
      countryCode: "US"
    }
  ],
  "/rest/v3/locations": [
    {
      locationGuid: "00000000-0000-4000-8000-000000000002",
      accountGuid: "00000000-0000-4000-8000-000000000001",
      name: "Main Street"
    }
  ]
}

const refused = (error: string, description?: string, status = 400): Response =>
  Response.json({ error, ...(description === undefined ? {} : { error_description: description }) }, { status })

const kindOf = (incoming: Simulator.Incoming): Simulator.Kind => {
  if (incoming.path in resources) return "api"
  if (incoming.path !== tokenPath) return "unknown"
  switch (Simulator.jsonObject(incoming)?.["grantType"]) {
    case "PASSWORD":
      return "login"
    case "REFRESH_TOKEN":
      return "refresh"
    default:
      return "unknown"
  }
}

/**
 * Makes a simulated LRS Connect: access tokens of 3600 s
 * (https://lrsconnect.readme.io/docs/bearer-token-using-refresh-token) and refresh tokens of 30 days (inferred).
 */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<LrsConnectSimulator> {
  const credentials = options.credentials ?? {
    username: "guest-pager-robot",
    password: Redacted.make("correct horse $&+=% battery stäple")
  }

  const issue = (
    { issued }: Simulator.Desk,
    now: number,
    family: number,
    refreshToken: string | undefined
  ): Response => {
    const iat = Math.floor(now / 1000)
    const life = issued.accessSeconds()
    const accessToken = Jwt.mint(
      { kid: Jwt.opaque(43), alg: "RS256" },
      {
        ver: 1,
        jti: `AT.${Jwt.opaque(43)}`,
        iss: "https://issuer.lrs-connect.test/oauth2/made-up",
        aud: "https://api.lrs-connect.test/v1/applications/made-up",
        iat,
        exp: iat + life,
        cid: "made-up-client",
        uid: "made-up-user",
        scp: refreshToken === undefined ? [] : ["offline_access"],
        sub: credentials.username
      }
    )
    issued.record(accessToken, { kind: "access", family, expiresAt: (iat + life) * 1000 })
    return Response.json({
      tokenType: "Bearer",
      expiresIn: String(life),
      accessToken,
      ...(refreshToken === undefined ? {} : { scope: "offline_access", refreshToken })
    })
  }

  const freshRefreshToken = ({ issued }: Simulator.Desk, family: number, expiresAt: number | undefined): string => {
    const text = Jwt.opaque(42)
    issued.record(text, { kind: "refresh", family, expiresAt })
    return text
  }

  // The value of scope is a word of capitals too; without it the grant is answered, but without a refresh token.
  const offline = (sent: Sent): boolean => sent["scope"] === "OFFLINE_ACCESS"

  const login = (sent: Sent, now: number, desk: Simulator.Desk): Response => {
    if (sent["userName"] !== credentials.username || !desk.isPassword(sent["password"])) {
      return refused("invalid_grant", "The credentials provided were invalid.")
    }
    const family = desk.issued.family()
    const until = now + desk.issued.refreshSeconds()! * 1000
    return issue(desk, now, family, offline(sent) ? freshRefreshToken(desk, family, until) : undefined)
  }

  const refresh = (sent: Sent, now: number, desk: Simulator.Desk): Response => {
    const presented = sent["refreshToken"] as string
    const standing = desk.issued.standing(presented, "refresh", now)
    if (standing === "wrongKind") desk.violate("an access token in a refresh request")
    if (standing === "spent") {
      desk.violate("a refresh token presented again after it was spent")
      desk.issued.reuse(presented)
    }
    if (standing !== "live") return refused("invalid_grant", "The refresh token is invalid or expired.")
    const { expiresAt, family } = desk.issued.find(presented)!
    if (!offline(sent)) return issue(desk, now, family, undefined)
    if (options.refreshTokens === "repeat") return issue(desk, now, family, presented)
    desk.issued.spend(presented)
    // Rotation does not move the end of the session.
    return issue(desk, now, family, freshRefreshToken(desk, family, expiresAt))
  }

  // Exactly the documented keys, in their capitals: each grant's own, and no other grant's secret beside them.
  const keysOf = { login: ["userName", "password"], refresh: ["refreshToken"] }

  const token = (incoming: Simulator.Incoming, kind: Simulator.Kind, desk: Simulator.Desk): Response => {
    const { headers, method, now } = incoming
    const violation = (text: string, response = refused("invalid_request")): Response => {
      desk.violate(text)
      return response
    }
    if (method !== "POST") return violation(`a token request by ${method}`, new Response(null, { status: 405 }))
    if (headers.has("authorization")) desk.violate("an Authorization header on a token request")
    if (Simulator.mediaType(incoming) !== "application/json") {
      return violation("a token request that is not application/json", new Response(null, { status: 415 }))
    }
    const sent = Simulator.jsonObject(incoming)
    if (sent === undefined) return violation("a token request that is no JSON object")
    if (kind !== "login" && kind !== "refresh") {
      return violation("a token request with another grantType than PASSWORD or REFRESH_TOKEN")
    }
    const foreign = Object.keys(sent).filter((key) => !["grantType", "scope", ...keysOf[kind]].includes(key))
    if (foreign.length > 0) return violation(`a ${kind} request with keys that are not its own`)
    const absent = keysOf[kind].filter((key) => typeof sent[key] !== "string" || sent[key] === "")
    if (absent.length > 0) return violation(`a ${kind} request without ${absent.join(" and ")}`)
    return kind === "login" ? login(sent, now, desk) : refresh(sent, now, desk)
  }

  const api = ({ headers, method, now, path }: Simulator.Incoming, desk: Simulator.Desk): Response => {
    const bearer = /^Bearer (\S+)$/.exec(headers.get("authorization") ?? "")?.[1]
    const standing = bearer === undefined ? "unknown" : desk.issued.standing(bearer, "access", now)
    if (standing === "wrongKind" || standing === "spent") desk.violate("a refresh token on an API request")
    if (standing !== "live") return refused("invalid_token", undefined, 401)
    return method === "GET" ? Response.json(resources[path]) : new Response(null, { status: 405 })
  }

  const simulator = yield* Simulator.make({
    vendor: "lrs-connect",
    origin: options.origin ?? "https://lrs-connect.test",
    resource: "/rest/v3/accounts",
    password: credentials.password,
    lives: { access: "3600 seconds", refresh: "30 days" },
    kindOf,
    answer: (incoming, kind, desk) =>
      kind === "api"
        ? api(incoming, desk)
        : incoming.path === tokenPath
          ? token(incoming, kind, desk)
          : new Response("Not Found", { status: 404 })
  })
  return { ...simulator, credentials }
})
