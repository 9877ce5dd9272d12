/**
 * One flight: from wanting a token to having one in the store, by the steps of `Session`.
 *
 * Decided here: the order of reading, writing down the intent, sending and committing; that nothing interrupts a flight
 * between "sent" and "stored"; that what could not be written is owed and written first next time; and its deadline.
 * Not here: when a flight starts and who waits for it (`TokenEngine`), and what a step may do (`Session`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as AuthError from "./AuthError.ts"
import * as Issuer from "./Issuer.ts"
import type { Resolved } from "./RefreshPolicy.ts"
import * as RefreshPolicy from "./RefreshPolicy.ts"
import * as Session from "./Session.ts"
import * as Telemetry from "./Telemetry.ts"
import type { TokenStore } from "./TokenStore.ts"

/** What stays the same for an account as long as its layer lives. */
export interface Account {
  readonly issuer: Issuer.Issuer
  readonly policy: Resolved
  readonly store: TokenStore["Service"]
  /** The store's key. */
  readonly key: string
  /** Fingerprint of the credentials, where there are any. */
  readonly credential: string | undefined
  /** The configured refresh token, where there is one. */
  readonly seed: { readonly fingerprint: string; readonly token: Redacted.Redacted<string> } | undefined
}

/** The flights of one account. One at a time is the caller's duty. */
export interface Flights {
  /** A session whose tokens are usable and newer than generation `after`. */
  readonly fly: (after: number) => Effect.Effect<Session.Session, AuthError.AuthError>
  /** This value was rejected by the API: it is never accepted again. */
  readonly reject: (value: Redacted.Redacted<string>) => void
  /** Forgets the session in the store. */
  readonly signOut: Effect.Effect<void, AuthError.AuthError>
}

/** Milliseconds between two looks at a record whose intent belongs to another process. */
const pollEvery = 100

/** Milliseconds that an intent outlives its flight, and that a call of the store may take. */
const grace = 5_000

/** The flights of an account that is nothing but a token that never expires: no request, and no way to another one. */
export const onlyToken = (vendor: string, token: Redacted.Redacted<string>): Flights => ({
  fly: (after) =>
    after > 0
      ? Effect.fail(new AuthError.AuthError({ vendor, reason: new AuthError.ReauthenticationRequired() }))
      : Effect.map(Clock.currentTimeMillis, (issuedAt) => ({
          ...Session.empty(vendor),
          generation: 1,
          tokens: { access: token, issuedAt, expiresAt: null, refreshEndsAt: null, details: null }
        })),
  reject: () => {},
  signOut: Effect.void
})

