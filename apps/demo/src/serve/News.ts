/**
 * What the server tells the page: the words that both of them use.
 *
 * Decided here: the shape of one piece of news. It holds moments, counts, names and a token's fingerprint, and there is
 * no field into which a token, a password or a vendor's own text could go. Not here: where it comes from (`Watch`), how
 * long it is kept (`History`), and how it looks (the page).
 */

/** Milliseconds since the epoch, by the server's clock. */
export type Moment = number

/** What can be wrong with a vendor. */
export type Kind = "outage" | "refused" | "unresolved" | "throttled" | "slow" | "rejected" | "malformed"

/** What a vendor suffers from, and what is being done about it. */
export interface Trouble {
  readonly kind: Kind
  /** What happened. Begins with the vendor's name. */
  readonly what: string
  /** What is being done about it, here or by a person. */
  readonly doing: string
  /** The button that is the cure, where a person has to act. */
  readonly cure: "signOut" | "signIn" | undefined
}

/** A token that was issued. */
export interface Token {
  readonly _tag: "Token"
  readonly generation: number
  /** The beginning of a digest: tells one token from another, and nothing of either. */
  readonly fingerprint: string
  readonly issuedAt: Moment
  /** Null for a token that never expires. */
  readonly expiresAt: Moment | null
  /** When it is due at the latest. Null for never. */
  readonly dueAt: Moment | null
}

/** Something that happened. */
export type Event =
  | Token
  | { readonly _tag: "State"; readonly state: State }
  /** A trouble began, became another one, or is over. */
  | { readonly _tag: "Trouble"; readonly kind: Kind | undefined }
  | Exchange
  /** API calls that met a 401 in one moment, and how many of them a new token healed. */
  | { readonly _tag: "Calls"; readonly rejected: number; readonly healed: number }
  /** What somebody at the page did. */
  | { readonly _tag: "Pressed"; readonly label: string }

/** An exchange that ended. */
export interface Exchange {
  readonly _tag: "Exchange"
  readonly kind: "login" | "refresh"
  readonly begunAt: Moment
  readonly outcome: "Issued" | "NotSent" | "Answered" | "Refused" | "Unknown" | "Died"
  /** The reason's name and status: "Unreachable 503". Empty where it was issued. */
  readonly reason: string
  /** Callers that waited for it. */
  readonly callers: number
}

/** An event, when it was and whose it is. */
export type Entry = Event & { readonly seq: number; readonly at: Moment; readonly vendor: string }

/** The states of `AuthStatus`. */
export type State = "SignedOut" | "Fresh" | "Due" | "Expired" | "BackingOff" | "Refused" | "Unresolved"

/** What an operator would watch. */
export interface Counters {
  readonly calls: number
  readonly exchanges: number
  readonly joined: number
  readonly healed: number
  readonly failures: number
}

/** How a vendor stands now. */
export interface Now {
  readonly id: string
  readonly state: State
  readonly since: Moment
  /** The token at hand. */
  readonly token: Token | undefined
  readonly retryAt: Moment | undefined
  /** The exchange that is on its way. */
  readonly flying: { readonly kind: "login" | "refresh"; readonly begunAt: Moment } | undefined
  readonly counters: Counters
  readonly trouble: (Trouble & { readonly since: Moment }) | undefined
  /** The switches that are on. */
  readonly on: ReadonlyArray<string>
}

/** A button. */
export interface Action {
  readonly id: string
  readonly label: string
  /** What will be seen. */
  readonly hint: string
  readonly group: "token" | "endpoint" | "account" | "callers"
  /** It stays on until it is pressed again. */
  readonly isSwitch: boolean
}

/** A vendor as the page introduces it. */
export interface Seat {
  readonly id: string
  readonly name: string
  /** What its account is, in a few words. */
  readonly account: string
  readonly actions: ReadonlyArray<Action>
  /** Why it is left out; then nothing is told of it. */
  readonly absence: string | undefined
}

/** One message to the page. */
export interface News {
  readonly at: Moment
  readonly mode: "simulated" | "live"
  /** There at first and after a gap: what the page knew before is void, and these are all entries that are kept. */
  readonly seats: ReadonlyArray<Seat> | undefined
  readonly entries: ReadonlyArray<Entry>
  readonly now: ReadonlyArray<Now>
}
