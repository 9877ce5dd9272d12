/**
 * One flight: from wanting a token to having one in the store, by the steps of `Session`.
 *
 * Decided here: the order of reading, writing down the intent, sending and committing; that nothing interrupts a flight
 * between "sent" and "stored"; and its deadline. Not here: when a flight starts and who waits for it (`TokenEngine`),
 * what a step may do (`Session`), and how it gets into the store (`Ledger`).
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import type * as Redacted from "effect/Redacted"
import type { Account } from "./Account.ts"
import * as AuthError from "./AuthError.ts"
import * as Issuer from "./Issuer.ts"
import * as Ledger from "./Ledger.ts"
import type { Memory } from "./Memory.ts"
import type { Resolved } from "./RefreshPolicy.ts"
import * as RefreshPolicy from "./RefreshPolicy.ts"
import * as Session from "./Session.ts"
import * as Telemetry from "./Telemetry.ts"
import type { TokenStore } from "./TokenStore.ts"

/** What stays the same for an account as long as its layer lives. */
export interface Options extends Pick<Account, "key" | "credential" | "seed"> {
  readonly issuer: Issuer.Issuer
  readonly policy: Resolved
  readonly store: TokenStore["Service"]
  readonly memory: Memory
  /** Whether it was said that sessions end with this process. */
  readonly warning: { isGiven: boolean }
}

/** What a flight is to bring. */
export interface Want {
  /** A generation that is held here: only a newer one will do. */
  readonly after: number
  /** Newer also than what the store has now. */
  readonly isForced: boolean
  /** Nobody waits for it. */
  readonly isBackground: boolean
  /** Whether this process has not signed out since the flight was wanted. */
  readonly isCurrent: () => boolean
}

/**
 * Another process was in the way: it exchanged for longer than is waited, or it signed out. Nothing failed here, and
 * the next flight tries again.
 */
export class Overtaken extends Data.TaggedError("Overtaken")<{
  readonly by: "exchange" | "signOut"
  readonly error: AuthError.AuthError
}> {}

/** What a flight brought. */
export interface Brought {
  readonly session: Session.Session
  /** It cost a login, since the refresh token was refused. */
  readonly fellBack: boolean
}

/** The flights of one account. One at a time is the caller's duty. */
export interface Flights {
  /** A session whose tokens are usable, as they are wanted. */
  readonly fly: (want: Want) => Effect.Effect<Brought, AuthError.AuthError | Overtaken>
  /** The session in the store, if its tokens are usable as they are: nothing is sent for it. */
  readonly look: Effect.Effect<Session.Session | undefined, AuthError.AuthError>
  /** The API rejected this value: it is never accepted again. */
  readonly reject: (value: Redacted.Redacted<string>) => void
  /** Forgets the session in the store. */
  readonly signOut: Effect.Effect<void, AuthError.AuthError>
}

/** Milliseconds by which another machine's clock may be ahead before its tokens' times are not believed. */
const furthestFuture = 86_400_000

/** Milliseconds between two looks at a record whose intent belongs to another process. */
const pollEvery = 100

/** Milliseconds that an intent outlives its flight: the time that committing may take. */
const grace = Ledger.callLimit