/** Makes the flights of an account. */
export const make = (account: Account): Flights => {
  const { issuer, policy, store } = account
  const fail = (reason: AuthError.Reason) => Effect.fail(new AuthError.AuthError({ vendor: issuer.vendor, reason }))

  /** An intent of ours whose request was sent and never answered. */
  let unknown: string | undefined
  /** A step that the store has not taken yet; idempotent. */
  let owed: ((session: Session.Session) => Session.Session | undefined) | undefined
  /** Generation of this process's last sign-out: nothing at or below it is adopted. */
  let floor = 0
  let rejected: Redacted.Redacted<string> | undefined
  let refusal: AuthError.Reason | undefined
  let hasWarned = issuer.refreshTokenUse === "many" || store.isLasting

  const inTime = <A>(effect: Effect.Effect<A, AuthError.StoreFailure>) =>
    Effect.timeoutOrElse(effect, {
      duration: grace,
      orElse: () => Effect.fail(new AuthError.StoreFailure({ problem: "Unavailable" }))
    })
  const read = Effect.map(inTime(store.read(account.key)), (row) => ({
    ...row,
    session: row.session ?? Session.empty(issuer.vendor)
  }))
  const write = (version: number, session: Session.Session) => inTime(store.write(account.key, version, session))

  /** Takes a step on the newest record, as often as it takes to win. Undefined: the step no longer applies. */
  const take = Effect.fnUntraced(function* (step: (session: Session.Session) => Session.Session | undefined) {
    while (true) {
      const row = yield* read
      const changed = step(row.session)
      if (changed === undefined || changed === row.session) return changed
      if (yield* write(row.version, changed)) return changed
    }
  })

  /** Takes a step that must not be lost: tried until the deadline, then owed to the next flight. */
  const pay = Effect.fnUntraced(function* (step: NonNullable<typeof owed>, deadline: number) {
    owed = step
    while (true) {
      const taken = yield* Effect.result(take(step))
      if (taken._tag === "Success") {
        owed = undefined
        return taken.success
      }
      if ((yield* Clock.currentTimeMillis) >= deadline) return yield* Effect.fail(taken.failure)
      yield* Effect.sleep(pollEvery)
    }
  })

  const isUsable = (now: number) => (tokens: Session.Tokens) =>
    (rejected === undefined || Redacted.value(rejected) !== Redacted.value(tokens.access)) &&
    (tokens.expiresAt === null ||
      now < tokens.issuedAt + RefreshPolicy.expiredAfter(tokens.expiresAt - tokens.issuedAt, policy.minimumLifetime))

  /** One exchange, from its intent to its end in the store. True: look at the record again. */
  const exchange = Effect.fnUntraced(function* (
    row: { readonly version: number; readonly session: Session.Session; readonly now: number },
    step: Extract<Session.Step, { readonly _tag: "Login" | "Refresh" }>,
    deadline: number
  ): Effect.fn.Return<boolean, AuthError.AuthError | AuthError.StoreFailure> {
    const kind = step._tag === "Login" ? "login" : "refresh"
    const claim: Session.Claim = { id: crypto.randomUUID(), kind, credential: account.credential }
    const begun = Session.begin(
      row.session,
      claim,
      { deadline: row.now + policy.timeout + grace, again: step._tag === "Refresh" && step.again },
      step._tag === "Refresh" && step.from === "seed" ? account.seed : undefined
    )
    const release = (outcome: "Kept" | "Refused" | "Unknown") => (session: Session.Session) =>
      Session.release(session, claim, outcome)

    const readAt = yield* Clock.currentTimeMillis
    const isBegun = yield* Effect.onError(write(row.version, begun), () => {
      // Whether it was written is unknown; nothing is sent, so it is given back.
      owed = release("Kept")
      return Effect.void
    })
    if (!isBegun) return true
    unknown = undefined

    const sentAt = yield* Clock.currentTimeMillis
    const request = step._tag === "Login" ? issuer.login!.exchange : issuer.refresh(begun.refreshToken!)
    const outcome = yield* Effect.result(
      // A process that slept through its intent's grace must not send: another one may have taken over.
      sentAt - readAt >= grace
        ? notSent
        : Telemetry.exchange(
            issuer.vendor,
            kind,
            Effect.timeoutOrElse(request, { duration: Math.max(0, deadline - sentAt), orElse: () => unanswered })
          )
    )
    const settleBy = Math.max(deadline, (yield* Clock.currentTimeMillis) + grace)

    if (outcome._tag === "Success") {
      const given = toSession(outcome.success, sentAt)
      yield* pay((session) => Session.commit(session, claim, given) ?? fencedOut(session, claim), settleBy)
      if (kind === "refresh" && !hasWarned) {
        hasWarned = true
        yield* Telemetry.sessionDoesNotLast(issuer.vendor)
      }
      if (isUsable(yield* Clock.currentTimeMillis)(given.tokens)) return true
      // Committed, or its refresh token were lost; but the API rejected this very value, or it died on its way.
      return yield* fail(
        new AuthError.MalformedResponse({ paths: ["access token (rejected before, or too short-lived)"] })
      )
    }

    const failure = outcome.failure
    switch (failure.outcome) {
      case "Refused":
        if (kind === "login") refusal = failure.reason
        yield* pay(release("Refused"), settleBy)
        return true
      case "NotSent":
      case "Answered":
        yield* pay(release("Kept"), settleBy)
        return yield* fail(failure.reason)
      case "Unknown": {
        if (kind === "login" || issuer.refreshTokenUse === "many") {
          yield* pay(release("Unknown"), settleBy)
          return yield* fail(failure.reason)
        }
        unknown = claim.id
        // The way out is a login in this same flight, if half of its time is left for that.
        return deadline - (yield* Clock.currentTimeMillis) < policy.timeout / 2 ? yield* fail(failure.reason) : true
      }
    }
  }, Effect.uninterruptible)

  const fly = Effect.fnUntraced(function* (
    after: number
  ): Effect.fn.Return<Session.Session, AuthError.AuthError | AuthError.StoreFailure> {
    const deadline = (yield* Clock.currentTimeMillis) + policy.timeout
    let signedOut: number | undefined
    if (owed !== undefined) yield* Effect.uninterruptible(pay(owed, deadline))
    while (true) {
      const row = yield* read
      const now = yield* Clock.currentTimeMillis
      signedOut ??= row.session.signedOut
      const step = Session.next(row.session, {
        storeNow: row.now,
        after: Math.max(after, floor),
        isUsable: isUsable(now),
        signedOut,
        credential: account.credential,
        seed: account.seed?.fingerprint,
        refreshTokenUse: issuer.refreshTokenUse,
        onUnresolved: policy.onUnresolved,
        unknown
      })
      switch (step._tag) {
        case "Adopt":
          return row.session
        case "Stop":
          return yield* fail(why(step.why))
        case "Wait":
          if (now >= deadline) return yield* fail(new AuthError.Unreachable({ outcome: "NotSent" }))
          yield* Effect.sleep(pollEvery)
          break
        default:
          yield* exchange(row, step, deadline)
      }
    }
  })

  const why = (stop: Extract<Session.Step, { readonly _tag: "Stop" }>["why"]): AuthError.Reason => {
    switch (stop) {
      case "SignedOut":
      case "NoCredentials":
        return new AuthError.ReauthenticationRequired()
      case "Refused":
        return refusal ?? new AuthError.InvalidCredentials({})
      case "LoginsOpen":
        return new AuthError.Unreachable({ outcome: "Unknown" })
      case "Unresolved":
        return new AuthError.UnresolvedExchange()
    }
  }

  const storeFailure = (error: AuthError.AuthError | AuthError.StoreFailure) =>
    error._tag === "AuthError" ? Effect.fail(error) : fail(error)

  return {
    fly: (after) => Effect.catch(fly(after), storeFailure),
    reject: (value) => {
      rejected = value
    },
    signOut: Effect.gen(function* () {
      const signedOut = yield* take((session) => Session.signOut(session, issuer.refreshTokenUse))
      floor = signedOut!.generation
      owed = undefined
      refusal = undefined
      unknown = undefined
    }).pipe(Effect.uninterruptible, Effect.catch(storeFailure))
  }
}

