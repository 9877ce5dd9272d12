/**
 * What the page knows: the last news, and the entries of the time that it shows.
 *
 * Decided here: that entries are bounded, by age and by number, and how the server's clock is read on this machine's.
 * Not here: what any of it looks like (`Card`, `Timeline`).
 *
 * @import { Entry, News, Now, Seat, Token } from "../src/serve/News.ts"
 */

/** Milliseconds of the past that are kept: a little more than the widest timeline shows. */
export const longest = 130_000

/** Entries of one vendor that are kept. */
export const most = 800

/**
 * @typedef {object} Known
 * @property {News["mode"]} mode
 * @property {ReadonlyArray<Seat>} seats
 * @property {ReadonlyMap<string, Now>} now
 * @property {ReadonlyMap<string, ReadonlyArray<Entry>>} entries
 * @property {number} offset what the server's clock is ahead of this page's
 * @property {boolean} isConnected
 */

/** Before the first news. @type {Known} */
export const nothing = {
  mode: "simulated",
  seats: [],
  now: new Map(),
  entries: new Map(),
  offset: 0,
  isConnected: false
}

/**
 * Takes in what was told at this moment of the page's own clock.
 *
 * @param {Known} known
 * @param {News} news
 * @param {number} clock
 * @returns {Known}
 */
export const take = (known, news, clock) => {
  const seats = news.seats ?? known.seats
  const isAnew = news.seats !== undefined
  const entries = new Map(
    seats.map(({ id }) => {
      const before = isAnew ? [] : (known.entries.get(id) ?? [])
      const told = news.entries.filter(({ vendor }) => vendor === id)
      return [id, [...before, ...told].filter(({ at }) => at >= news.at - longest).slice(-most)]
    })
  )
  return {
    mode: news.mode,
    seats,
    now: new Map(news.now.map((now) => [now.id, now])),
    entries,
    offset: news.at - clock,
    isConnected: true
  }
}

/**
 * The lives of a vendor's tokens, oldest first: each until the next one took its place, or until it was dropped.
 *
 * @param {ReadonlyArray<Entry>} entries
 * @param {Token | undefined} held the token at hand, whose beginning may be older than all entries
 * @returns {ReadonlyArray<Life>}
 *
 * @typedef {object} Life
 * @property {Token} token
 * @property {number | undefined} dueAt when it was seen due, else when it is due at the latest
 * @property {number | undefined} until undefined while it is at hand
 */
export const lives = (entries, held) => {
  /** @type {Array<{ token: Token, dueAt: number | undefined, until: number | undefined }>} */
  const found = []
  const begins = entries.some((entry) => entry._tag === "Token" && entry.generation === held?.generation)
  if (held !== undefined && !begins) found.push({ token: held, dueAt: held.dueAt ?? undefined, until: undefined })
  for (const entry of entries) {
    const last = found.at(-1)
    if (entry._tag === "Token") {
      if (last !== undefined) last.until ??= entry.at
      found.push({ token: entry, dueAt: entry.dueAt ?? undefined, until: undefined })
    } else if (entry._tag === "State" && last !== undefined && last.until === undefined) {
      if (entry.state === "Due") last.dueAt = Math.min(last.dueAt ?? Infinity, entry.at)
      else if (entry.state !== "Fresh" && entry.state !== "Unresolved") last.until = entry.at
    }
  }
  return found
}

/**
 * The times of trouble, oldest first.
 *
 * @param {ReadonlyArray<Entry>} entries
 * @param {Now["trouble"]} trouble the one that lasts, whose beginning may be older than all entries
 * @returns {ReadonlyArray<{ readonly kind: string, readonly from: number, readonly until: number | undefined }>}
 */
export const troubles = (entries, trouble) => {
  /** @type {Array<{ kind: string, from: number, until: number | undefined }>} */
  const found = []
  for (const entry of entries) {
    if (entry._tag !== "Trouble") continue
    const last = found.at(-1)
    if (last !== undefined) last.until ??= entry.at
    if (entry.kind !== undefined) found.push({ kind: entry.kind, from: entry.at, until: undefined })
  }
  const isTold = found.some(({ until }) => until === undefined)
  return trouble !== undefined && !isTold ? [{ kind: trouble.kind, from: trouble.since, until: undefined }] : found
}
