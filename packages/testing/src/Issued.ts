/**
 * What a simulated vendor remembers of the tokens it issued: kind, family, end, spent or revoked.
 * Decided here: in what order a token's faults are told apart, and what the reuse of a once-only refresh token costs.
 * Not decided here: the tokens' text and claims, and how a vendor words a refusal.
 * Every function is synchronous and is called inside one Effect.sync, so that concurrent requests are linearised.
 */
import * as Duration from "effect/Duration"

/** Which of the two tokens it is; an application token is an access token without an end. */
export type TokenKind = "access" | "refresh"

/** What the vendor knows of one issued token; `expiresAt` in epoch milliseconds, `undefined` for never. */
export interface Token {
  readonly kind: TokenKind
  readonly family: number
  readonly expiresAt: number | undefined
}

/** How a presented token stands with the vendor. */
export type Standing = "live" | "unknown" | "spent" | "expired" | "wrongKind" | "revoked"

/** The lives of the tokens issued from now on; an undefined refresh life means that the vendor derives it. */
export interface Lives {
  readonly access?: Duration.Input | undefined
  readonly refresh?: Duration.Input | undefined
}

/** The register of one simulator's tokens. */
export interface Issued {
  /** The life of a new access token, in whole seconds. */
  readonly accessSeconds: () => number
  /** The life of a new refresh token, in whole seconds; `undefined` where the vendor derives it. */
  readonly refreshSeconds: () => number | undefined
  readonly setLives: (lives: Lives) => void
  /** Begins the family of one login: its tokens, and all that are refreshed from them. */
  readonly family: () => number
  readonly record: (text: string, token: Token) => void
  readonly find: (text: string) => Token | undefined
  /** How a token stands when it is presented where `kind` is asked for; `now` in epoch milliseconds. */
  readonly standing: (text: string, kind: TokenKind, now: number) => Standing
  /** A once-only refresh token was used: presenting it again counts as reuse. */
  readonly spend: (text: string) => void
  /** Counts one reuse and revokes every token of that token's family. */
  readonly reuse: (text: string) => void
  readonly reuses: () => number
  /** Revokes all tokens of a kind that were issued so far. */
  readonly revoke: (kind: TokenKind) => void
  /** Forgets the tokens that ended before; one of them is unknown from then on. */
  readonly forget: (before: number) => void
}

const seconds = (life: Duration.Input): number => Math.ceil(Duration.toMillis(life) / 1000)

/** An empty register. Lives are rounded up to whole seconds, because a JWT counts in seconds. */
export const make = (initial: Lives & { readonly access: Duration.Input }): Issued => {
  const tokens = new Map<string, Token & { spent: boolean; revoked: boolean }>()
  let accessSeconds = seconds(initial.access)
  let refreshSeconds = initial.refresh === undefined ? undefined : seconds(initial.refresh)
  let families = 0
  let reuses = 0
  const revokeWhere = (which: (token: Token) => boolean): void => {
    for (const token of tokens.values()) if (which(token)) token.revoked = true
  }
  return {
    accessSeconds: () => accessSeconds,
    refreshSeconds: () => refreshSeconds,
    setLives(lives) {
      if (lives.access !== undefined) accessSeconds = seconds(lives.access)
      if (lives.refresh !== undefined) refreshSeconds = seconds(lives.refresh)
    },
    family: () => ++families,
    record(text, token) {
      tokens.set(text, { ...token, spent: false, revoked: false })
    },
    find: (text) => tokens.get(text),
    standing(text, kind, now) {
      const token = tokens.get(text)
      if (token === undefined) return "unknown"
      // A spent token tells of a thief or of a client's race even when it is long expired.
      if (token.spent) return "spent"
      if (token.expiresAt !== undefined && now >= token.expiresAt) return "expired"
      if (token.kind !== kind) return "wrongKind"
      return token.revoked ? "revoked" : "live"
    },
    spend(text) {
      const token = tokens.get(text)
      if (token !== undefined) token.spent = true
    },
    reuse(text) {
      const family = tokens.get(text)?.family
      reuses++
      revokeWhere((token) => token.family === family)
    },
    reuses: () => reuses,
    revoke: (kind) => revokeWhere((token) => token.kind === kind),
    forget(before) {
      for (const [text, { expiresAt }] of tokens) if (expiresAt !== undefined && expiresAt < before) tokens.delete(text)
    }
  }
}