/** The record of a login that was overtaken: only its outcome is written down. A refresh leaves no trace. */
const fencedOut = (session: Session.Session, claim: Session.Claim): Session.Session =>
  claim.kind === "login" ? Session.settled(session, claim) : session

const toSession = (given: Issuer.TokenSet, sentAt: number): Parameters<typeof Session.commit>[2] => {
  const refreshEndsAt = given.refreshLife === undefined ? null : sentAt + given.refreshLife
  const expiresAt = given.accessLife === Infinity ? null : sentAt + given.accessLife
  const nearerEnd = Math.min(expiresAt ?? Infinity, refreshEndsAt ?? Infinity)
  return {
    tokens: { access: given.accessToken, issuedAt: sentAt, expiresAt, refreshEndsAt, details: given.details },
    refreshToken: given.refreshToken ?? null,
    dueAt: nearerEnd === Infinity ? null : sentAt + RefreshPolicy.dueAfter(nearerEnd - sentAt, { early: 0 })
  }
}

const notSent = Effect.fail(
  new Issuer.ExchangeFailure({ outcome: "NotSent", reason: new AuthError.Unreachable({ outcome: "NotSent" }) })
)

const unanswered = Effect.fail(
  new Issuer.ExchangeFailure({ outcome: "Unknown", reason: new AuthError.Unreachable({ outcome: "Unknown" }) })
)
