// What a peer shows of itself, so that every measure treats all of them alike.
// Decided here: the parts that are measured, and what each is given. A part that a peer does not have is left out, and
// its table has no row of it. Not here: the peers, one file each, and the measures (`measured`).

/** What a token endpoint answers. */
export interface Answer {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
}

/** What every adapter is given. */
export interface Environment {
  readonly tokenUrl: string
  readonly apiUrl: string
  /** A token to start with, valid or expired already; without one it starts cold. */
  readonly seed: { readonly token: string; readonly expiresAt: number } | undefined
  /** The token request that a user writes where the peer does not bring one. */
  readonly requestToken: () => Promise<Answer>
  /** Safety window before expiry, the same for every cache written by hand. */
  readonly skewMs: number
}

/** Reads a cached token. */
export interface Reader {
  readonly get: () => Promise<unknown>
  /** A read that cannot wait. */
  readonly getSync?: () => unknown
  /** So many reads in one program, where that is how it is used. */
  readonly loop?: (times: number) => Promise<unknown>
  /** So many callers at once, where they are not promises. */
  readonly burst?: (callers: number) => Promise<unknown>
  readonly close?: () => unknown
}

/** The token of every constant header, as long as those that the server gives: each character costs a client time. */
export const constantToken = "static".padEnd(56, "x")

/** Calls an API with a constant header, and with a token; gives the status and reads the body to its end. */
export interface Client {
  readonly raw: (url: string) => Promise<number>
  readonly authed: (url: string) => Promise<number>
  readonly close?: () => unknown
}

/** When each of many accounts is refreshed, and with what. */
export interface Plan {
  /** The measure of CPU time: timers that are out of reach may be shortened. */
  readonly shorten: boolean
  readonly token: (index: number) => string
  readonly refresh: (index: number) => Promise<Answer>
  readonly firstDueMs: (index: number) => number
  readonly nextMs: number
}

/** Many accounts that are kept fresh. */
export interface Accounts {
  readonly accounts: { readonly size: number }
  readonly ready?: Promise<unknown>
  readonly stop: () => unknown
}

export type Start<A> = (environment: Environment) => Promise<A>
export type StartAccounts = (size: number, plan: Plan) => Accounts

/** One peer; the keys of its parts are the rows of the tables. */
export interface Peer {
  readonly id: string
  /** Measured by reads and by bursts. */
  readonly readers?: Record<string, Start<Reader>>
  /** Measured by reads only: they do not wait, or cannot expire. */
  readonly limits?: Record<string, Start<Reader>>
  /** Measured by calls and by storms of 401. */
  readonly clients?: Record<string, Start<Client>>
  /** The same code as one of `clients` until a 401 comes: measured by storms only. */
  readonly stormClients?: Record<string, Start<Client>>
  readonly accounts?: Record<string, StartAccounts>
  /** Least programs whose size and import are measured. */
  readonly entries?: Record<string, string>
  /** Schedules a refresh of a token that lives so long, and counts those it began. */
  readonly longLife?: Record<string, (life: { readonly ms: number; readonly count: () => void }) => unknown>
  /** Reads a token and returns: does the process end? */
  readonly exit?: Record<string, (environment: Environment) => unknown>
}
