/**
 * The moments of many accounts in order: a binary heap in which each account stands once.
 *
 * Decided here: that an account knows its own place, so that its moment is moved where it stands and nothing stale is
 * left behind. Not here: who waits for the next moment, and what is done then (`Residents`).
 */

/** What stands on an agenda, with what the agenda keeps of it. */
export interface Entry {
  /** Milliseconds since the epoch; `Infinity` where it does not stand on the agenda. */
  at: number
  place: number
}

/** Entries by their moments. */
export interface Agenda<A extends Entry> {
  /** Moves an entry to a moment; `Infinity` takes it off. */
  readonly set: (entry: A, at: number) => void
  /** The nearest moment; `Infinity` for none. */
  readonly next: () => number
  /** Takes off the entry whose moment comes first, if it has come. */
  readonly take: (now: number) => A | undefined
}

/** An agenda with nothing on it. */
export const make = <A extends Entry>(): Agenda<A> => {
  const heap: Array<A> = []

  const put = (entry: A, place: number) => {
    heap[place] = entry
    entry.place = place
  }

  /** Finds the place of an entry from where a gap is. */
  const settle = (entry: A, gap: number) => {
    let place = gap
    while (place > 0) {
      const above = (place - 1) >> 1
      if (heap[above]!.at <= entry.at) break
      put(heap[above]!, place)
      place = above
    }
    while (2 * place + 1 < heap.length) {
      let below = 2 * place + 1
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++
      if (heap[below]!.at >= entry.at) break
      put(heap[below]!, place)
      place = below
    }
    put(entry, place)
  }

  const remove = (entry: A) => {
    const last = heap.pop()!
    if (last !== entry) settle(last, entry.place)
    entry.at = Infinity
  }

  return {
    set: (entry, at) => {
      if (at === entry.at) return
      if (at === Infinity) return remove(entry)
      const place = entry.at === Infinity ? heap.length : entry.place
      if (entry.at === Infinity) heap.push(entry)
      entry.at = at
      settle(entry, place)
    },
    next: () => heap[0]?.at ?? Infinity,
    take: (now) => {
      const entry = heap[0]
      if (entry === undefined || entry.at > now) return undefined
      remove(entry)
      return entry
    }
  }
}
