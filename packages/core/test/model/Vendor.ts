// A simulated vendor at the level of `Issuer`: rotating refresh tokens with reuse detection, lives, passwords,
// revocation, and an API that answers 200, 401 or 403.
//
// Decided here: what the vendor does with a request and when, and that it writes down every exchange and every token it
// issued with its true end. Requests and answers take the virtual time; a request that has left is carried out even if
// nobody waits for the answer any more. Not here: what the library may do (`Invariants`).
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AuthError from "../../src/AuthError.ts"
import * as Issuer from "../../src/Issuer.ts"
import type { Machine, Time } from "./Time.ts"

/** All secrets begin with it. */
export const canary = "CANARY"

/** What becomes of an exchange, and how long the way there and the way back take, in milliseconds. */
export interface Fault {
  readonly kind:
    | "ok"
    /** Refused before it left. */
    | "notSent"
    /** A complete answer: 5xx, 429, another 4xx. */
    | "answered"
    | "throttled"
    | "notAllowed"
    /** Carried out, and the answer lost, or no token answer. */
    | "lost"
    | "malformed"
    /** No answer ever: carried out or not. */
    | "hangs"
    | "blackHole"
    /** The vendor says no, though it could say yes. */
    | "refused"
    /** The access token of the exchange before, once more. */
    | "sameToken"
    /** No new refresh token: the old one stays good. */
    | "noRefreshToken"
  readonly there?: number
  readonly back?: number
}

export interface Exchange {
  readonly seq: number
  readonly by: Machine
  readonly kind: "login" | "refresh"
  /** The password or the refresh token. */
  readonly secret: string
  readonly fault: Fault
  readonly sentAt: number
  readonly sentWall: number
  outcome: "Open" | "Issued" | "Died" | Issuer.ExchangeFailure["outcome"]
  retryAfter: number
  /** Its request was interrupted: by its deadline, or by something that must not. */
  isCut: boolean
  /** What the vendor made of it. */
  judged: "issued" | "refused" | undefined
  /** The deadline of its intent, by the store's clock. */
  deadline: number
}

export interface Issued {
  readonly value: string
  readonly life: number
  readonly exchange: Exchange
  readonly end: number
  readonly family: number
}

export interface Watcher {
  readonly sent: (exchange: Exchange) => void
  readonly judged: (exchange: Exchange) => void
  readonly ended: (exchange: Exchange) => void
}

export interface Terms {
  readonly use: "once" | "many"
  readonly life: number
  readonly refreshLife: number | undefined
  /** Milliseconds of the way there and of the way back. */
  readonly latency: number
}

export class Vendor {
  password = `${canary}-password-0`
  readonly accesses = new Map<string, Issued>()
  readonly exchanges: Array<Exchange> = []
  /** Faults of the next exchanges, and the one that stays until it is taken away. */
  faults: Array<Fault> = []
  outage: Fault | undefined
  reuses = 0
  private readonly refreshTokens = new Map<string, { family: number; isUsed: boolean; end: number }>()
  private readonly revoked = new Set<number>()
  private count = 0
  private families = 0
  private readonly time: Time
  readonly terms: Terms
  private readonly watcher: Watcher

  constructor(time: Time, terms: Terms, watcher: Watcher) {
    this.time = time
    this.terms = terms
    this.watcher = watcher
  }

  /** A refresh token as a person would configure it. */
  seed(): string {
    return this.grant(++this.families)
  }

  revoke(): void {
    for (let family = 1; family <= this.families; family++) this.revoked.add(family)
  }

  /** Whether the API accepts it now. */
  accepts(value: string): boolean {
    const access = this.accesses.get(value)
    return access !== undefined && this.time.now < access.end && !this.revoked.has(access.family)
  }

  issuer(by: Machine, password: string | undefined, refreshToken: string | undefined): Issuer.Issuer {
    return {
      vendor: "Model",
      api: "https://api.model.test",
      account: ["user"],
      refreshTokenUse: this.terms.use,
      login:
        password === undefined
          ? undefined
          : { exchange: this.exchange(by, "login", password), secrets: [Redacted.make(password)] },
      refresh: (token) => this.exchange(by, "refresh", Redacted.value(token)),
      refreshToken: refreshToken === undefined ? undefined : Redacted.make(refreshToken)
    }
  }

