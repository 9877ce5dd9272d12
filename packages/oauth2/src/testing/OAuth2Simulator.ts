/**
 * An authorization server that takes RFC 6749 at its word, and an API behind it that speaks RFC 6750.
 * Decided here: the three grants without a browser, client authentication, the metadata of RFC 8414 or OpenID Connect,
 * the revocation of RFC 7009, and what counts as a violation. Written from these standards, sharing no code with the
 * client it is to test. A parameter that is not known is ignored, as section 3.2 demands.
 * Not decided here: faults, the journal and the memory of tokens (the kit). Chosen, since the standards leave it open:
 * opaque tokens of an hour, refresh tokens of a day that a rotation does not extend, and that a refresh token presented
 * again revokes its whole family.
 */
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TokenRequest from "./TokenRequest.ts"

/** The registered client, and the one user. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/** How the simulated server is set up. */
export interface Options {
  /** Default `https://oauth2.test`. */
  readonly origin?: string | undefined
  /** The issuer's path, without a slash at its end. Default none. */
  readonly path?: string | undefined
  /** Who may log in. @default made-up ones */
  readonly credentials?: Credentials | undefined
  /** The only way that the client may authenticate; default "client_secret_basic". */
  readonly authentication?: TokenRequest.Method | undefined
  /** A refresh gives a new refresh token and spends the old one (default), gives the same again, or gives none. */
  readonly refreshTokens?: "rotate" | "repeat" | "omit" | undefined
  /** Where the metadata are; default at both addresses. */
  readonly metadata?: "oauth-authorization-server" | "openid-configuration" | undefined
  /** Members of the metadata that are not as they should be. */
  readonly misstated?: Readonly<Record<string, unknown>> | undefined
}

/** What a token was asked for with. */
export interface Asked {
  readonly grantType: string
  readonly scope: string | undefined
  readonly audience: string | undefined
  readonly resource: ReadonlyArray<string>
}

/** A simulated authorization server and its API. */
export interface OAuth2Simulator extends Simulator.Simulator {
  readonly credentials: Credentials
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string
  /** What each token that was given was asked for with, in order. */
  readonly asked: Effect.Effect<ReadonlyArray<Asked>>
  /** The kinds of tokens that clients revoked, in order. */
  readonly revoked: Effect.Effect<ReadonlyArray<"access" | "refresh" | "unknown">>
}

const refused = (error: string): Response => Response.json({ error }, { status: 400 })

const unauthorized = (error: string): Response =>
  Response.json({ error }, { status: 401, headers: { "www-authenticate": 'Basic realm="tokens"' } })

const challenge = (status: number, parameters: string): Response =>
  new Response(null, { status, headers: { "www-authenticate": `Bearer realm="api"${parameters}` } })

