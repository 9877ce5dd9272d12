/**
 * An account that is nothing but a token that never expires.
 *
 * Decided here: that nothing is ever sent for it, and that there is no way to another token. Not here: how one is made
 * (the vendor), and what a refused one does to the state (`TokenLifecycle`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as AuthError from "./AuthError.ts"
import type * as Flight from "./Flight.ts"
import * as Session from "./Session.ts"

/** The flights of an account that is nothing but a token that never expires: no request, and no way to another one. */
export const make = (vendor: string, token: Redacted.Redacted<string>): Flight.Flights => ({
  fly: ({ after }) =>
    after > 0
      ? Effect.fail(new AuthError.AuthError({ vendor, reason: new AuthError.ReauthenticationRequired() }))
      : Effect.map(Clock.currentTimeMillis, (issuedAt) => {
          const tokens = { access: token, issuedAt, expiresAt: null, refreshEndsAt: null, details: null }
          return { session: { ...Session.empty(vendor), generation: 1, tokens }, fellBack: false }
        }),
  look: Effect.undefined,
  reject: () => {},
  signOut: Effect.void
})
