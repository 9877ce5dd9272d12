// What must hold after every command, whatever happened: watched at the vendor, at the store and at the callers.
//
// Decided here: the rules and their names. The first one that is broken is kept, and `broken` says which; a rule that
// a fault excuses says so where it stands. Not here: what happens (`Commands`), and what the vendor does (`Vendor`).
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { AccessToken } from "../../src/AccessToken.ts"
import type { AuthError } from "../../src/AuthError.ts"
import type { AuthStatus } from "../../src/TokenLifecycle.ts"
import type { Session } from "../../src/Session.ts"
import { continues, pace } from "./Pace.ts"
import { type Caller, type Seen, showsSecret, unseen } from "./Seen.ts"
import type { Machine, Time } from "./Time.ts"
import type { Exchange, Vendor, Watcher } from "./Vendor.ts"

export interface Promises {
  readonly use: "once" | "many"
  readonly presentsAgain: boolean
  readonly timeout: number
  readonly minimumLifetime: number
}

export class Invariants implements Watcher {
  broken: string | undefined
  /** A crash, a pause, an unknown outcome or a store's fault: a login may have been sent a second time. */
  isDisturbed = false
  storeFailed = false
  clockWasSet = false
  /** Clocks of processes are further apart than is promised to be borne. */
  isSkewed = false
  /** Something may have ended the session or its refresh token for good. */
  isLost = false
  wasRefused = new Set<string>()
  /** Counts tokens handed out, errors and exchanges, so that a run that shows nothing is seen. */
  readonly counts = { handed: 0, failed: 0, exchanges: 0 }
  signOut = 0
  commit = 0
  private order = 0
  private readonly seen = new Map<Machine, Seen>()
  private readonly orders = new Map<Exchange, number>()
  private readonly open = new Set<Exchange>()
  /** How often a refresh token was presented and may have been spent. */
  private readonly presented = new Map<string, number>()
  private readonly owners = new Map<string, Machine>()
  private readonly generations = new Map<number, string>()
  private refusals: Array<Exchange> = []
  private readonly proven = new Set<string>()
  private readonly time: Time
  private readonly promises: Promises
  vendor!: Vendor

  constructor(time: Time, promises: Promises) {
    this.time = time
    this.promises = promises
  }

  break(rule: string, detail = ""): void {
    this.broken ??= detail === "" ? rule : `${rule}: ${detail}`
  }

  readonly tick = (): number => ++this.order

  of(by: Machine): Seen {
    const seen = this.seen.get(by) ?? unseen()
    this.seen.set(by, seen)
    return seen
  }

  /** Exchanges that somebody alive waits for. */
  get isBusy(): boolean {
    return [...this.open].some(({ by }) => !by.isDead)
  }

  /** `refresh`, a rejected token, a clock that was set: the next exchange need not wait. */
  excuse(by: Machine): void {
    this.of(by).excuse = this.tick()
  }

  // At the vendor.

  sent(x: Exchange): void {
    const seen = this.of(x.by)
    this.counts.exchanges++
    this.orders.set(x, seen.begun)
    x.deadline = seen.deadline
    if (seen.final !== undefined) this.break("a state that is final sends nothing", `${seen.final}, then ${x.kind}`)
    for (const y of seen.inFlight) {
      if (Math.min(this.orderOf(y), seen.begun) > seen.signOut) this.break("at most one exchange in flight per engine")
    }
    for (const y of this.open) {
      if (y.by !== x.by && Math.min(this.orderOf(y), seen.begun) > this.signOut && this.time.now < y.deadline) {
        this.break("at most one exchange in flight per account", `deadline in ${y.deadline - this.time.now} ms`)
      }
    }
    seen.inFlight.add(x)
    this.open.add(x)
    // It had looked before the sign-out of another process, and wrote its intent after that.
    const hadRead = !this.storeFailed && seen.read > 0 && seen.signOut < seen.read && seen.read < this.signOut
    const isSince = hadRead && seen.begun > this.signOut
    if (x.kind === "refresh") this.presents(x)
    else if (seen.refused?.secret === x.secret && seen.refused.order > this.signOut) {
      this.break("a refused password is sent once by a process")
    } else if (seen.fromSignedOut && isSince && seen.calling === 0) {
      this.break("nobody logs in after a sign-out for callers from before it")
    }
    if (seen.forcing > 0) return
    const tooSoon = pace(x, seen, this, this.vendor.terms)
    if (tooSoon !== undefined) this.break(...tooSoon)
  }

