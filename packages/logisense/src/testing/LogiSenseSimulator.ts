/**
 * LogiSense's authorization and resource servers as its documentation describes them: both logins, refresh, accounts.
 * Decided here: LogiSense's answers, the reuse and lock-out rules, and what counts as a violation of its protocol.
 * Not decided here: faults, the journal and the memory of tokens (the kit). Written from the documentation,
 * https://developer.logisense.com/docs/tokens, and shares no code with the client it is to test.
 * Inferred, not documented: rotation and reuse detection (the refresh token has an id, so the server tracks it), every
 * error answer (those of an ASP.NET token endpoint), the refresh answer (that of the login), the lock-out's threshold.
 */
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { resource } from "./LogiSenseResources.ts"

/** What a user configures to log in, by user and password or by client secret. */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}

/** How the simulated LogiSense is set up. */
export interface Options {
  /** Default `https://logisense.test`. */
  readonly origin?: string | undefined
  /** Who may log in. @default made-up ones */
  readonly credentials?: Credentials | undefined
  /** The API versions in its paths (https://developer.logisense.com/docs/tokens); default `["v10"]`. */
  readonly versions?: ReadonlyArray<string> | undefined
  /** Whether older editions' `/AuthorizationServer/Access/Login` is served too; default no. */
  readonly unversioned?: boolean | undefined
  /** A refresh gives a new refresh token and spends the old one (default), gives the same one again, or gives none. */
  readonly refreshTokens?: "rotate" | "repeat" | "omit" | undefined
  /** Older editions wrote `expires_in` as a string; default "number". */
  readonly expiresInAs?: "number" | "string" | undefined
  /** Wrong passwords or client secrets in a row that lock the login; default 5. */
  readonly lockOutAfter?: number | undefined
}

/** A simulated LogiSense. */
export interface LogiSenseSimulator extends Simulator.Simulator {
  /** The credentials it began with; `setPassword` changes the user's password. */
  readonly credentials: Credentials
  readonly locked: Effect.Effect<boolean>
  /** Ends a lock-out and forgets the wrong passwords. */
  readonly unlock: Effect.Effect<void>
}

const refused = (error: string, description?: string): Response =>
  Response.json(
    { error, ...(description === undefined ? {} : { error_description: description }) },
    {
      status: 400,
      headers: { "content-type": "application/json;charset=UTF-8" }
    }
  )

const iso = (seconds: number): string => DateTime.formatIso(DateTime.makeUnsafe(seconds * 1000)).replace(".000Z", "Z")

/**
 * Makes a simulated LogiSense: access tokens of 1800 s (https://developer.logisense.com/docs/tokens), and refresh
 * tokens that end one second before them unless `setLives` gives them a life of their own.
 */
