// axios with axios-auth-refresh: reacts to a 401 only; the token is a variable of the user's.
// Decided here: set up as its README does, a request interceptor sets the header; no cache that expires and no timers,
// so it has no reader. Not here: what is measured.
import { createAuthRefresh } from "axios-auth-refresh"
import { create } from "axios"
import { constantToken, type Environment, type Peer, type Start, type Client } from "./Peer.ts"
import { statusOf } from "./Status.ts"

const isOk = (status: number) => status === 200

const make = ({ requestToken }: Pick<Environment, "requestToken">, options: { deduplicateRefresh?: boolean } = {}) => {
  let token: string | undefined
  const refresh = async () => {
    token = (await requestToken()).access_token
  }
  const instance = create({ validateStatus: isOk })
  instance.interceptors.request.use((config) => {
    if (token) config.headers.Authorization = `Bearer ${token}`
    return config
  })
  // The types that it was compiled against are those of axios's CommonJS build.
  createAuthRefresh(instance as unknown as Parameters<typeof createAuthRefresh>[0], refresh, options)
  return { instance, refresh }
}

const clientOf =
  (options: { deduplicateRefresh?: boolean }): Start<Client> =>
  async (environment) => {
    const bare = create({ validateStatus: isOk })
    const { instance, refresh } = make(environment, options)
    await refresh()
    return {
      raw: (url) => statusOf(bare.get(url, { headers: { Authorization: `Bearer ${constantToken}` } })),
      authed: (url) => statusOf(instance.get(url))
    }
  }

export const peer: Peer = {
  id: "axios-auth-refresh",
  clients: { "axios + axios-auth-refresh (defaults)": clientOf({}) },
  // By default a 401 that arrives while a refresh is running is rejected and not repeated; this option changes that.
  stormClients: { "axios + axios-auth-refresh (deduplicateRefresh: false)": clientOf({ deduplicateRefresh: false }) },
  entries: {
    "axios + axios-auth-refresh": "Axios.js"
  },
  exit: { "axios-auth-refresh": (environment) => make(environment).refresh() }
}
