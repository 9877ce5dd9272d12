// @badgateway/oauth2-client: OAuth2Client and OAuth2Fetch, with a cache, a single flight, a retry on 401 and a timer.
// Decided here: it is set up as its README does. For the CPU of many accounts, whose timers it arms a minute before
// expiry, the timers it asks for are shortened. Not here: what is measured.
import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"
import * as Closure from "./Closure.ts"
import { constantToken, type Environment, type Peer } from "./Peer.ts"

const make = (environment: Environment, options: { readonly scheduleRefresh?: boolean } = {}) => {
  const { seed, tokenUrl } = environment
  const client = new OAuth2Client({
    tokenEndpoint: tokenUrl,
    clientId: "id",
    clientSecret: "secret",
    authenticationMethod: "client_secret_post"
  })
  return new OAuth2Fetch({
    client,
    getNewToken: () => client.clientCredentials(),
    ...(seed && {
      getStoredToken: async () => ({ accessToken: seed.token, expiresAt: seed.expiresAt, refreshToken: "refresh-1" })
    }),
    ...options
  })
}

const stopTimer = (fetcher: OAuth2Fetch) => {
  const { refreshTimer } = fetcher as unknown as { readonly refreshTimer?: NodeJS.Timeout | null }
  clearTimeout(refreshTimer ?? undefined)
}

export const peer: Peer = {
  id: "@badgateway/oauth2-client",
  readers: {
    "badgateway getAccessToken": async (environment) => {
      const fetcher = make(environment)
      return { get: () => fetcher.getAccessToken(), close: () => stopTimer(fetcher) }
    }
  },
  clients: {
    "fetch + badgateway OAuth2Fetch": async (environment) => {
      const fetcher = make(environment)
      return {
        raw: (url) => Closure.fetchGet(url, constantToken),
        authed: async (url) => {
          const response = await fetcher.fetch(url)
          await response.text()
          return response.status
        },
        close: () => stopTimer(fetcher)
      }
    }
  },
  accounts: {
    "badgateway OAuth2Fetch, its own timer": (size, plan) => {
      const accounts = new Map<string, OAuth2Fetch>()
      const real = globalThis.setTimeout
      let asked = 0
      if (plan.shorten) {
        const shortened = (run: () => void, ms?: number) => real(run, asked < size ? plan.firstDueMs(asked++) : ms)
        globalThis.setTimeout = shortened as typeof setTimeout
      }
      const ready: Array<Promise<unknown>> = []
      for (let i = 0; i < size; i++) {
        const client = new OAuth2Client({
          tokenEndpoint: "http://127.0.0.1/token",
          clientId: `id-${i}`,
          clientSecret: "secret"
        })
        // The network is replaced, so that only the bookkeeping is measured.
        client.refreshToken = async () => {
          const answer = await plan.refresh(i)
          const expiresAt = Date.now() + answer.expires_in * 1000
          return { accessToken: answer.access_token, expiresAt, refreshToken: "refresh-1" }
        }
        const fetcher = new OAuth2Fetch({
          client,
          getNewToken: async () => ({
            accessToken: plan.token(i),
            expiresAt: Date.now() + (plan.shorten ? plan.nextMs : plan.firstDueMs(i) + 60_000),
            refreshToken: "refresh-1"
          })
        })
        accounts.set(`account-${i}`, fetcher)
        ready.push(fetcher.getAccessToken())
      }
      return {
        accounts,
        ready: Promise.all(ready).then(() => {
          ready.length = 0
        }),
        stop: () => {
          globalThis.setTimeout = real
          for (const fetcher of accounts.values()) stopTimer(fetcher)
        }
      }
    }
  },
  entries: {
    "@badgateway/oauth2-client": "Badgateway.js"
  },
  longLife: {
    "badgateway OAuth2Fetch": ({ count, ms }) => {
      const token = () => ({ accessToken: "t", expiresAt: Date.now() + ms, refreshToken: "r" })
      const client = new OAuth2Client({ tokenEndpoint: "http://127.0.0.1/token", clientId: "id" })
      client.refreshToken = async () => {
        count()
        return token()
      }
      return new OAuth2Fetch({ client, getNewToken: async () => token() }).getAccessToken()
    }
  },
  exit: {
    "badgateway OAuth2Fetch": (environment) => make(environment).getAccessToken(),
    "badgateway, scheduleRefresh: false": (environment) =>
      make(environment, { scheduleRefresh: false }).getAccessToken()
  }
}
