/**
 * A vendor that rotates its refresh tokens and notices each one that is presented twice, over real HTTP on 127.0.0.1.
 *
 * Decided here: LRS Connect's token request as a server of its own, that shares nothing with the code under test; how
 * slow it is, which answers it loses after it has carried out what was asked; and what it writes down. Not here: how a
 * request arrives (`Desk`), what of it is a violation (`Verdict`), and who asks (`Worker`).
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { createHash, randomBytes } from "node:crypto"
import * as Desk from "./Desk.ts"

/** What was seen. Counts, but for the tokens. */
export interface Journal {
  logins: number
  refreshes: number
  /** Refresh tokens that came a second time. Each ends its session. */
  presentedTwice: number
  /** Refreshes that began while another one of the same session was answered. */
  overlapping: number
  /** Refresh tokens that were never given out. */
  unknownTokens: number
  wrongPasswords: number
  /** Answers that never came whole, or too late: nobody there knows what became of the request. */
  lostAnswers: number
  /** Requests that were refused for a while, and not carried out. */
  notCarriedOut: number
  /** By the SHA-256 of an access token, whose it is. */
  readonly owners: Map<string, string>
  /** SHA-256 of the refresh tokens that are good. */
  readonly live: Set<string>
}

/** A running vendor. */
export interface Vendor {
  readonly origin: string
  readonly journal: Journal
}

interface Session {
  readonly account: string
  isDead: boolean
  underWay: number
}

/** Seconds that an access token lives. */
export const life = 2

/** Milliseconds after which a worker gives up on an answer. */
export const patience = 1_000

export const hash = (text: string): string => createHash("sha256").update(text).digest("hex")

/** The password of an account. */
export const passwordOf = (account: string): string => `the password of ${account}`

/** Starts it at a free port, until the scope closes. */
export const start = Effect.gen(function* (): Effect.fn.Return<Vendor, never, Scope.Scope> {
  const random = yield* Random.Random
  const journal: Journal = {
    logins: 0,
    refreshes: 0,
    presentedTwice: 0,
    overlapping: 0,
    unknownTokens: 0,
    wrongPasswords: 0,
    lostAnswers: 0,
    notCarriedOut: 0,
    owners: new Map(),
    live: new Set()
  }
  /** By refresh token, whether it may still be used or not. */
  const sessions = new Map<string, Session>()
  const chance = (part: number) => random.nextDoubleUnsafe() < part

  const issue = (session: Session) => {
    const [accessToken, refreshToken] = [randomBytes(24).toString("base64url"), randomBytes(24).toString("base64url")]
    journal.owners.set(hash(accessToken), session.account)
    sessions.set(refreshToken, session)
    journal.live.add(hash(refreshToken))
    return { tokenType: "Bearer", expiresIn: life, accessToken, scope: "offline_access", refreshToken }
  }

  /** What is carried out, at once when the request has arrived; undefined: the grant is refused. */
  const carryOut = (sent: Readonly<Record<string, unknown>>) => {
    if (sent["grantType"] === "PASSWORD") {
      journal.logins++
      const account = String(sent["userName"])
      if (sent["password"] === passwordOf(account)) return { account, isDead: false, underWay: 0 }
      journal.wrongPasswords++
      return undefined
    }
    journal.refreshes++
    const presented = String(sent["refreshToken"])
    const session = sessions.get(presented)
    if (session === undefined) {
      journal.unknownTokens++
      return undefined
    }
    if (!journal.live.delete(hash(presented)) && !session.isDead) {
      journal.presentedTwice++
      session.isDead = true
      for (const [token, other] of sessions) if (other === session) journal.live.delete(hash(token))
    }
    if (session.underWay > 0) journal.overlapping++
    return session.isDead ? undefined : session
  }

  const answer = Effect.fnUntraced(function* (sent: Readonly<Record<string, unknown>>): Effect.fn.Return<Desk.Answer> {
    if (chance(0.01)) {
      journal.notCarriedOut++
      return { status: 503, body: { error: "temporarily_unavailable" } }
    }
    const session = carryOut(sent)
    if (session === undefined) return { status: 400, body: { error: "invalid_grant" } }
    const issued = issue(session)
    session.underWay++
    const isSlow = chance(0.01)
    yield* Effect.sleep(isSlow ? patience * 2 : chance(0.05) ? 250 : 20 + random.nextDoubleUnsafe() * 40)
    session.underWay--
    const isLost = chance(0.01)
    if (isSlow || isLost) journal.lostAnswers++
    return isLost ? undefined : { status: 200, body: issued }
  })

  return { origin: yield* Desk.open(answer), journal }
})