/** Makes the flights of an account. */
export const make = (account: Options): Flights => {
  const { issuer, memory, policy, warning } = account
  const ledger = Ledger.make(account.store, account.key, issuer.vendor, memory)
  const failed = (reason: AuthError.Reason) => new AuthError.AuthError({ vendor: issuer.vendor, reason })

  /** Neither rejected here, nor about to expire, nor a record from the future. */
  const isUsable = (now: number) => (tokens: Session.Tokens) =>
    tokens.issuedAt - now < furthestFuture &&
    memory.rejected?.has(Hash.hash(tokens.access)) !== true &&
    (tokens.expiresAt === null ||
      now < tokens.issuedAt + RefreshPolicy.expiredAfter(tokens.expiresAt - tokens.issuedAt, policy.minimumLifetime))

  const wanted = (after: number) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      return { after: Math.max(after, memory.floor), isUsable: isUsable(now), seed: account.seed?.fingerprint }
    })

  const fly = Effect.fnUntraced(function* (
    want: Want
  ): Effect.fn.Return<Brought, AuthError.AuthError | AuthError.StoreFailure | Overtaken> {
    const deadline = (yield* Ledger.uptime) + policy.timeout
    let first: Session.Session | undefined
    let wasRefused = false
    yield* Effect.uninterruptible(ledger.settle(deadline))
    while (true) {
      const row = yield* ledger.read
      const left = deadline - (yield* Ledger.uptime)
      first ??= row.session
      const after = Math.max(want.after, want.isForced ? first.generation : 0)
      const step = Session.next(row.session, {
        ...(yield* wanted(after)),
        storeNow: row.now,
        signedOut: first.signedOut,
        credential: account.credential,
        refreshTokenUse: issuer.refreshTokenUse,
        onUnresolved: policy.onUnresolved,
        isBackground: want.isBackground,
        unknown: memory.unknown
      })
      if (step._tag === "Adopt") return { session: row.session, fellBack: wasRefused }
      if (!want.isCurrent()) return yield* overtaken("signOut")
      switch (step._tag) {
        case "Stop":
          return yield* step.why === "SignedOut" ? overtaken("signOut") : failed(why(step.why))
        case "Wait":
          if (left <= 0) return yield* overtaken("exchange")
          yield* Effect.sleep(pollEvery)
          break
        default:
          // An exchange that has no time left would only spend its token.
          if (left < policy.timeout / 4) return yield* overtaken("exchange")
          const end = yield* exchange(row, step, want, deadline)
          if (end === "Refused") wasRefused = true
          // What this process has just written need not be read.
          else if (end && Session.isAdoptable(end, yield* wanted(after))) return { session: end, fellBack: wasRefused }
      }
    }
  })

  const look = Effect.gen(function* () {
    const { session } = yield* ledger.read
    return Session.isAdoptable(session, yield* wanted(0)) ? session : undefined
  })

  const overtaken = (by: Overtaken["by"]) => {
    const notSent = new AuthError.Unreachable({ outcome: "NotSent" })
    return new Overtaken({ by, error: failed(by === "exchange" ? notSent : new AuthError.ReauthenticationRequired()) })
  }

  const why = (
    stop: Exclude<Extract<Session.Step, { readonly _tag: "Stop" }>["why"], "SignedOut">
  ): AuthError.Reason => {
    switch (stop) {
      case "NoCredentials":
        return new AuthError.ReauthenticationRequired()
      case "Refused":
        return memory.refusal ?? new AuthError.InvalidCredentials({})
      case "LoginsOpen":
        return new AuthError.Unreachable({ outcome: "Unknown" })
      case "Unresolved":
        return new AuthError.UnresolvedExchange()
    }
  }

  /** One exchange, from its intent to its end in the store: what is there now, or it is to be looked at again. */
  const exchange = Effect.fnUntraced(function* (
    row: Ledger.Row,
    step: Exchanging,
    want: Want,
    deadline: number
  ): Effect.fn.Return<"Refused" | Session.Session | undefined, AuthError.AuthError | AuthError.StoreFailure> {
    const begun = yield* begin(row, step)
    if (begun === undefined) return undefined
    const sentAt = yield* Clock.currentTimeMillis
    const timeout = deadline - (yield* Ledger.uptime)
    // A process that slept through its intent's grace must not send: another one may have taken over. Nor may one that
    // signed out while the intent was written.
    const mayBeSent = want.isCurrent() && sentAt - begun.readAt < grace
    const outcome = yield* mayBeSent ? send(begun, timeout) : Effect.result(unreached("NotSent"))
    const settleBy = Math.max(deadline, (yield* Ledger.uptime) + grace)
    if (outcome._tag === "Success") return yield* commit(begun, toGiven(outcome.success, sentAt), settleBy)
    const released = yield* Effect.result(release(begun, outcome.failure, settleBy))
    if (outcome.failure.outcome === "Refused") return yield* Effect.as(Effect.fromResult(released), "Refused" as const)
    // What the vendor said counts, also where it could not be written down yet: how long to wait may stand in it.
    // The way out of an unknown outcome is a login in this same flight, if half of its time is left for that.
    const left = deadline - (yield* Ledger.uptime)
    if (memory.unknown !== begun.claim.id || left < policy.timeout / 2) return yield* failed(outcome.failure.reason)
    return undefined
  }, Effect.uninterruptible)

  /** Writes the intent down. Undefined: another process was first. */
  const begin = Effect.fnUntraced(function* ({ now, session, version }: Ledger.Row, step: Exchanging) {
    const kind = step._tag === "Login" ? "login" : "refresh"
    const claim: Session.Claim = { id: newId(), kind, credential: account.credential }
    const begun = Session.begin(
      session,
      claim,
      { deadline: now + policy.timeout + grace, again: step._tag === "Refresh" && step.again },
      step._tag === "Refresh" && step.from === "seed" ? account.seed : undefined
    )
    const readAt = yield* Clock.currentTimeMillis
    const isBegun = yield* Effect.onError(ledger.write(version, begun), () =>
      // Whether it was written is unknown; nothing is sent, so it is given back: tried once at once, or others take it
      // for sent, and owed from then on.
      Effect.ignore(ledger.pay((current) => Session.release(current, claim, "Kept"), -Infinity))
    )
    // Versions grow: whatever the store's next one was, at this one nobody else has written.
    return isBegun ? { claim, readAt, version: version + 1, session: begun } : undefined
  })

  const send = ({ claim, session }: Begun, timeout: number) => {
    // Until its outcome is known: if the exchange dies, this process need not wait for its own deadline.
    memory.unknown = claim.id
    const request = claim.kind === "login" ? issuer.login!.exchange : issuer.refresh(session.refreshToken!)
    const duration = Math.max(0, timeout)
    const bounded = Effect.timeoutOrElse(request, { duration, orElse: () => unreached("Unknown") })
    return Effect.result(Telemetry.exchange(issuer.vendor, claim.kind, bounded))
  }

  const commit = Effect.fnUntraced(function* (begun: Begun, given: Session.Given, settleBy: number) {
    const { claim } = begun
    memory.unknown = undefined
    const step: Ledger.Step = (session) => Session.commit(session, claim, given) ?? Session.settled(session, claim)
    const committed = yield* ledger.pay(step, settleBy, begun)
    const mayBeLost = issuer.refreshTokenUse === "once" && !account.store.isLasting
    if (claim.kind === "refresh" && mayBeLost && !warning.isGiven) {
      warning.isGiven = true
      yield* Telemetry.sessionDoesNotLast(issuer.vendor)
    }
    if (isUsable(yield* Clock.currentTimeMillis)(given.tokens)) return committed
    // It was committed all the same, or its refresh token were lost.
    return yield* failed(new AuthError.MalformedResponse({ paths: ["(a token rejected before, or dead on arrival)"] }))
  })

  const release = Effect.fnUntraced(function* (begun: Begun, failure: Issuer.ExchangeFailure, settleBy: number) {
    const { claim, session } = begun
    const { outcome, reason } = failure
    // What a token that may be used once was spent on stays written down; one that was presented again is not kept.
    const isSpent = outcome === "Unknown" || (outcome === "Answered" && session.intent?.again === true)
    if (isSpent && claim.kind === "refresh" && issuer.refreshTokenUse === "once") return
    memory.unknown = undefined
    if (outcome === "Refused" && claim.kind === "login") memory.refusal = reason
    const end = outcome === "NotSent" || outcome === "Answered" ? "Kept" : outcome
    yield* ledger.pay((current) => Session.release(current, claim, end), settleBy, begun)
  })

  const signOut = Effect.gen(function* () {
    const signedOut = yield* ledger.take((session) => Session.signOut(session, issuer.refreshTokenUse))
    memory.floor = signedOut!.generation
    ledger.owe(undefined)
    memory.refusal = undefined
    memory.unknown = undefined
  }).pipe(Effect.uninterruptible)

  const storeFailed = (reason: AuthError.StoreFailure) => Effect.fail(failed(reason))

  return {
    fly: (want) => Effect.catchTag(fly(want), "StoreFailure", storeFailed),
    look: Effect.catch(look, storeFailed),
    reject: (value) => void (memory.rejected ??= new Set()).add(Hash.hash(value)),
    signOut: Effect.catch(signOut, storeFailed)
  }
}

