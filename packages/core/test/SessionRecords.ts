// A record by hand: what a vendor gave, the claims of a login and a refresh, and what a process sees.
import * as Redacted from "effect/Redacted"
import * as Session from "../src/Session.ts"

export const now = 1_000_000
export const deadline = now + 35_000
export const minutes = 60_000
export const credential = "credential"

export const tokensOf = (access: string): Session.Tokens => ({
  access: Redacted.make(access),
  issuedAt: now,
  expiresAt: now + 60 * minutes,
  refreshEndsAt: null,
  details: null
})

/** What the vendor gave. */
export const given = (name: string) => ({
  tokens: tokensOf(name),
  refreshToken: Redacted.make(`${name}-refresh`),
  dueAt: now + 1
})

export const login = (id: string): Session.Claim => ({ id, kind: "login", credential })
export const refresh = (id: string): Session.Claim => ({ id, kind: "refresh", credential })
export const begin = (session: Session.Session, claim: Session.Claim, at = now) =>
  Session.begin(session, claim, { deadline: at + 35_000 })

/** A process that holds nothing and needs a token now. */
export const view = (change: Partial<Session.View> = {}): Session.View => ({
  storeNow: now,
  after: 0,
  isUsable: () => true,
  signedOut: 0,
  credential,
  seed: undefined,
  refreshTokenUse: "once",
  onUnresolved: "report",
  unknown: undefined,
  isBackground: false,
  ...change
})

export const empty = Session.empty("Acme")
export const next = (session: Session.Session, change?: Partial<Session.View>) => Session.next(session, view(change))
export const clear = (secret: Redacted.Redacted<string> | null) => (secret === null ? null : Redacted.value(secret))

/** After one login: generation 1, a good token and a refresh token. */
export const one = Session.commit(begin(empty, login("first")), login("first"), given("one"))!
/** The same, and its token is no longer usable. */
export const stale = { isUsable: () => false }
