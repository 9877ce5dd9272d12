/**
 * The stored record of one account, and the protocol by which many processes share it: pure steps on that record.
 *
 * Each step is one compare-and-set of the whole record in a `TokenStore`; the version that every write moves belongs to
 * the store. Before an irreversible exchange its intent is written down; only the intent's owner presents the refresh
 * token; the result is committed before any caller sees it; another process takes over only after the deadline, and
 * never with an old token that may be used once. A sign-out leaves a tombstone, so versions and generations never
 * restart. Not here: who runs the steps and sends the request (`Flight`), and where records live (`TokenStore`).
 */
import * as Schema from "effect/Schema"

/** The tokens of a session as they were issued. Instants are milliseconds since the epoch. */
export const Tokens = Schema.Struct({
  access: Schema.Redacted(Schema.String),
  issuedAt: Schema.Finite,
  /** Null for a token that never expires. */
  expiresAt: Schema.NullOr(Schema.Finite),
  /** When the refresh token dies, where it can be known. */
  refreshEndsAt: Schema.NullOr(Schema.Finite),
  /** What else the vendor said of the session. */
  details: Schema.Json
})

/** What is known of one version of an account's credentials: the latch against trying a wrong password again. */
export const Latch = Schema.Struct({
  refused: Schema.Boolean,
  /** It has logged in through this store before. */
  proven: Schema.Boolean,
  /** Logins begun whose outcome is not written down, with their deadlines. */
  open: Schema.Array(Schema.Struct({ id: Schema.String, deadline: Schema.Finite }))
})

/**
 * The record. `Schema.toCodecJson` of it gives plain JSON; secrets are `Redacted` here and clear there, so a store that
 * writes it to a disk seals it.
 */
export const Session = Schema.Struct({
  vendor: Schema.String,
  /** Grows with each committed set of tokens and with each sign-out. */
  generation: Schema.Int,
  tokens: Schema.NullOr(Tokens),
  refreshToken: Schema.NullOr(Schema.Redacted(Schema.String)),
  /** Fingerprints of the configured refresh tokens that sessions of this account began with, the newest last. */
  seeds: Schema.Array(Schema.String),
  intent: Schema.NullOr(
    Schema.Struct({
      id: Schema.String,
      kind: Schema.Literals(["login", "refresh"]),
      /** By the store's clock. */
      deadline: Schema.Finite,
      /** It presents a refresh token that may be used once for the second time, as `presentAgain` allows. */
      again: Schema.Boolean
    })
  ),
  /** The intent that was committed last. */
  lastIntent: Schema.NullOr(Schema.String),
  /** Generation of the last sign-out. */
  signedOut: Schema.Int,
  /** By fingerprint of the credentials. */
  latches: Schema.Record(Schema.String, Latch),
  /** When background work should refresh it; null for never. */
  dueAt: Schema.NullOr(Schema.Finite)
})

export type Tokens = (typeof Tokens)["Type"]
export type Latch = (typeof Latch)["Type"]
export type Session = (typeof Session)["Type"]

/** The record of an account that was never seen. */
export const empty = (vendor: string): Session => ({
  vendor,
  generation: 0,
  tokens: null,
  refreshToken: null,
  seeds: [],
  intent: null,
  lastIntent: null,
  signedOut: 0,
  latches: {},
  dueAt: null
})

/** What a process brings to the record when it wants a token. */
export interface View {
  /** The store's clock. */
  readonly storeNow: number
  /** Only tokens of a later generation will do: what it holds, what the API rejected, what it signed out. */
  readonly after: number
  /** Whether these tokens have enough life left to be handed out. */
  readonly isUsable: (tokens: Tokens) => boolean
  /** `signedOut` at this flight's first read: a sign-out since then ends it. */
  readonly signedOut: number
  /** Fingerprint of the credentials at hand. */
  readonly credential: string | undefined
  /** Fingerprint of the configured refresh token. */
  readonly seed: string | undefined
  readonly refreshTokenUse: "once" | "many"
  readonly onUnresolved: "report" | "presentAgain"
  /** Nobody waits: the schedule, or a read that was answered already. It never logs in where somebody signed out. */
  readonly isBackground: boolean
  /** An intent of this process whose outcome it knows to be unknown: it need not wait for that deadline. */
  readonly unknown: string | undefined
}

