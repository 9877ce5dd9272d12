/**
 * One issued access token, as callers see it.
 *
 * Decided here: what a caller may know of a token. Not here: when it is due or expired (`TokenLifecycle`), and what
 * else the vendor issued beside it, which the store keeps (`Session`).
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Session } from "./Session.ts"

/** A token that a vendor issued, good for calls until `expiresAt`. */
export interface AccessToken {
  /** What goes behind `Bearer `. Redacted: it prints as `<redacted>` wherever it is logged or inspected. */
  readonly value: Redacted.Redacted<string>
  /** Grows with each token of the account, in every process that shares its store; a 401 names it. */
  readonly generation: number
  /** When the request for it was sent, by this machine's clock. */
  readonly issuedAt: DateTime.Utc
  /** When the vendor stops accepting it; none for a token that never expires. */
  readonly expiresAt: Option.Option<DateTime.Utc>
}

/** The token of a session that has one. */
export const of = ({ generation, tokens }: Session): AccessToken => ({
  value: tokens!.access,
  generation,
  issuedAt: DateTime.makeUnsafe(tokens!.issuedAt),
  expiresAt: Option.map(Option.fromNullOr(tokens!.expiresAt), DateTime.makeUnsafe)
})