  private exchange(by: Machine, kind: Exchange["kind"], secret: string): Issuer.Exchange {
    return Effect.suspend(() => {
      const exchange: Exchange = {
        seq: this.exchanges.length + 1,
        by,
        kind,
        secret,
        fault: this.faults.shift() ?? this.outage ?? { kind: "ok" },
        sentAt: this.time.now,
        sentWall: by.wall,
        outcome: "Open",
        retryAfter: 0,
        isCut: false,
        judged: undefined,
        deadline: 0
      }
      this.exchanges.push(exchange)
      this.watcher.sent(exchange)
      return Effect.callback<Issuer.TokenSet, Issuer.ExchangeFailure>((resume) => this.travel(exchange, resume)).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            exchange.outcome = Exit.isSuccess(exit)
              ? "Issued"
              : Option.match(Exit.findErrorOption(exit), {
                  onNone: () => "Unknown",
                  onSome: (failed) => failed.outcome
                })
            exchange.isCut = Exit.hasInterrupts(exit)
            this.watcher.ended(exchange)
          })
        )
      )
    })
  }

  private travel(exchange: Exchange, resume: (exit: Issuer.Exchange) => void): void {
    const { fault } = exchange
    const { there = this.terms.latency, back = this.terms.latency } = fault
    const answer = (after: number, result: Issuer.Exchange) => {
      if (after === 0 && !exchange.by.isFrozen && !exchange.by.isDead) resume(result)
      else exchange.by.after(after, () => resume(result))
    }
    const arrive = (then: () => void) => (there === 0 ? then() : void this.time.after(there, then))
    if (fault.kind === "notSent")
      return answer(there, failed("NotSent", new AuthError.Unreachable({ outcome: "NotSent" })))
    if (fault.kind === "blackHole") return
    arrive(() => {
      switch (fault.kind) {
        case "answered":
          return answer(back, failed("Answered", new AuthError.Unreachable({ outcome: "Answered", status: 500 })))
        case "throttled":
          exchange.retryAfter = 40_000
          return answer(
            back,
            failed("Answered", new AuthError.Throttled({ retryAfter: Duration.millis(exchange.retryAfter) }))
          )
        case "notAllowed":
          return answer(back, failed("Answered", new AuthError.RequestRefused({ status: 404 })))
      }
      const given = this.judge(exchange)
      exchange.judged = given === undefined ? "refused" : "issued"
      this.watcher.judged(exchange)
      if (fault.kind === "hangs") return
      if (fault.kind === "lost")
        return answer(back, failed("Unknown", new AuthError.Unreachable({ outcome: "Unknown" })))
      if (fault.kind === "malformed") {
        return answer(back, failed("Unknown", new AuthError.MalformedResponse({ paths: ["access_token"] })))
      }
      answer(
        back,
        given === undefined
          ? failed("Refused", new AuthError.InvalidCredentials({ status: exchange.kind === "login" ? 401 : 400 }))
          : Effect.succeed(given)
      )
    })
  }

  /** What the vendor does with a request that arrived. */
  private judge(exchange: Exchange): Issuer.TokenSet | undefined {
    let family = this.families + 1
    const keeps = exchange.fault.kind === "noRefreshToken" && exchange.kind === "refresh"
    if (exchange.kind === "login") {
      if (exchange.fault.kind === "refused" || exchange.secret !== this.password) return undefined
      this.families = family
    } else {
      const token = this.refreshTokens.get(exchange.secret)
      if (token === undefined || this.revoked.has(token.family) || this.time.now >= token.end) return undefined
      if (exchange.fault.kind === "refused") return void this.revoked.add(token.family)
      family = token.family
      if (token.isUsed && this.terms.use === "once") {
        this.reuses++
        return void this.revoked.add(family)
      }
      token.isUsed = !keeps
    }
    const last = [...this.accesses.values()].at(-1)
    const isSame = exchange.fault.kind === "sameToken" && last !== undefined
    const value = isSame ? last.value : `${canary}-access-${++this.count}`
    const { life, refreshLife } = this.terms
    const newest = isSame && last.exchange.seq > exchange.seq ? last.exchange : exchange
    this.accesses.set(value, { value, life, exchange: newest, family, end: this.time.now + life })
    return {
      accessToken: Redacted.make(value),
      accessLife: life,
      refreshToken:
        keeps || (this.terms.use === "many" && exchange.kind === "refresh")
          ? undefined
          : Redacted.make(this.grant(family)),
      refreshLife: keeps ? undefined : refreshLife,
      details: null
    }
  }

  private grant(family: number): string {
    const value = `${canary}-refresh-${++this.count}`
    this.refreshTokens.set(value, {
      family,
      isUsed: false,
      end: this.time.now + (this.terms.refreshLife ?? Infinity)
    })
    return value
  }
}

const failed = (outcome: Issuer.ExchangeFailure["outcome"], reason: AuthError.Reason): Issuer.Exchange =>
  Effect.fail(new Issuer.ExchangeFailure({ outcome, reason }))
