// @azure/core-rest-pipeline: bearerTokenAuthenticationPolicy over a TokenCredential that the user writes.
// Decided here: the policy refuses http, with no option to allow it, so raw and authenticated requests both use an
// https URL that the innermost client rewrites to the local http server. Not here: what is measured.
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
  type HttpClient,
  type PipelineResponse
} from "@azure/core-rest-pipeline"
import { constantToken, type Environment, type Peer } from "./Peer.ts"

const scopes = "https://bench/.default"

const credential = ({ requestToken, seed: given }: Environment) => {
  let seed = given
  return {
    getToken: async () => {
      if (seed) {
        const { expiresAt, token } = seed
        seed = undefined
        return { token, expiresOnTimestamp: expiresAt }
      }
      const answer = await requestToken()
      return { token: answer.access_token, expiresOnTimestamp: Date.now() + answer.expires_in * 1000 }
    }
  }
}

const policyOf = (environment: Environment) =>
  bearerTokenAuthenticationPolicy({ credential: credential(environment), scopes })

const answered = () => {
  const request = createPipelineRequest({ url: "https://127.0.0.1/api" })
  const response: PipelineResponse = { request, status: 200, headers: request.headers }
  return { request, next: () => Promise.resolve(response) }
}

export const peer: Peer = {
  id: "@azure/core-rest-pipeline",
  readers: {
    // The cycler is not exported; this is the policy over a transport that answers at once, so it includes setting the
    // header, and the request object is used again.
    "azure policy, stub transport": async (environment) => {
      const policy = policyOf(environment)
      const { next, request } = answered()
      // Plants the expired seed.
      if (environment.seed && environment.seed.expiresAt < Date.now()) await policy.sendRequest(request, next)
      return { get: () => policy.sendRequest(request, next) }
    }
  },
  clients: {
    "azure pipeline + bearer policy": async (environment) => {
      const inner = createDefaultHttpClient()
      const http: HttpClient = {
        sendRequest: (request) => {
          request.url = request.url.replace("https://", "http://")
          request.allowInsecureConnection = true
          return inner.sendRequest(request)
        }
      }
      const bare = createPipelineFromOptions({})
      const secured = createPipelineFromOptions({})
      secured.addPolicy(policyOf(environment), { phase: "Sign" })
      const https = (url: string) => url.replace("http://", "https://")
      return {
        raw: async (url) => {
          const request = createPipelineRequest({ url: https(url) })
          request.headers.set("Authorization", `Bearer ${constantToken}`)
          return (await bare.sendRequest(http, request)).status
        },
        authed: async (url) => (await secured.sendRequest(http, createPipelineRequest({ url: https(url) }))).status
      }
    }
  },
  accounts: {
    "azure policy, no schedule": (size, plan) => {
      const accounts = new Map()
      const { next, request } = answered()
      const ready: Array<Promise<unknown>> = []
      for (let i = 0; i < size; i++) {
        const policy = bearerTokenAuthenticationPolicy({
          credential: {
            getToken: async () => ({ token: plan.token(i), expiresOnTimestamp: Date.now() + plan.nextMs })
          },
          scopes
        })
        accounts.set(`account-${i}`, policy)
        ready.push(policy.sendRequest(request, next))
      }
      return {
        accounts,
        ready: Promise.all(ready).then(() => {
          ready.length = 0
        }),
        stop: () => undefined
      }
    }
  },
  entries: {
    "@azure/core-rest-pipeline": "Azure.js"
  },
  exit: {
    "azure bearer policy": async (environment) => {
      const { next, request } = answered()
      await policyOf(environment).sendRequest(request, next)
    }
  }
}
