// A resource server for the guarantees: an account, a client of an API, and all that the API was sent.
// Not here: any expectation.
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import type * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Acme from "./Acme.ts"
import { engine, onDemand, vendor } from "./Acme.ts"

export class Tag extends AuthService.Service<Tag>()("test/Acme") {}

export interface Sent {
  readonly token: number
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
}

/** An account, and a client of an API that answers by the number in the token it is sent. */
export const setUp = Effect.fnUntraced(function* (
  answer: (token: number, sent: Sent) => Response | "reset" | "silence",
  acme: Acme.Acme = vendor(),
  store?: TokenStore.TokenStore["Service"]
) {
  const sent: Array<Sent> = []
  const auth = yield* engine(acme, onDemand, store)
  const stub = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const token = Number(/^Bearer access-(\d+)$/.exec(request.headers["authorization"] ?? "")?.[1] ?? 0)
      const one = { token, request, url: url.href }
      sent.push(one)
      const given = answer(token, one)
      if (given === "silence") return Effect.never
      if (given !== "reset") return Effect.succeed(HttpClientResponse.fromWeb(request, given))
      const reason = new HttpClientError.TransportError({ request, cause: new Error("reset") })
      return Effect.fail(new HttpClientError.HttpClientError({ reason }))
    })
  )
  const make = (inside: HttpClient.HttpClient) =>
    AuthHttpClient.fromTag(Tag).pipe(
      Effect.provideService(Tag, auth),
      Effect.provideService(HttpClient.HttpClient, inside)
    )
  return { acme, auth, sent, stub, make, client: yield* make(stub) }
})

export const status = (code: number, headers: Record<string, string> = {}) =>
  new Response(null, { status: code, headers })
