// openid-client and oauth4webapi: token requests, checked closely; the cache is the user's.
// Decided here: they are given the floor's closure as cache, and a timer by hand for many accounts. Both throw on a 401
// with a challenge, which counts as that 401. Not here: what is measured.
import * as oauth from "oauth4webapi"
import * as client from "openid-client"
import * as Closure from "./Closure.ts"
import { constantToken, type Environment, type Peer } from "./Peer.ts"

const configOf = (tokenUrl: string, id = "id") => {
  const config = new client.Configuration(
    { issuer: "http://127.0.0.1", token_endpoint: tokenUrl },
    id,
    { client_secret: "secret" },
    client.ClientSecretPost("secret")
  )
  client.allowInsecureRequests(config)
  return config
}

const openid = (environment: Environment) => {
  const config = configOf(environment.tokenUrl)
  const tokens = Closure.cache(async () => {
    const answer = await client.clientCredentialsGrant(config)
    return { accessToken: answer.access_token, expiresAt: Date.now() + answer.expiresIn()! * 1000 }
  }, environment)
  return { config, tokens }
}

const insecure = { [oauth.allowInsecureRequests]: true }

const web = (environment: Environment) => {
  const server = { issuer: "http://127.0.0.1", token_endpoint: environment.tokenUrl }
  const me = { client_id: "id" }
  const proof = oauth.ClientSecretPost("secret")
  return Closure.cache(async () => {
    const response = await oauth.clientCredentialsGrantRequest(server, me, proof, new URLSearchParams(), insecure)
    const answer = await oauth.processClientCredentialsResponse(server, me, response)
    return { accessToken: answer.access_token, expiresAt: Date.now() + answer.expires_in! * 1000 }
  }, environment)
}

const statusOf = async (request: Promise<Response>) => {
  try {
    const response = await request
    await response.text()
    return response.status
  } catch (error) {
    const { response, status } = error as { readonly response?: Response; readonly status?: number }
    if (response !== undefined) {
      await response.text().catch(() => undefined)
      return response.status
    }
    if (status !== undefined) return status
    throw error
  }
}

export const peer: Peer = {
  id: "openid-client",
  readers: {
    "openid-client + closure": async (environment) => openid(environment).tokens,
    "oauth4webapi + closure": async (environment) => web(environment)
  },
  clients: {
    "openid-client fetchProtectedResource": async (environment) => {
      const { config, tokens } = openid(environment)
      return {
        raw: (url) => Closure.fetchGet(url, constantToken),
        authed: async (url) => statusOf(client.fetchProtectedResource(config, await tokens.get(), new URL(url), "GET"))
      }
    },
    "oauth4webapi protectedResourceRequest": async (environment) => {
      const tokens = web(environment)
      return {
        raw: (url) => Closure.fetchGet(url, constantToken),
        authed: async (url) =>
          statusOf(
            oauth.protectedResourceRequest(await tokens.get(), "GET", new URL(url), undefined, undefined, insecure)
          )
      }
    }
  },
  accounts: {
    "openid-client Configuration + timer by hand": (size, plan) =>
      Closure.timerPerAccount(size, plan, (i) => {
        const account = {
          config: configOf("http://127.0.0.1/token", `id-${i}`),
          token: plan.token(i),
          expiresAt: Date.now() + plan.nextMs,
          refresh: async () => {
            account.token = (await plan.refresh(i)).access_token
          }
        }
        return account
      })
  },
  entries: {
    "openid-client": "OpenidClient.js",
    oauth4webapi: "OAuth4WebApi.js"
  },
  exit: { "openid-client + closure": (environment) => openid(environment).tokens.get() }
}
