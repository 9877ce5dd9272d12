/**
 * The ways into an ItemPath account.
 *
 * Decided here: which credentials there are, that exactly one kind is given, and what each makes of the account. Not
 * here: the requests (`ItemPathEndpoint`), and when they are sent (core).
 */
import type * as AuthError from "@vendor-auth/core/AuthError"
import type { Issuer } from "@vendor-auth/core/Issuer"
import type * as VendorOptions from "@vendor-auth/core/Options"
import * as Effect from "effect/Effect"
import type { Redacted } from "effect/Redacted"
import type * as ItemPathEndpoint from "./ItemPathEndpoint.ts"

type None<Name extends string> = { readonly [K in Name]?: undefined }

/**
 * A user's name and password; or a refresh token that an earlier login gave; or an application token, with which
 * nothing but the API is ever called; or tokens from elsewhere, single sign-on for instance: `signIn` is run where a
 * login would be.
 */
export type Credentials =
  | ({ readonly username: string; readonly password: Redacted<string> } & None<
      "refreshToken" | "applicationToken" | "signIn"
    >)
  | ({ readonly refreshToken: Redacted<string> } & None<"username" | "password" | "applicationToken" | "signIn">)
  | ({ readonly applicationToken: Redacted<string> } & None<"username" | "password" | "refreshToken" | "signIn">)
  | ({ readonly signIn: Effect.Effect<ItemPathEndpoint.SignedIn, unknown> } & None<
      "username" | "password" | "refreshToken" | "applicationToken"
    >)

/** The way in that was configured. Fails with `InvalidOptions`, also where it is none or more than one. */
export const wayIn = Effect.fnUntraced(function* (
  check: ReturnType<typeof VendorOptions.checks>,
  endpoint: ItemPathEndpoint.ItemPathEndpoint,
  credentials: Credentials,
  api: string
): Effect.fn.Return<Pick<Issuer, "account" | "login" | "refreshToken" | "applicationToken">, AuthError.AuthError> {
  yield* check.oneOf("credentials", credentials, [
    ["username", "password"],
    ["refreshToken"],
    ["applicationToken"],
    ["signIn"]
  ])
  if (credentials.refreshToken !== undefined) {
    const refreshToken = yield* check.token("credentials.refreshToken", credentials.refreshToken)
    return { account: [api], login: undefined, refreshToken }
  }
  if (credentials.applicationToken !== undefined) {
    const applicationToken = yield* check.token("credentials.applicationToken", credentials.applicationToken)
    return { account: [api], login: undefined, applicationToken }
  }
  if (credentials.signIn !== undefined) {
    // Nobody knows who signs in, so that without a name of its own no two layers may share the session.
    return {
      account: [api, "signIn", crypto.randomUUID()],
      login: { exchange: endpoint.signIn(credentials.signIn), secrets: [] }
    }
  }
  const username = yield* check.text("credentials.username", credentials.username)
  const password = yield* check.secret("credentials.password", credentials.password)
  return { account: [api, username], login: { exchange: endpoint.login(username, password), secrets: [password] } }
})