  private presents({ secret }: Exchange): void {
    const before = this.presented.get(secret) ?? 0
    const most = this.promises.use === "many" ? Infinity : this.promises.presentsAgain ? 2 : 1
    if (before >= most) this.break("no refresh token is presented twice", `${before + 1} times`)
    this.presented.set(secret, before + 1)
  }

  judged(x: Exchange): void {
    if (x.kind !== "login" || x.judged !== "refused") return
    this.wasRefused.add(x.secret)
    if (this.orderOf(x) < this.signOut) return
    const same = this.refusals.filter(({ secret }) => secret === x.secret)
    this.refusals.push(x)
    if (this.proven.has(x.secret)) return
    if (same.length >= 1 && !this.isDisturbed) this.break("a wrong password is sent once where nothing is disturbed")
    if (same.length >= 2 && x.sentAt < Math.max(...same.map(({ deadline }) => deadline)) + 300_000) {
      this.break("a wrong password is sent at most twice by all processes", `${same.length + 1} times`)
    }
  }

  ended(x: Exchange): void {
    const seen = this.of(x.by)
    const order = this.tick()
    seen.inFlight.delete(x)
    this.open.delete(x)
    const flown = this.time.now - x.sentAt
    if (x.isCut && flown < 2_000) this.break("nothing cuts an exchange off", `after ${flown} ms`)
    if (x.outcome === "Unknown") this.isDisturbed = this.isLost = true
    if (x.outcome === "Refused" && x.kind === "refresh") this.isLost = true
    const times = this.presented.get(x.secret) ?? 0
    if (x.outcome === "NotSent" || x.outcome === "Answered") this.presented.set(x.secret, times - 1)
    if (x.outcome === "Issued" && x.fault.kind === "noRefreshToken") this.presented.set(x.secret, 0)
    if (x.kind === "login" && x.outcome === "Issued") {
      this.proven.add(x.secret)
      if (seen.refused?.secret === x.secret) seen.refused = undefined
    }
    if (x.kind === "login" && x.outcome === "Refused") seen.refused = { secret: x.secret, order: this.orderOf(x) }
    // What was sent before a sign-out says nothing to what comes after it.
    if (this.orderOf(x) < Math.max(this.signOut, seen.attempt)) return
    if (x.outcome === "Issued") {
      seen.failure = undefined
      seen.success = x.fault.kind === "sameToken" ? undefined : { exchange: x, order: this.orderOf(x) }
      return
    }
    const isFirst = seen.failure === undefined || seen.failure.order < Math.max(this.signOut, this.commit)
    const goesOn = seen.failure !== undefined && continues(seen.failure.exchange, this.promises.use)
    const count = isFirst ? 1 : seen.failure!.count + (goesOn ? 0 : 1)
    seen.failure = { exchange: x, order, wall: x.by.wall, count }
  }

  // At the store.

  read(by: Machine): void {
    const seen = this.of(by)
    if (seen.read < seen.called) seen.read = this.tick()
  }

  stored(by: Machine, before: Session | undefined, after: Session): void {
    const [seen, now, order] = [this.of(by), this.time.now, this.tick()]
    for (const [other, its] of this.seen) if (other !== by) its.foreign = order
    if (after.generation < (before?.generation ?? 0)) this.break("generations never go back")
    if (after.signedOut > (before?.signedOut ?? 0)) {
      this.signOut = seen.signOut = order
      seen.final = undefined
      this.refusals = []
      this.proven.clear()
      if (this.promises.use === "once") this.isLost = true
      return
    }
    const held = before?.intent ?? null
    const isOwn = held !== null && this.owners.get(held.id) === by
    if (after.intent !== null && after.intent.id !== held?.id) {
      if (held !== null && !isOwn && now < held.deadline) this.break("nobody takes over before the deadline")
      this.owners.set(after.intent.id, by)
      seen.deadline = after.intent.deadline
      seen.begun = order
      seen.fromSignedOut = after.signedOut > 0 && after.signedOut === after.generation
    }
    if (held !== null && after.intent === null && !isOwn) this.break("only its owner ends an intent")
    if (after.tokens === null || after.tokens === before?.tokens) return
    const value = Redacted.value(after.tokens.access)
    const issued = this.vendor.accesses.get(value)!
    this.commit = order
    this.generations.set(after.generation, value)
    for (const [other, its] of this.seen) its.mayAdopt = other !== by
    if (!isOwn) this.break("only the owner of the intent commits")
    if (this.orderOf(issued.exchange) < this.signOut) this.break("what was begun before a sign-out is never committed")
    const old = before?.tokens && this.vendor.accesses.get(Redacted.value(before.tokens.access))
    if (old && this.orderOf(issued.exchange) < this.orderOf(old.exchange))
      this.break("a commit never replaces a newer one")
  }

