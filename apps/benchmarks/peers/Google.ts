// google-auth-library: OAuth2Client, as its README sets it up; gaxios is its HTTP client.
// Decided here: its cache and, for a refresh token, its single flight are used as they are; it has no timers, so many
// accounts get one by hand each. Not here: what is measured.
import { Gaxios } from "gaxios"
import { OAuth2Client } from "google-auth-library"
import * as Closure from "./Closure.ts"
import { constantToken, type Client, type Environment, type Peer } from "./Peer.ts"
import { statusOf } from "./Status.ts"

const withRefreshToken = ({ seed, tokenUrl }: Environment, extra: object = {}) => {
  const client = new OAuth2Client({
    clientId: "id",
    clientSecret: "secret",
    endpoints: { oauth2TokenUrl: tokenUrl },
    ...extra
  })
  client.credentials = {
    refresh_token: "refresh-1",
    ...(seed && { access_token: seed.token, expiry_date: seed.expiresAt })
  }
  return client
}

const withHandler = ({ requestToken, seed }: Environment) => {
  const client = new OAuth2Client()
  client.refreshHandler = async () => {
    const answer = await requestToken()
    return { access_token: answer.access_token, expiry_date: Date.now() + answer.expires_in * 1000 }
  }
  if (seed) client.credentials = { access_token: seed.token, expiry_date: seed.expiresAt }
  return client
}

const clientOf = (client: OAuth2Client): Client => {
  const bare = new Gaxios()
  return {
    raw: (url) => statusOf(bare.request({ url, headers: { authorization: `Bearer ${constantToken}` } })),
    authed: (url) => statusOf(client.request({ url }))
  }
}

export const peer: Peer = {
  id: "google-auth-library",
  readers: {
    "google getAccessToken (refresh_token)": async (environment) => {
      const client = withRefreshToken(environment)
      return { get: async () => (await client.getAccessToken()).token }
    },
    "google getAccessToken (refreshHandler)": async (environment) => {
      const client = withHandler(environment)
      return { get: async () => (await client.getAccessToken()).token }
    }
  },
  clients: {
    "gaxios + google OAuth2Client (defaults)": async (environment) => clientOf(withRefreshToken(environment))
  },
  stormClients: {
    "gaxios + google, forceRefreshOnFailure": async (environment) =>
      clientOf(withRefreshToken(environment, { forceRefreshOnFailure: true }))
  },
  accounts: {
    "google OAuth2Client + timer by hand": (size, plan) => {
      // The network is replaced, so that only the bookkeeping is measured.
      class Local extends OAuth2Client {
        account = 0
        protected override async refreshTokenNoCache() {
          const answer = await plan.refresh(this.account)
          const expires = Date.now() + answer.expires_in * 1000
          return { tokens: { access_token: answer.access_token, expiry_date: expires }, res: null }
        }
      }
      return Closure.timerPerAccount(size, plan, (i) => {
        const client = new Local({ clientId: `id-${i}`, clientSecret: "secret" })
        client.account = i
        client.credentials = {
          refresh_token: "refresh-1",
          access_token: plan.token(i),
          expiry_date: Date.now() + plan.nextMs
        }
        return { client, refresh: () => client.refreshAccessToken() }
      })
    }
  },
  entries: {
    "google-auth-library": "Google.js"
  },
  exit: { "google OAuth2Client": (environment) => withRefreshToken(environment).getAccessToken() }
}