/** What to do next. */
export type Step =
  | { readonly _tag: "Adopt" }
  | { readonly _tag: "Wait" }
  | { readonly _tag: "Login" }
  | { readonly _tag: "Refresh"; readonly from: "session" | "seed"; readonly again: boolean }
  | { readonly _tag: "Stop"; readonly why: "SignedOut" | "NoCredentials" | "Refused" | "LoginsOpen" | "Unresolved" }

/** Logins of one unproven credential that may be open at once, in all processes together. */
const openLogins = 2

/** Milliseconds that an intent may have left; a deadline that seems further was set by a clock that was wrong. */
const longestIntent = 3_600_000

/** So many are remembered, so that an old replica in a rolling deploy does not present its spent one again. */
const rememberedSeeds = 32

/** Milliseconds after which one more login may be tried when all of them stayed open. */
const blockedFor = 5 * 60_000

/** Reads the record: a fresh token is adopted before an intent, a latch or a sign-out is looked at. */
export const next = (session: Session, view: View): Step => {
  if (isAdoptable(session, view)) return { _tag: "Adopt" }
  const { intent } = session
  if (session.signedOut > view.signedOut) return { _tag: "Stop", why: "SignedOut" }
  const left = (intent?.deadline ?? 0) - view.storeNow
  if (intent !== null && intent.id !== view.unknown && left > 0 && left <= longestIntent) return { _tag: "Wait" }
  const isSignedOut = session.signedOut > 0 && session.signedOut === session.generation
  if (view.isBackground && isSignedOut) return { _tag: "Stop", why: "SignedOut" }
  if (isNewSeed(session, view)) return { _tag: "Refresh", from: "seed", again: false }

  const spent = intent?.kind === "refresh" && view.refreshTokenUse === "once"
  if (session.refreshToken !== null && !spent) return { _tag: "Refresh", from: "session", again: false }
  if (view.credential !== undefined) return login(session.latches[view.credential], view.storeNow)
  if (spent) {
    return session.refreshToken !== null && view.onUnresolved === "presentAgain" && !intent.again
      ? { _tag: "Refresh", from: "session", again: true }
      : { _tag: "Stop", why: "Unresolved" }
  }
  return { _tag: "Stop", why: "NoCredentials" }
}

/** Whether the record's tokens will do as they are. */
export const isAdoptable = (session: Session, view: Pick<View, "after" | "isUsable" | "seed">): boolean =>
  session.tokens !== null &&
  session.generation > view.after &&
  view.isUsable(session.tokens) &&
  !isNewSeed(session, view)

/** Whether the configured refresh token has begun no session yet. */
const isNewSeed = (session: Session, { seed }: Pick<View, "seed">): boolean =>
  seed !== undefined && !session.seeds.includes(seed)

const login = (latch: Latch | undefined, storeNow: number): Step => {
  if (latch === undefined) return { _tag: "Login" }
  if (latch.refused) return { _tag: "Stop", why: "Refused" }
  const isFull = !latch.proven && latch.open.length >= openLogins
  const reopensAt = Math.max(...latch.open.map(({ deadline }) => deadline)) + blockedFor
  return isFull && storeNow < reopensAt ? { _tag: "Stop", why: "LoginsOpen" } : { _tag: "Login" }
}

/** Names one exchange from the intent to its end. */
export interface Claim {
  /** The intent's: a new one for each exchange. */
  readonly id: string
  readonly kind: "login" | "refresh"
  /** Fingerprint of the credentials that a login sends. */
  readonly credential: string | undefined
}

/** Writes the intent down, before the request is sent. A login gives up the refresh token in the same write. */
export const begin = (
  session: Session,
  claim: Claim,
  intent: { readonly deadline: number; readonly again?: boolean },
  seed?: { readonly fingerprint: string; readonly token: Session["refreshToken"] }
): Session => ({
  ...session,
  ...(seed && {
    tokens: null,
    refreshToken: seed.token,
    seeds: [...session.seeds, seed.fingerprint].slice(-rememberedSeeds)
  }),
  ...(claim.kind === "login" && { refreshToken: null }),
  intent: { id: claim.id, kind: claim.kind, deadline: intent.deadline, again: intent.again ?? false },
  // Nobody else need look after the account before this exchange has ended, or its process.
  dueAt: session.dueAt === null ? null : Math.max(session.dueAt, intent.deadline),
  latches: settle(session, claim, (latch) => ({
    ...latch,
    open: [...latch.open, { id: claim.id, deadline: intent.deadline }].slice(-openLogins)
  }))
})