  // At the callers.

  /** The API refused it; a late complaint says nothing of a value that was issued again since. */
  rejects(by: Machine, token: AccessToken): void {
    const value = Redacted.value(token.value)
    const isReissued = [...this.generations].some(([newer, same]) => newer > token.generation && same === value)
    if (!isReissued) this.of(by).rejected.set(value, this.tick())
    this.excuse(by)
  }

  /** A sign-out begins: the process forgets, even if the store does not. */
  signsOut(by: Machine): void {
    this.of(by).attempt = this.tick()
  }

  signedOut(by: Machine, generation: number): void {
    this.of(by).signedOut = { order: this.tick(), generation }
  }

  handed(caller: Caller, token: AccessToken): void {
    this.counts.handed++
    const seen = this.of(caller.by)
    const value = Redacted.value(token.value)
    const issued = this.vendor.accesses.get(value)
    if (issued === undefined) return this.break("only what the vendor issued is handed out")
    const least = Math.min(this.promises.minimumLifetime, issued.life * 0.1) - 1
    const expiresAt = Option.match(token.expiresAt, {
      onNone: () => Infinity,
      onSome: DateTime.toEpochMillis
    })
    if (caller.offset === caller.by.offset && expiresAt - caller.by.wall < least) {
      this.break("no token has less life than promised", `${expiresAt - caller.by.wall} of ${least} ms`)
    }
    if (!this.clockWasSet && issued.end - this.time.now < least) {
      this.break("no token has less true life than promised", `${issued.end - this.time.now} of ${least} ms`)
    }
    if ((seen.rejected.get(value) ?? Infinity) < caller.order)
      this.break("no token is handed out that was rejected here")
    if (this.generations.get(token.generation) !== value) this.break("a token comes from one generation")
    if (seen.signedOut.order < caller.order && token.generation <= seen.signedOut.generation) {
      this.break("no token from before a sign-out is handed out after it")
    }
    if (seen.handed.order < caller.order && token.generation < seen.handed.generation) {
      this.break("generations handed out never go back", `${token.generation} after ${seen.handed.generation}`)
    }
    if (token.generation > seen.handed.generation) seen.handed = { generation: token.generation, order: this.tick() }
  }

  failed(caller: Caller, error: AuthError, has: { readonly password: string | undefined }): void {
    this.counts.failed++
    const seen = this.of(caller.by)
    const { reason } = error
    this.shows(error, `${reason._tag}${error.message}`)
    if (reason._tag === "InvalidCredentials" && !this.wasRefused.has(has.password!)) {
      this.break("no credential is called invalid that was not refused")
    }
    if (reason._tag === "UnresolvedExchange" && has.password !== undefined)
      this.break("with a password there is a way in")
    if (reason._tag === "UnresolvedExchange" && !this.isLost) this.break("nothing is unresolved that was answered")
    const isOld = seen.begun < seen.attempt && seen.attempt < seen.signedOut.order
    if (
      isOld &&
      seen.signedOut.order < caller.order &&
      (reason._tag === "Throttled" || reason._tag === "RequestRefused")
    ) {
      this.break("no failure from before a sign-out is told after it")
    }
    if (reason._tag === "InvalidOptions" || reason._tag === "InsecureEndpoint") this.break("the options are good")
  }

  ends(caller: Caller): void {
    const waited = this.time.now - caller.startedAt - (caller.by.frozen - caller.frozen)
    const bound = this.promises.timeout + (this.storeFailed ? 25_000 : 2_000)
    if (!caller.isInterrupted && waited > bound * (caller.what === "api" ? 2 : 1)) {
      this.break("no caller waits longer than a flight", `${waited} ms`)
    }
  }

  looks(by: Machine, status: AuthStatus): void {
    const isFinal = status._tag === "Refused" || status._tag === "Unresolved"
    this.of(by).final = isFinal ? status._tag : undefined
    this.shows(status, status._tag)
  }

  shows(thing: unknown, kind: string): void {
    if (showsSecret(thing, kind)) this.break("no secret is shown", kind)
  }

  /** When its intent was written: a sign-out after that has it fenced, even if the request leaves later. */
  private orderOf(x: Exchange): number {
    return this.orders.get(x) ?? 0
  }
}
