/**
 * The last minutes of what happened, for whoever opens the page and whoever comes back to it.
 *
 * Decided here: that it is bounded, by age and by number, and that a reader asks for what is after the last entry he
 * has: a slow one misses entries and is given all that are kept, and nothing queues up for him. Not here: what an entry
 * is (`News`).
 */
import type { Entry, Event, Moment } from "./News.ts"

/** Milliseconds that an entry is kept. */
export const longest = 150_000

/** Entries that are kept, of all vendors together. */
export const most = 3_000

/** What is kept. */
export interface History {
  readonly add: (vendor: string, at: Moment, event: Event) => void
  /** The number of the last entry; 0 before the first. */
  readonly last: () => number
  /** The entries after this one, or undefined if some of them are gone. */
  readonly after: (seq: number) => ReadonlyArray<Entry> | undefined
  readonly all: () => ReadonlyArray<Entry>
}

/** An empty history. */
export const make = (bounds: { readonly longest: number; readonly most: number } = { longest, most }): History => {
  let entries: Array<Entry> = []
  let last = 0
  let dropped = 0
  return {
    add(vendor, at, event) {
      entries.push({ ...event, seq: ++last, at, vendor })
      const excess = entries.length - bounds.most
      const young = entries.findIndex((entry) => entry.at >= at - bounds.longest)
      const first = Math.max(excess, young, 0)
      if (first > 0) {
        dropped = entries[first - 1]!.seq
        entries = entries.slice(first)
      }
    },
    last: () => last,
    after: (seq) => (seq < dropped || seq > last ? undefined : entries.filter((entry) => entry.seq > seq)),
    all: () => entries
  }
}