/** A text that a record keeps: as it is made it is a chain of pieces, which reading it makes one of 36 characters. */
const newId = (): string => {
  const id = crypto.randomUUID()
  id.charCodeAt(0)
  return id
}

/** An intent that is written down, and the record with it. */
interface Begun extends Ledger.Seen {
  readonly claim: Session.Claim
  readonly readAt: number
}

type Exchanging = Extract<Session.Step, { readonly _tag: "Login" | "Refresh" }>

const toGiven = (given: Issuer.TokenSet, sentAt: number): Session.Given => {
  const refreshEndsAt = given.refreshLife === undefined ? null : sentAt + given.refreshLife
  const expiresAt = given.accessLife === Infinity ? null : sentAt + given.accessLife
  const lives = { issuedAt: sentAt, expiresAt, refreshEndsAt }
  const dueAt = sentAt + RefreshPolicy.dueAfter(RefreshPolicy.nearerEnd(lives) - sentAt, { early: 0 })
  return {
    tokens: { access: given.accessToken, ...lives, details: given.details },
    refreshToken: given.refreshToken ?? null,
    dueAt: dueAt === Infinity ? null : dueAt
  }
}

/** An exchange that this process itself ended. */
const unreached = (outcome: "NotSent" | "Unknown") =>
  Effect.fail(new Issuer.ExchangeFailure({ outcome, reason: new AuthError.Unreachable({ outcome }) }))