export const make = Effect.fnUntraced(function* (options: Options = {}): Effect.fn.Return<LogiSenseSimulator> {
  const credentials = options.credentials ?? {
    username: "billing-robot",
    password: Redacted.make("correct horse $&+=% battery stäple"),
    clientId: "00000000000000000000000000c11e47",
    clientSecret: Redacted.make("made-up $&+=% client secret ü")
  }
  const versions = options.versions ?? ["v10"]
  const lockOutAfter = options.lockOutAfter ?? 5
  const logins = new Set(versions.map((version) => `/AuthorizationServer/api/${version}/Access/Login`))
  if (options.unversioned === true) logins.add("/AuthorizationServer/Access/Login")
  let wrong = 0

  const kindOf = ({ body, path }: Simulator.Incoming): Simulator.Kind => {
    if (versions.some((version) => path.startsWith(`/ResourceServer/api/${version}/`))) return "api"
    if (!logins.has(path)) return "unknown"
    switch (new URLSearchParams(body).get("grant_type")) {
      case "password":
        return "login"
      case "refresh_token":
        return "refresh"
      default:
        return "unknown"
    }
  }

  const issue = (
    { issued }: Simulator.Desk,
    now: number,
    family: number,
    given: { readonly refresh: string | undefined }
  ): Response => {
    const iat = Math.floor(now / 1000)
    const life = issued.accessSeconds()
    const refreshExp = iat + (issued.refreshSeconds() ?? life - 1)
    const owner = { ownerId: "1", actingOwnerId: "1", userId: "7" }
    const rest = { iss: "https://authorizationserver.logisense.test", aud: credentials.clientId }
    // The access token has no iat, and names its algorithm by a URI.
    const access = Jwt.mint(
      { typ: "JWT", alg: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512" },
      {
        ...owner,
        roleId: "3",
        isInteractive: "False",
        unique_name: credentials.username,
        sub: credentials.username,
        jti: Jwt.uuid(),
        ...rest,
        exp: iat + life,
        nbf: iat
      }
    )
    issued.record(access, { kind: "access", family, expiresAt: (iat + life) * 1000 })
    let refresh = given.refresh
    if (refresh === "new") {
      refresh = Jwt.mint(
        { alg: "HS512", typ: "JWT" },
        {
          refreshTokenGuid: Jwt.uuid().replaceAll("-", ""),
          ...owner,
          sub: credentials.username,
          jti: Jwt.uuid(),
          iat,
          nbf: iat - 1,
          exp: refreshExp,
          ...rest
        }
      )
      issued.record(refresh, { kind: "refresh", family, expiresAt: refreshExp * 1000 })
    }
    return Response.json({
      access_token: access,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
      token_type: "bearer",
      expires_in: options.expiresInAs === "string" ? String(life) : life,
      audience: credentials.clientId,
      ".issued": iso(iat),
      ".expires": iso(iat + life),
      actingOwnerId: 1
    })
  }

  const login = (form: URLSearchParams, now: number, desk: Simulator.Desk): Response => {
    const bySecret = form.has("client_secret")
    if (bySecret === (form.has("username") || form.has("password"))) {
      desk.violate("a login that is neither by username and password nor by client_secret alone")
      return refused("invalid_request")
    }
    if (form.get("client_id") !== credentials.clientId) return refused("invalid_client")
    const right = bySecret
      ? form.get("client_secret") === Redacted.value(credentials.clientSecret)
      : form.get("username") === credentials.username && desk.isPassword(form.get("password"))
    if (wrong >= lockOutAfter || !right) {
      wrong++
      return bySecret ? refused("invalid_client") : refused("invalid_grant", "The user name or password is incorrect.")
    }
    wrong = 0
    return issue(desk, now, desk.issued.family(), { refresh: "new" })
  }

  const refresh = (form: URLSearchParams, now: number, desk: Simulator.Desk): Response => {
    const foreign = ["username", "password", "client_secret"].filter((name) => form.has(name))
    for (const name of foreign) desk.violate(`${name} in a refresh request`)
    const presented = form.get("refresh_token")
    if (presented === null || presented === "") desk.violate("a refresh request without refresh_token")
    if (foreign.length > 0 || presented === null || presented === "") return refused("invalid_request")
    if (form.get("client_id") !== credentials.clientId) return refused("invalid_client")
    const standing = desk.issued.standing(presented, "refresh", now)
    if (standing === "wrongKind") desk.violate("an access token in a refresh request")
    if (standing === "spent") {
      desk.violate("a refresh token presented again after it was spent")
      desk.issued.reuse(presented)
    }
    if (standing !== "live") return refused("invalid_grant")
    const { family } = desk.issued.find(presented)!
    switch (options.refreshTokens ?? "rotate") {
      case "rotate":
        desk.issued.spend(presented)
        return issue(desk, now, family, { refresh: "new" })
      case "repeat":
        return issue(desk, now, family, { refresh: presented })
      case "omit":
        return issue(desk, now, family, { refresh: undefined })
    }
  }

  const answer = (incoming: Simulator.Incoming, kind: Simulator.Kind, desk: Simulator.Desk): Response => {
    const { body, headers, method, now, path } = incoming
    if (kind === "api") return resource(incoming, desk)
    if (!logins.has(path)) return new Response("Not Found", { status: 404 })
    if (method !== "POST") {
      desk.violate(`a token request by ${method}`)
      return refused("invalid_request")
    }
    if (Simulator.mediaType(incoming) !== "application/x-www-form-urlencoded") {
      desk.violate("a token request that is not application/x-www-form-urlencoded")
      return refused("invalid_request")
    }
    if (!(headers.get("accept") ?? "").includes("application/json")) {
      desk.violate("a token request that does not accept application/json")
      return new Response(null, { status: 406 })
    }
    if (headers.has("authorization")) desk.violate("an Authorization header on a token request")
    const form = new URLSearchParams(body)
    switch (kind) {
      case "login":
        return login(form, now, desk)
      case "refresh":
        return refresh(form, now, desk)
      default:
        desk.violate("a token request with another grant_type than password or refresh_token")
        return refused("unsupported_grant_type")
    }
  }

  const simulator = yield* Simulator.make({
    vendor: "logisense",
    origin: options.origin ?? "https://logisense.test",
    resource: `/ResourceServer/api/${versions[0] ?? "v10"}/Account`,
    password: credentials.password,
    lives: { access: "1800 seconds" },
    kindOf,
    answer
  })
  return {
    ...simulator,
    credentials,
    locked: Effect.sync(() => wrong >= lockOutAfter),
    unlock: Effect.sync(() => {
      wrong = 0
    })
  }
})
