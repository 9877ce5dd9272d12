// A real authorization server that other people wrote, oidc-provider, on a free port of this machine: rotation with
// reuse detection, and an API of its own, /me. What it keeps outlives a restart, as a database would.
// Decided here: how it is set up, and how a person's first refresh token is got from it, by its authorization code flow
// over HTTP. Not here: any expectation.
import * as Effect from "effect/Effect"
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { type Adapter, Provider } from "oidc-provider"

export const resource = "https://things.test/"
export const secret = "a made-up secret: with a colon, a plus +, 100% and &=~"

const redirectUri = "https://app.test/callback"

const common = {
  client_secret: secret,
  redirect_uris: [redirectUri],
  response_types: ["code"],
  grant_types: ["authorization_code", "client_credentials", "refresh_token"],
  scope: "openid offline_access read write"
}

const clients = [
  { ...common, client_id: "basic client: 7%+~", token_endpoint_auth_method: "client_secret_basic" },
  { ...common, client_id: "post", token_endpoint_auth_method: "client_secret_post" },
  {
    ...common,
    client_id: "public",
    client_secret: undefined,
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none"
  }
]

/** Lives in seconds. */
export interface Lives {
  readonly access: number
}

type Kept = Map<string, { payload: Record<string, unknown>; readonly until: number }>

/** Keeps what the server stores for as long as the test lasts. */
const adapter = (kept: Kept, model: string): Adapter => {
  const key = (id: string) => `${model}:${id}`
  const find = async (id: string) => {
    const row = kept.get(key(id))
    return row !== undefined && row.until > Date.now() ? row.payload : undefined
  }
  const findBy = async (name: string, value: string) =>
    [...kept].find(([at, { payload }]) => at.startsWith(`${model}:`) && payload[name] === value)?.[1].payload
  return {
    find,
    findByUid: (uid) => findBy("uid", uid),
    findByUserCode: (code) => findBy("userCode", code),
    upsert: async (id, payload, expiresIn) => {
      kept.set(key(id), { payload, until: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1_000 })
    },
    consume: async (id) => {
      kept.get(key(id))!.payload["consumed"] = Math.floor(Date.now() / 1_000)
    },
    destroy: async (id) => {
      kept.delete(key(id))
    },
    revokeByGrantId: async (grantId) => {
      for (const [at, { payload }] of kept) if (payload["grantId"] === grantId) kept.delete(at)
    }
  }
}

/** Starts it, until the scope closes. */
export const start = (lives: Lives = { access: 60 }) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const kept: Kept = new Map()
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
      const jwk = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "test" }
      const events: Array<string> = []
      /** Where each client that was given a token had its secret. */
      const ways: Array<"header" | "form"> = []
      let [server, port]: [Server | undefined, number] = [undefined, 0]

      const provider = (issuer: string) => {
        const made = new Provider(issuer, {
          adapter: (model: string) => adapter(kept, model),
          clients,
          cookies: { keys: [randomBytes(16).toString("hex")] },
          jwks: { keys: [jwk] },
          scopes: ["openid", "offline_access", "read", "write", "admin"],
          rotateRefreshToken: true,
          ttl: { AccessToken: lives.access, ClientCredentials: lives.access, RefreshToken: 600, Grant: 600 },
          findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
          features: {
            devInteractions: { enabled: true },
            clientCredentials: { enabled: true },
            introspection: { enabled: true },
            revocation: { enabled: true },
            resourceIndicators: {
              enabled: true,
              getResourceServerInfo: () => ({
                scope: "read",
                accessTokenFormat: "jwt",
                accessTokenTTL: lives.access,
                jwt: { sign: { alg: "RS256" } }
              })
            }
          }
        })
        made.on("grant.success", (ctx) => {
          events.push(`${ctx.oidc.params.grant_type} granted`)
          ways.push(ctx.headers.authorization === undefined ? "form" : "header")
        })
        made.on("grant.error", (ctx, error) => events.push(`${ctx.oidc.params?.grant_type} ${error.error}`))
        made.on("grant.revoked", () => events.push("grant revoked"))
        return made
      }

      const listen = async () => {
        server = createServer()
        await new Promise<void>((resolve) => server!.listen(port, "127.0.0.1", resolve))
        port = (server.address() as AddressInfo).port
        server.on("request", provider(`http://127.0.0.1:${port}`).callback())
      }
      const close = async () => {
        const closed = new Promise((resolve) => server!.close(resolve))
        server!.closeAllConnections()
        await closed
      }
      await listen()
      return { issuer: `http://127.0.0.1:${port}`, events, ways, listen, close, isUp: () => server!.listening }
    }),
    (server) => Effect.promise(async () => (server.isUp() ? server.close() : undefined))
  )

export type AuthorizationServer = Effect.Success<ReturnType<typeof start>>

const basic = (id: string) =>
  `Basic ${btoa([id, secret].map((part) => new URLSearchParams([["", part]]).toString().slice(1)).join(":"))}`

/** Posts a form as the client that authenticates by the header. */
export const post = (server: AuthorizationServer, path: string, form: Record<string, string>) =>
  Effect.promise(async () => {
    const headers = { authorization: basic("basic client: 7%+~") }
    const answer = await fetch(server.issuer + path, { method: "POST", headers, body: new URLSearchParams(form) })
    const text = await answer.text()
    return { status: answer.status, body: (text.startsWith("{") ? JSON.parse(text) : {}) as Record<string, unknown> }
  })

/** Signs a person in with a browser's requests and gives the refresh token of that consent. */
export const consent = (server: AuthorizationServer) =>
  Effect.promise(async (): Promise<string> => {
    const verifier = randomBytes(32).toString("base64url")
    const cookies = new Map<string, string>()
    const browse = async (url: string, form?: Record<string, string>): Promise<string> => {
      const answer = await fetch(url, {
        redirect: "manual",
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(form && { method: "POST", body: new URLSearchParams(form) })
      })
      await answer.arrayBuffer()
      for (const cookie of answer.headers.getSetCookie()) {
        const [name, value] = cookie.split(";")[0]!.split("=", 2) as [string, string]
        if (value === "") cookies.delete(name)
        else cookies.set(name, value)
      }
      const location = answer.headers.get("location")
      if (location === null) throw new Error(`${answer.status} without a redirect at ${new URL(url).pathname}`)
      return new URL(location, url).href
    }
    const query = new URLSearchParams({
      client_id: "basic client: 7%+~",
      redirect_uri: redirectUri,
      response_type: "code",
      scope: "openid offline_access read",
      prompt: "consent",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256"
    })
    let at = await browse(`${server.issuer}/auth?${query}`)
    for (const form of [{ prompt: "login", login: "robot", password: "any" }, { prompt: "consent" }]) {
      const back = await browse(at, form)
      at = await browse(back)
    }
    const code = new URL(at).searchParams.get("code")!
    const form = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier }
    const { body } = await Effect.runPromise(post(server, "/token", form))
    server.events.length = 0
    return body["refresh_token"] as string
  })
