// What the tests of an OAuth 2.0 server share: a vendor's tag, a layer of it over a simulator, and short words.
// Not here: any expectation but that the client kept to the standard.
import { assert } from "@effect/vitest"
import type { AuthError } from "@vendor-auth/core"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import type { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export class Acme extends OAuth2Auth.Service<Acme>()("app/Acme") {}

export type Sim = OAuth2Simulator.OAuth2Simulator

/** The password grant at the simulator's own addresses; a part may be replaced. */
export const options = (simulator: Sim, given: Partial<OAuth2Auth.Options> = {}): OAuth2Auth.Options => {
  const { clientId, clientSecret, password, username } = simulator.credentials
  const addresses =
    given.issuer === undefined
      ? { tokenEndpoint: simulator.tokenEndpoint, revocationEndpoint: simulator.revocationEndpoint }
      : {}
  return {
    ...addresses,
    client: { id: clientId, secret: clientSecret },
    grant: { type: "password", username, password },
    api: `${simulator.origin}/api`,
    ...given
  } as OAuth2Auth.Options
}

/** Runs a program over a simulator; the client must have kept to the standard. */
export const over = <A, E>(
  simulator: Sim,
  given: Partial<OAuth2Auth.Options>,
  program: Effect.Effect<A, E, Acme | HttpClient.HttpClient>,
  around: Layer.Layer<never> = Layer.empty
): Effect.Effect<A, E | AuthError.AuthError> =>
  program.pipe(
    Effect.provide(OAuth2Auth.layer(Acme, options(simulator, given))),
    Effect.provide(Simulator.httpClient(simulator)),
    Effect.provide(around),
    Effect.tap(Effect.map(simulator.violations, (violations) => assert.deepStrictEqual(violations, [])))
  )

export const token = Effect.flatMap(Acme, (auth) => auth.token)
export const refresh = Effect.flatMap(Acme, (auth) => auth.refresh)
export const signOut = Effect.flatMap(Acme, (auth) => auth.signOut)

export const reason = <A, R>(effect: Effect.Effect<A, AuthError.AuthError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** A refresh token that the user was given elsewhere. */
export const keptRefreshToken = Effect.fnUntraced(function* (simulator: Sim) {
  const { clientId, clientSecret, password, username } = simulator.credentials
  const form = (text: string) => encodeURIComponent(text)
  const answer = yield* simulator.handle(
    new Request(simulator.tokenEndpoint, {
      method: "POST",
      headers: {
        accept: "application/json",
        authorization: `Basic ${btoa(`${form(clientId)}:${form(Redacted.value(clientSecret))}`)}`
      },
      body: new URLSearchParams({ grant_type: "password", username, password: Redacted.value(password) })
    })
  )
  const body = yield* Effect.promise(() => answer.json())
  return Redacted.make<string>(body.refresh_token)
})