/** Makes a simulated server. */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<OAuth2Simulator> {
  const credentials = options.credentials ?? {
    clientId: "made-up client: 7%+~",
    clientSecret: Redacted.make("made-up $&+=%: client secret ~"),
    username: "oauth-robot",
    password: Redacted.make("correct horse $&+=% battery stäple")
  }
  const { authentication = "client_secret_basic", origin = "https://oauth2.test", path = "" } = options
  const issuer = origin + path
  const [tokenEndpoint, revocationEndpoint] = [`${issuer}/token`, `${issuer}/revoke`]
  const asked: Array<Asked> = []
  const revoked: Array<"access" | "refresh" | "unknown"> = []
  /** Families and tokens that clients revoked. */
  const dead = new Set<number | string>()

  const documents = {
    "oauth-authorization-server": `/.well-known/oauth-authorization-server${path}`,
    "openid-configuration": `${path}/.well-known/openid-configuration`
  }
  const isMetadata = (at: string) =>
    options.metadata === undefined ? Object.values(documents).includes(at) : documents[options.metadata] === at

  const metadata = () =>
    Response.json({
      issuer,
      token_endpoint: tokenEndpoint,
      revocation_endpoint: revocationEndpoint,
      token_endpoint_auth_methods_supported: [authentication],
      grant_types_supported: ["client_credentials", "password", "refresh_token"],
      ...options.misstated
    })

  const issue = (
    { issued }: Simulator.Desk,
    { form, now }: TokenRequest.TokenRequest,
    family: number,
    refresh: { readonly text: string } | { readonly until: number } | undefined
  ): Response => {
    const life = issued.accessSeconds()
    const access = Jwt.opaque(43)
    issued.record(access, { kind: "access", family, expiresAt: now + life * 1000 })
    asked.push({
      grantType: form.get("grant_type")!,
      scope: form.get("scope") ?? undefined,
      audience: form.get("audience") ?? undefined,
      resource: form.getAll("resource")
    })
    let refreshToken: string | undefined
    if (refresh !== undefined) {
      refreshToken = "text" in refresh ? refresh.text : Jwt.opaque(43)
      if ("until" in refresh) issued.record(refreshToken, { kind: "refresh", family, expiresAt: refresh.until })
    }
    return Response.json(
      {
        access_token: access,
        token_type: "Bearer",
        expires_in: life,
        ...(refreshToken !== undefined && { refresh_token: refreshToken }),
        ...(form.has("scope") && { scope: form.get("scope") })
      },
      { headers: { "cache-control": "no-store" } }
    )
  }

  const refreshed = (request: TokenRequest.TokenRequest, desk: Simulator.Desk): Response => {
    const presented = request.form.get("refresh_token")!
    const standing = desk.issued.standing(presented, "refresh", request.now)
    if (standing === "wrongKind") desk.violate("an access token in a refresh request")
    if (standing === "spent") {
      desk.violate("a refresh token presented again after it was spent")
      desk.issued.reuse(presented)
    }
    if (standing !== "live") return refused("invalid_grant")
    const { expiresAt, family } = desk.issued.find(presented)!
    if (dead.has(family)) return refused("invalid_grant")
    switch (options.refreshTokens ?? "rotate") {
      case "rotate":
        desk.issued.spend(presented)
        return issue(desk, request, family, { until: expiresAt! })
      case "repeat":
        return issue(desk, request, family, { text: presented })
      case "omit":
        return issue(desk, request, family, undefined)
    }
  }

  const token = (request: TokenRequest.TokenRequest, desk: Simulator.Desk): Response => {
    const { form } = request
    switch (form.get("grant_type")) {
      case "client_credentials":
        // Section 4.4: confidential clients only, and no refresh token.
        if (authentication === "none") return refused("unauthorized_client")
        return issue(desk, request, desk.issued.family(), undefined)
      case "password": {
        const isUser = form.get("username") === credentials.username && desk.isPassword(form.get("password"))
        if (!isUser) return refused("invalid_grant")
        const until = request.now + desk.issued.refreshSeconds()! * 1000
        return issue(desk, request, desk.issued.family(), { until })
      }
      case "refresh_token":
        return refreshed(request, desk)
      default:
        return refused("unsupported_grant_type")
    }
  }

  const revocation = ({ form }: TokenRequest.TokenRequest, { issued, violate }: Simulator.Desk): Response => {
    const text = form.get("token") ?? ""
    const found = issued.find(text)
    if (text === "") violate("a revocation without a token")
    if (found !== undefined && form.get("token_type_hint") !== `${found.kind}_token`) violate("a wrong token_type_hint")
    revoked.push(found?.kind ?? "unknown")
    if (found !== undefined) dead.add(found.kind === "refresh" ? found.family : text)
    // Section 2.2: a token that is not known is revoked as well as it can be.
    return new Response(null, { status: 200 })
  }

  const api = ({ headers, method, now, path }: Simulator.Incoming, desk: Simulator.Desk): Response => {
    const bearer = /^Bearer (\S+)$/.exec(headers.get("authorization") ?? "")?.[1]
    if (bearer === undefined) return challenge(401, "")
    const standing = desk.issued.standing(bearer, "access", now)
    if (standing === "wrongKind" || standing === "spent") desk.violate("a refresh token on an API request")
    const isDead = dead.has(bearer) || dead.has(desk.issued.find(bearer)?.family ?? "")
    if (standing !== "live" || isDead) return challenge(401, ', error="invalid_token"')
    if (path === "/api/admin") return challenge(403, ', error="insufficient_scope", scope="admin"')
    return method === "GET" ? Response.json([{ name: "a made-up thing" }]) : new Response(null, { status: 405 })
  }

  const simulator = yield* Simulator.make({
    vendor: "oauth2",
    origin,
    resource: "/api/things",
    password: credentials.password,
    lives: { access: "1 hour", refresh: "1 day" },
    kindOf: ({ body, path: at }) => {
      if (at.startsWith("/api/")) return "api"
      if (at !== `${path}/token`) return "unknown"
      return new URLSearchParams(body).get("grant_type") === "refresh_token" ? "refresh" : "login"
    },
    answer: (incoming, kind, desk) => {
      const { method, path: at } = incoming
      if (kind === "api") return api(incoming, desk)
      if (method === "GET" && isMetadata(at)) return metadata()
      if (at !== `${path}/token` && at !== `${path}/revoke`) return new Response("Not Found", { status: 404 })
      const request = TokenRequest.read(incoming, { ...credentials, authentication }, desk.violate)
      if (request === "invalid_client") return unauthorized(request)
      if (typeof request === "string") return refused(request)
      return at === `${path}/token` ? token(request, desk) : revocation(request, desk)
    }
  })
  return {
    ...simulator,
    credentials,
    issuer,
    tokenEndpoint,
    revocationEndpoint,
    asked: Effect.sync(() => asked.slice()),
    revoked: Effect.sync(() => revoked.slice())
  }
})
