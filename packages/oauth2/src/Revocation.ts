/**
 * A sign-out that revokes what it ended (RFC 7009), where the server has an endpoint for that.
 *
 * Decided here: which tokens those are. A sign-out is one compare-and-set of the stored record, so that the store sees
 * exactly what it replaces: these tokens are revoked, once the sign-out stands and unless an exchange was under way,
 * whose outcome is still to be told by them. Best effort: the session is over here, whatever the server says. Not here:
 * the sign-out itself (core).
 */
import type { StoreFailure } from "@vendor-auth/core/AuthError"
import type * as Issuer from "@vendor-auth/core/Issuer"
import type * as Session from "@vendor-auth/core/Session"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import type * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"

/** A store that is watched for the sessions that a sign-out of this process ends. */
export interface Watched {
  readonly store: TokenStore.TokenStore["Service"]
  /** The session that was ended last, once; undefined if there is nothing to revoke. */
  readonly take: () => Session.Session | undefined
}

/** Watches a store for one account. */
export const watch = (store: TokenStore.TokenStore["Service"]): Watched => {
  let ended: Session.Session | undefined

  /** What a write replaces, if it may be a sign-out. Where that cannot be read, nothing is revoked. */
  const replaced = Effect.fnUntraced(function* (account: string, version: number, session: Session.Session) {
    if (session.tokens !== null || session.intent !== null) return undefined
    const row = Option.getOrUndefined(yield* Effect.option(store.read(account)))
    if (row?.version !== version || row.session === undefined) return undefined
    return session.signedOut > row.session.signedOut ? row.session : undefined
  })

  return {
    store: {
      ...store,
      write: Effect.fnUntraced(function* (account, version, session): Effect.fn.Return<boolean, StoreFailure> {
        const before = yield* replaced(account, version, session)
        const isWritten = yield* store.write(account, version, session)
        // An intent that is open may be carried out yet: nothing that it was begun with is touched.
        if (isWritten && before !== undefined) {
          ended = before.intent === null && before.tokens !== null ? before : undefined
        }
        return isWritten
      })
    },
    take: () => {
      const taken = ended
      ended = undefined
      return taken
    }
  }
}

/** A server's revocation endpoint, and how a request to it is made. */
export interface Endpoint {
  readonly url: string | undefined
  readonly encode: (url: string, fields: TokenEndpoint.Fields) => HttpClientRequest
}

/** Revokes a session's tokens: the refresh token, then the access token while it lives. Never fails; it warns. */
export const revoke = (
  ask: TokenEndpoint.Ask,
  options: {
    readonly vendor: string
    readonly endpoint: Effect.Effect<Endpoint, Issuer.ExchangeFailure>
    readonly patience: number
  }
): ((session: Session.Session) => Effect.Effect<void>) => {
  const warn = Effect.logWarning(`${options.vendor}: signed out here, but its server did not confirm the revocation`)
  const one = Effect.fnUntraced(function* (hint: "refresh_token" | "access_token", token: Redacted.Redacted<string>) {
    const { encode, url } = yield* options.endpoint
    if (url === undefined) return
    const { body, status } = yield* ask(encode(url, { token, token_type_hint: hint }))
    // Servers whose access tokens cannot be revoked say so (section 2.2.1): they die by themselves.
    if (hint === "access_token" && body["error"] === "unsupported_token_type") return
    if (status < 200 || status > 299) yield* warn
  })
  return Effect.fnUntraced(
    function* ({ refreshToken, tokens }) {
      if (refreshToken !== null) yield* one("refresh_token", refreshToken)
      const isAlive = (tokens?.expiresAt ?? Infinity) > (yield* Clock.currentTimeMillis)
      if (tokens !== null && isAlive) yield* one("access_token", tokens.access)
    },
    Effect.timeoutOrElse({ duration: options.patience, orElse: () => warn }),
    Effect.catch(() => warn)
  )
}
