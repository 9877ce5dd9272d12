// Guarantee I5: public types hold `Redacted`, and a raw string cannot be passed on by mistake, in or out.
// The lines below compile or do not; the compiler is the test, and what it refuses is named. At run time a raw string
// that was forced past it is refused too, and not quoted.
import { assert, describe, it } from "@effect/vitest"
import type { AccessToken } from "@vendor-auth/core/AccessToken"
import type * as Issuer from "@vendor-auth/core/Issuer"
import type * as Session from "@vendor-auth/core/Session"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import * as Canary from "./Canary.ts"
import { print, reasonOf } from "./Channels.ts"

const raw: string = Canary.token()
const baseUrl = "https://vendor.test"
const username = "user"

/** Each with a raw string in the place of a secret. */
const options = {
  "LogiSense by password": LogiSenseAuth.make({
    baseUrl,
    clientId: "client",
    // @ts-expect-error: a password is Redacted
    credentials: { username, password: raw }
  }),
  "LogiSense by client secret": LogiSenseAuth.make({
    baseUrl,
    clientId: "client",
    // @ts-expect-error: a client secret is Redacted
    credentials: { clientSecret: raw }
  }),
  "LRS Connect by password": LrsConnectAuth.make({
    baseUrl,
    // @ts-expect-error: a password is Redacted
    credentials: { userName: username, password: raw }
  }),
  "LRS Connect by refresh token": LrsConnectAuth.make({
    baseUrl,
    // @ts-expect-error: a refresh token is Redacted
    credentials: { refreshToken: raw }
  }),
  "ItemPath by password": ItemPathAuth.make({
    baseUrl,
    // @ts-expect-error: a password is Redacted
    credentials: { username, password: raw }
  }),
  "ItemPath by refresh token": ItemPathAuth.make({
    baseUrl,
    // @ts-expect-error: a refresh token is Redacted
    credentials: { refreshToken: raw }
  }),
  "ItemPath by application token": ItemPathAuth.make({
    baseUrl,
    // @ts-expect-error: an application token is Redacted
    credentials: { applicationToken: raw }
  })
}

const use = (text: string) => text.length

/** Never called: the compiler reads it. */
export const misuse = (token: AccessToken, session: Session.Session, set: Issuer.TokenSet): void => {
  // @ts-expect-error: an access token's value is Redacted
  use(token.value)
  // @ts-expect-error: no method of a string is at hand by mistake
  use(token.value.slice(0))
  // @ts-expect-error: a session's access token is Redacted
  use(session.tokens!.access)
  // @ts-expect-error: a session's refresh token is Redacted
  use(session.refreshToken!)
  // @ts-expect-error: the access token that an exchange gives is Redacted
  use(set.accessToken)
  // @ts-expect-error: the refresh token that an exchange gives is Redacted
  use(set.refreshToken!)
  use(Redacted.value(token.value))
}

/** Never called: what a vendor's own code passes on. */
export const pass = (issuer: Issuer.Issuer): ReadonlyArray<unknown> => [
  // @ts-expect-error: a refresh token is presented Redacted
  issuer.refresh(raw),
  // @ts-expect-error: a bearer is made of a Redacted
  TokenEndpoint.bearer(baseUrl, raw),
  TokenEndpoint.bearer(baseUrl, Redacted.make(raw))
]

/** Never called: a sign-in of the app's own gives Redacted tokens. */
export const signIn: ItemPathAuth.Credentials = {
  // @ts-expect-error: its access token is Redacted
  signIn: Effect.succeed({ accessToken: raw })
}

describe("I5: public types hold Redacted, and a raw string cannot be passed on by mistake", () => {
  for (const [name, make] of Object.entries(options)) {
    it.effect(`${name}: one that was forced past the compiler is refused, and not quoted`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Effect.scoped(make as Effect.Effect<unknown, unknown, never>))
        assert.strictEqual(reasonOf(exit), "InvalidOptions")
        assert.deepStrictEqual(Canary.search([{ name: "the raw string", text: raw }], print(exit)), [])
      }).pipe(Effect.provide(FetchHttpClient.layer))
    )
  }
})
