// The least program that does the task with this library: its size and its import are measured.
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest
} from "@azure/core-rest-pipeline"
const p = createPipelineFromOptions({})
p.addPolicy(
  bearerTokenAuthenticationPolicy({
    credential: { getToken: async () => ({ token: "t", expiresOnTimestamp: 0 }) },
    scopes: "s"
  }),
  { phase: "Sign" }
)
const http = createDefaultHttpClient()
export const request = (url) => p.sendRequest(http, createPipelineRequest({ url }))
