// What a stranger's compiler must see through the packed declarations. If one of them does not resolve, its types turn
// into `any` without a word; so each line here that must not compile says so, and is an error itself if it does.
import { AuthError, type AuthService } from "@vendor-auth/core"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { TestAuth } from "@vendor-auth/testing"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const password = Redacted.make("p")
const credentials = { username: "u", password }

export const logiSense = LogiSenseAuth.layer({ baseUrl: "https://x.example", clientId: "c", credentials })
export const lrsConnect = LrsConnectAuth.layer({ credentials: { userName: "u", password } })
export const itemPath = ItemPathAuth.layer({ baseUrl: "https://x.example", credentials })

// @ts-expect-error two ways to log in exclude each other
LogiSenseAuth.layer({ baseUrl: "", clientId: "", credentials: { ...credentials, clientSecret: password } })
// @ts-expect-error a password is Redacted
LrsConnectAuth.layer({ credentials: { userName: "u", password: "p" } })
// @ts-expect-error a base URL has to be given
ItemPathAuth.layer({ credentials })

class Acme extends OAuth2Auth.Service<Acme>()("stranger/Acme") {}
const account = { client: { id: "c", secret: password }, grant: { type: "client_credentials" }, api: "" } as const
export const acme = OAuth2Auth.layer(Acme, { issuer: "https://x.example", ...account })
// @ts-expect-error an issuer or an address, not both
OAuth2Auth.layer(Acme, { issuer: "https://x.example", tokenEndpoint: "https://x.example", ...account })
// @ts-expect-error another vendor's tag has what an OAuth 2.0 server does not
OAuth2Auth.layer(LogiSenseAuth.LogiSenseAuth, { issuer: "https://x.example", ...account })

const program = Effect.gen(function* () {
  const client = yield* LogiSenseAuth.httpClient
  const response = yield* client.get("/Account")
  const service: AuthService.Shape = yield* ItemPathAuth.ItemPathAuth
  const { generation } = yield* service.token
  // @ts-expect-error a generation is a number
  const wrong: string = generation
  return [response.status, generation, wrong]
})

const both = Layer.provideMerge(Layer.mergeAll(logiSense, itemPath), FetchHttpClient.layer)
export const run = () =>
  Effect.runPromise(
    Effect.provide(
      Effect.catchReason(program, "AuthError", "Throttled", ({ retryAfter }) => Effect.succeed([retryAfter])),
      both
    )
  )
// @ts-expect-error LogiSense is asked for and not given
Effect.runPromise(Effect.provide(program, Layer.provideMerge(itemPath, FetchHttpClient.layer)))
// @ts-expect-error there is no such reason
Effect.catchReason(program, "AuthError", "Tired", () => Effect.void)

const tag = LogiSenseAuth.LogiSenseAuth
const reason = new AuthError.Unreachable({ outcome: "NotSent" })
export const spec = Effect.provide(TestAuth.failNext(tag, reason), TestAuth.layer(tag))
// @ts-expect-error the controls of a vendor that was not swapped
Effect.runPromise(Effect.provide(TestAuth.expire(LrsConnectAuth.LrsConnectAuth), TestAuth.layer(tag)))
