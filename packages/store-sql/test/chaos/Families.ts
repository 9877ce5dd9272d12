/**
 * A vendor of any number of accounts, each of which has its session from the beginning.
 *
 * Decided here: that a token is computed from its account and its number, so that a token of long ago is known again
 * and nothing but a number is kept for it; strict rotation, in which a token that comes twice ends its session; and what
 * is written down. Not here: how a request arrives (`Desk`), and what of it is a violation (`ManyVerdict`).
 */
import { RefreshPolicy } from "@vendor-auth/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { createHmac, randomBytes } from "node:crypto"
import * as Desk from "./Desk.ts"
import { passwordOf } from "./Vendor.ts"

/** What the vendor knows of an account. Instants are milliseconds since the epoch. */
export interface Family {
  readonly account: string
  /** When the tokens that it has from the beginning are due. */
  readonly dueAt: number
  /** The number of its newest tokens; 1 for those that it has from the beginning. */
  number: number
  issuedAt: number
  isDead: boolean
  /** Refreshes that are being answered. */
  underWay: number
  /** When it was first asked for new tokens. */
  renewedAt: number | undefined
  /** When the last login came. */
  loggedInAt: number | undefined
}

/** What was seen. Counts, but for the accounts. */
export interface Journal {
  readonly families: ReadonlyMap<string, Family>
  refreshes: number
  logins: number
  /** Refreshes and logins by the name of the process that asked. */
  readonly by: Map<string, number>
  /** Those of them that are being answered. */
  readonly underWay: Map<string, number>
  presentedTwice: number
  overlapping: number
  unknownTokens: number
  /** Refreshes of tokens that no schedule would have refreshed yet: one life was refreshed twice. */
  early: number
}

/** A running vendor. */
export interface Vendor {
  readonly origin: string
  /** Milliseconds that its access tokens live. */
  readonly life: number
  readonly journal: Journal
  readonly tokens: (account: string, number: number) => { readonly access: string; readonly refresh: string }
  /** Gives an account its first tokens, as if it had logged in at that moment. */
  readonly enter: (account: string, issuedAt: number) => void
}

/** The header in which a process says who it is. */
export const asker = "x-replica"

/** Milliseconds after which tokens that live so many milliseconds are due by their record. */
export const dueAfter = (life: number): number => RefreshPolicy.dueAfter(life, { early: 0 })

/** The same for those who go by a schedule of their own, at the earliest. */
const refreshedFrom = (life: number): number => RefreshPolicy.dueAfter(life, { early: 0.1 })

/** Opens at a free port, until the scope closes. Its access tokens live for so many milliseconds. */
export const open = Effect.fnUntraced(function* (life: number): Effect.fn.Return<Vendor, never, Scope.Scope> {
  const secret = randomBytes(32)
  const families = new Map<string, Family>()
  const journal: Journal = {
    families,
    refreshes: 0,
    logins: 0,
    by: new Map(),
    underWay: new Map(),
    presentedTwice: 0,
    overlapping: 0,
    unknownTokens: 0,
    early: 0
  }

  const token = (kind: string, account: string, number: number) => {
    const mac = createHmac("sha256", secret).update(`${kind} ${number} ${account}`).digest("base64url")
    return `${account}.${number}.${mac}`
  }
  const tokens = (account: string, number: number) => ({
    access: token("access", account, number),
    refresh: token("refresh", account, number)
  })

  /** What is carried out, at once when the request has arrived; undefined: the grant is refused. */
  const carryOut = (sent: Readonly<Record<string, unknown>>, now: number): Family | undefined => {
    if (sent["grantType"] === "PASSWORD") {
      journal.logins++
      const family = families.get(String(sent["userName"]))
      if (family === undefined || sent["password"] !== passwordOf(family.account)) return undefined
      family.loggedInAt = now
      family.isDead = false
      return family
    }
    journal.refreshes++
    const presented = String(sent["refreshToken"])
    const [account = "", number = ""] = presented.split(".")
    const family = families.get(account)
    if (family === undefined || presented !== token("refresh", account, Number(number))) {
      journal.unknownTokens++
      return undefined
    }
    if (family.underWay > 0) journal.overlapping++
    if (Number(number) !== family.number) {
      if (!family.isDead) journal.presentedTwice++
      family.isDead = true
    }
    if (family.isDead) return undefined
    if (now < family.issuedAt + refreshedFrom(life)) journal.early++
    return family
  }

  const origin = yield* Desk.open(
    Effect.fnUntraced(function* (sent, headers): Effect.fn.Return<Desk.Answer> {
      const now = yield* Clock.currentTimeMillis
      const who = String(headers[asker])
      count(journal.by, who, 1)
      const family = carryOut(sent, now)
      if (family === undefined) return { status: 400, body: { error: "invalid_grant" } }
      family.number++
      family.issuedAt = now
      family.renewedAt ??= now
      const { access: accessToken, refresh: refreshToken } = tokens(family.account, family.number)
      const expiresIn = life / 1_000
      family.underWay++
      count(journal.underWay, who, 1)
      yield* Effect.sleep(20 + (yield* Random.next) * 40)
      family.underWay--
      count(journal.underWay, who, -1)
      return {
        status: 200,
        body: { tokenType: "Bearer", expiresIn, accessToken, scope: "offline_access", refreshToken }
      }
    })
  )
  const enter = (account: string, issuedAt: number) => {
    const [dueAt, unseen] = [issuedAt + dueAfter(life), { renewedAt: undefined, loggedInAt: undefined }]
    families.set(account, { account, dueAt, number: 1, issuedAt, isDead: false, underWay: 0, ...unseen })
  }
  return { origin, life, journal, tokens, enter }
})

const count = (counts: Map<string, number>, who: string, by: number) =>
  void counts.set(who, (counts.get(who) ?? 0) + by)
