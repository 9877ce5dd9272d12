// @smithy/core memoizeIdentityProvider and @smithy/property-provider memoize: what the AWS SDK v3 reads tokens with.
// Decided here: cache and single flight are its own, over a provider that the user writes; it has nothing on a 401 and
// no timers, so many accounts get one by hand each. Not here: what is measured.
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from "@smithy/core"
import { memoize } from "@smithy/property-provider"
import * as Closure from "./Closure.ts"
import type { Environment, Peer } from "./Peer.ts"

interface Identity {
  readonly token: string
  readonly expiration: Date
}

const providerOf = ({ requestToken, seed: given }: Environment) => {
  let seed = given
  return async (): Promise<Identity> => {
    if (seed) {
      const { expiresAt, token } = seed
      seed = undefined
      return { token, expiration: new Date(expiresAt) }
    }
    const answer = await requestToken()
    return { token: answer.access_token, expiration: new Date(Date.now() + answer.expires_in * 1000) }
  }
}

/** An expired seed must get into the memo first: it counts as valid until it is planted. */
const planting = ({ seed }: Environment, isExpired: (identity: Identity) => boolean) => {
  let planted = seed === undefined || seed.expiresAt > Date.now()
  return {
    isExpired: (identity: Identity) => planted && isExpired(identity),
    plant: async (provide: () => Promise<unknown>) => {
      if (!planted) await provide()
      planted = true
    }
  }
}

const memoized = (provider: () => Promise<Identity>, isExpired: (identity: never) => boolean = isIdentityExpired) =>
  memoizeIdentityProvider<Identity>(provider, isExpired as typeof isIdentityExpired, doesIdentityRequireRefresh)!

export const peer: Peer = {
  id: "@smithy/core",
  readers: {
    "smithy memoizeIdentityProvider": async (environment) => {
      const { isExpired, plant } = planting(environment, isIdentityExpired)
      const provide = memoized(providerOf(environment), isExpired)
      await plant(provide)
      return { get: async () => (await provide()).token }
    },
    "smithy property-provider memoize": async (environment) => {
      const { isExpired, plant } = planting(
        environment,
        ({ expiration }) => expiration.getTime() - Date.now() < environment.skewMs
      )
      const provide = memoize<Identity>(providerOf(environment), isExpired, () => true)
      await plant(provide)
      return { get: async () => (await provide()).token }
    }
  },
  clients: {
    "fetch + smithy memoizeIdentityProvider": async (environment) => {
      const provide = memoized(providerOf(environment))
      return Closure.plainClient(async () => (await provide()).token)
    }
  },
  accounts: {
    "smithy memoize + timer by hand": (size, plan) =>
      Closure.timerPerAccount(size, plan, (i) => {
        let isFirst = true
        const provide = memoized(async () => {
          if (isFirst) {
            isFirst = false
            return { token: plan.token(i), expiration: new Date(Date.now() + plan.nextMs) }
          }
          const answer = await plan.refresh(i)
          return { token: answer.access_token, expiration: new Date(Date.now() + answer.expires_in * 1000) }
        })
        void provide()
        return { provide, refresh: () => provide({ forceRefresh: true }) }
      })
  },
  entries: {
    "@smithy/core (memoizeIdentityProvider)": "Smithy.js"
  },
  exit: {
    "smithy memoizeIdentityProvider": (environment) => memoized(providerOf(environment))()
  }
}
