/**
 * What an account is known by: its key in the store, its name in logs, and the fingerprints of its secrets.
 *
 * Decided here: that two accounts never share a session, and that no name which a user gives can be taken for a derived
 * one. Not here: what is kept under the key (`Session`), and what a fingerprint is (`Secret`).
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as AuthError from "./AuthError.ts"
import type { Issuer } from "./Issuer.ts"
import * as Secret from "./Secret.ts"

/** An account's names. */
export interface Account {
  /** The store's key. */
  readonly key: string
  /** What logs and metrics call it. */
  readonly label: string
  /** Fingerprint of the credentials, where there are any. */
  readonly credential: string | undefined
  /** The configured refresh token, where there is one. */
  readonly seed: { readonly fingerprint: string; readonly token: Redacted.Redacted<string> } | undefined
}

/** What an account is known by. Fails with `InvalidOptions` for an empty name. */
export const identify = Effect.fnUntraced(function* (
  issuer: Issuer,
  name: string | undefined
): Effect.fn.Return<Account, AuthError.AuthError> {
  const { login, refreshToken: token, vendor } = issuer
  if (name === "") {
    const reason = new AuthError.InvalidOptions({ field: "account", problem: "is empty" })
    return yield* new AuthError.AuthError({ vendor, reason })
  }
  const seed = token && { fingerprint: yield* Secret.fingerprint([vendor, token]), token }
  const onlySeed = login === undefined && seed !== undefined ? [seed.fingerprint] : []
  // A list or a record: no name that a user gives can be taken for a derived one.
  const key = JSON.stringify(name === undefined ? [vendor, ...issuer.account, ...onlySeed] : { vendor, account: name })
  return {
    key,
    label: name ?? (yield* Secret.fingerprint([key])).slice(0, 12),
    credential: login && (yield* credential(key, login.secrets)),
    seed
  }
})

/** An account of many is made again and again, mostly with the same secret: its digest is not computed each time. */
const computed = new WeakMap<Redacted.Redacted<string>, { readonly key: string; readonly fingerprint: string }>()

const credential = (key: string, secrets: ReadonlyArray<Redacted.Redacted<string>>): Effect.Effect<string> => {
  const [secret, ...others] = secrets
  const isOnly = secret !== undefined && others.length === 0
  const known = isOnly ? computed.get(secret) : undefined
  return known?.key === key
    ? Effect.succeed(known.fingerprint)
    : Effect.tap(Secret.fingerprint([key, ...secrets]), (fingerprint) =>
        Effect.sync(() => isOnly && computed.set(secret, { key, fingerprint }))
      )
}

/** The name that its user gave the account of a key, if he did. */
export const givenName = (key: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(key)
    const name: unknown = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, "account") : undefined
    return typeof name === "string" ? name : undefined
  } catch {
    return undefined
  }
}