/** What an exchange gave, as the record keeps it. */
export interface Given {
  readonly tokens: Tokens
  /** Null: the answer carried none, and the one that was presented is kept. */
  readonly refreshToken: Session["refreshToken"]
  readonly dueAt: number | null
}

/**
 * Stores what the vendor gave. Undefined: somebody recovered the account meanwhile, what the vendor gave is dropped,
 * and only the outcome of a login is written down (`settled`). Idempotent by the claim's id.
 */
export const commit = (session: Session, claim: Claim, given: Given): Session | undefined => {
  if (session.lastIntent === claim.id) return session
  if (session.intent?.id !== claim.id) return undefined
  return {
    ...session,
    generation: session.generation + 1,
    tokens: given.tokens,
    refreshToken: given.refreshToken ?? session.refreshToken,
    intent: null,
    lastIntent: claim.id,
    latches: settle(session, claim, (latch) => ({ refused: false, proven: true, open: without(latch, claim) })),
    dueAt: given.dueAt
  }
}

/**
 * The record after a login that succeeded but was overtaken: it is no longer open. What a later login was told since
 * stands.
 */
export const settled = (session: Session, claim: Claim): Session =>
  claim.kind === "refresh"
    ? session
    : {
        ...session,
        latches: settle(session, claim, (latch) => ({ ...latch, proven: true, open: without(latch, claim) }))
      }

/**
 * Ends an exchange that gave nothing; the same record if that is written down already. `Kept`: it was not carried out.
 * `Refused`: the vendor said no. `Unknown`: it may
 * have been carried out; only for a login or a refresh token that may be used many times, and a login stays open in its
 * latch. The intent is cleared only if it is still the claim's own.
 */
export const release = (session: Session, claim: Claim, outcome: "Kept" | "Refused" | "Unknown"): Session => {
  const isOwn = session.intent?.id === claim.id
  const isOpen = Object.values(session.latches).some(({ open }) => open.some(({ id }) => id === claim.id))
  if (!isOwn && !isOpen) return session
  return {
    ...session,
    intent: isOwn ? remains(session.intent, outcome) : session.intent,
    refreshToken: isOwn && claim.kind === "refresh" && outcome === "Refused" ? null : session.refreshToken,
    dueAt: isOwn && outcome === "Refused" ? null : session.dueAt,
    latches:
      outcome === "Unknown"
        ? session.latches
        : settle(session, claim, (latch) => ({
            ...latch,
            refused: latch.refused || (outcome === "Refused" && latch.open.some(({ id }) => id === claim.id)),
            open: without(latch, claim)
          }))
  }
}

/** A token that was spent on an unknown outcome stays spent if presenting it once more was not even sent. */
const remains = (intent: Session["intent"], outcome: "Kept" | "Refused" | "Unknown"): Session["intent"] =>
  intent?.again === true && outcome === "Kept" ? { ...intent, again: false, deadline: 0 } : null

/**
 * Forgets the session and every latch: one unconditional write that waits for nothing. A configured refresh token that
 * may be used once stays spent; one that may be used many times is at hand again.
 */
export const signOut = (session: Session, refreshTokenUse: "once" | "many"): Session => ({
  ...empty(session.vendor),
  seeds: refreshTokenUse === "once" ? session.seeds : [],
  generation: session.generation + 1,
  signedOut: session.generation + 1
})

const settle = (session: Session, claim: Claim, change: (latch: Latch) => Latch): Session["latches"] =>
  claim.kind === "refresh" || claim.credential === undefined
    ? session.latches
    : {
        ...session.latches,
        [claim.credential]: change(session.latches[claim.credential] ?? { refused: false, proven: false, open: [] })
      }

const without = (latch: Latch, claim: Claim): Latch["open"] => latch.open.filter(({ id }) => id !== claim.id)
