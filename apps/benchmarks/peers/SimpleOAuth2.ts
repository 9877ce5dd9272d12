// simple-oauth2: token requests, and an AccessToken with expired() and refresh().
// Decided here: used as its README shows, which has no single flight, nothing on a 401 and no timers; and once over the
// floor's closure, which is what it is good for. Not here: what is measured.
import { type AccessToken, ClientCredentials } from "simple-oauth2"
import * as Closure from "./Closure.ts"
import type { Environment, Peer } from "./Peer.ts"

const make = ({ tokenUrl }: Environment) => {
  const { origin, pathname } = new URL(tokenUrl)
  return new ClientCredentials({
    client: { id: "id", secret: "secret" },
    auth: { tokenHost: origin, tokenPath: pathname, refreshPath: pathname }
  })
}

const accessTokenOf = ({ token }: AccessToken) => token["access_token"] as string

const asDocumented = (environment: Environment) => {
  const client = make(environment)
  const { seed } = environment
  let token: AccessToken | undefined =
    seed && client.createToken({ access_token: seed.token, expires_at: new Date(seed.expiresAt).toISOString() })
  return async () => {
    if (token === undefined || token.expired(30)) token = await client.getToken({})
    return accessTokenOf(token)
  }
}

export const peer: Peer = {
  id: "simple-oauth2",
  readers: {
    "simple-oauth2, as documented": async (environment) => ({ get: asDocumented(environment) }),
    "simple-oauth2 + closure": async (environment) => {
      const client = make(environment)
      return Closure.cache(async () => {
        const answer = await client.getToken({})
        return { accessToken: accessTokenOf(answer), expiresAt: (answer.token["expires_at"] as Date).getTime() }
      }, environment)
    }
  },
  clients: { "fetch + simple-oauth2": async (environment) => Closure.plainClient(asDocumented(environment)) },
  accounts: {
    "simple-oauth2 + timer by hand": (size, plan) =>
      Closure.timerPerAccount(size, plan, (i) => {
        const client = new ClientCredentials({
          client: { id: `id-${i}`, secret: "secret" },
          auth: { tokenHost: "http://127.0.0.1" }
        })
        const account = {
          client,
          token: client.createToken({ access_token: plan.token(i), expires_in: 3600 }),
          refresh: async () => {
            account.token = client.createToken({ ...(await plan.refresh(i)) })
          }
        }
        return account
      })
  },
  entries: {
    "simple-oauth2": "SimpleOAuth2.js"
  },
  exit: { "simple-oauth2": (environment) => asDocumented(environment)() }
}
