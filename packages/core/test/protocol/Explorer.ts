// Walks all states that a system can reach, breadth first, and finds the shortest way to one that must not be.
//
// Decided here: how states are told apart and remembered, what a story is, and what it means that a system never gets
// stuck: without further faults no way of going on leads in a circle, and none ends before everything is done, whoever
// goes first. Not here: what the states and moves are (`Flights`, `World`), and what must not be (they say so).

/**
 * One move. `step` and `time` come sooner or later; `chance` may never come; a `fault` is paid from a budget. `broken`
 * names the promise that this move breaks.
 */
export interface Move<S> {
  readonly kind: "step" | "time" | "chance" | "fault"
  readonly label: string
  readonly to: S
  readonly broken?: string | undefined
}

export interface System<S> {
  readonly start: S
  readonly moves: (state: S) => ReadonlyArray<Move<S>>
  /** The same for two states that nothing can tell apart from now on. */
  readonly key: (state: S) => string
  /** Nobody waits for anything. */
  readonly isDone: (state: S) => boolean
}

export interface Walk {
  readonly states: number
  readonly moves: number
  readonly depth: number
  readonly broken: { readonly promise: string; readonly story: ReadonlyArray<string> } | undefined
}

/** The promise that every explored system gives. */
export const answered = "P6 every caller is answered, whoever goes first"

/**
 * Walks. Stops at the first broken promise, or the first that begins with `only`, and fails rather than give up at more
 * states than `most`.
 */
export const explore = <S>(
  system: System<S>,
  { most = 5_000_000, only = "" }: { readonly most?: number; readonly only?: string } = {}
): Walk => {
  const index = new Map<number, number>([[print(system.key(system.start)), 0]])
  /** By state: where it was reached from, and by the how manieth move. */
  const parents: Array<number> = [-1]
  const ways: Array<number> = [-1]
  /** Pairs of states: what comes after what without a fault. */
  const edges: Array<number> = []
  let [moves, depth] = [0, 0]
  let level: Array<readonly [at: number, state: S]> = [[0, system.start]]

  const told = (promise: string, at: number, last: ReadonlyArray<string> = []): Walk => ({
    states: index.size,
    moves,
    depth,
    broken: { promise, story: [...retell(system, trace(parents, ways, at)), ...last] }
  })

  while (level.length > 0) {
    const deeper: typeof level = []
    for (const [at, state] of level) {
      let goesOn = false
      for (const [way, { broken, kind, label, to }] of system.moves(state).entries()) {
        if (broken?.startsWith(only)) return told(broken, at, [label])
        const key = print(system.key(to))
        let next = index.get(key)
        if (next === at) continue
        moves++
        goesOn ||= kind === "step" || kind === "time"
        if (next === undefined) {
          next = index.size
          if (next >= most) throw new Error(`more than ${most} states`)
          index.set(key, next)
          parents.push(at)
          ways.push(way)
          deeper.push([next, to])
        }
        if (kind !== "fault") edges.push(at, next)
      }
      if (!goesOn && answered.startsWith(only) && !system.isDone(state))
        return told(answered, at, ["and nothing more can happen"])
    }
    level = deeper
    if (level.length > 0) depth++
  }
  const circle = answered.startsWith(only) ? onCircle(index.size, edges) : undefined
  return circle === undefined
    ? { states: index.size, moves, depth, broken: undefined }
    : told(answered, circle, ["and from here it can go round for ever"])
}

/** 53 bits of a key: two of ten million states share theirs with a probability below one in a hundred. */
const print = (key: string): number => {
  let [high, low] = [0x811c9dc5, 0x9747b28c]
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x5bd1e995) ^ (low >>> 15)
  }
  return (high >>> 0) * 0x200000 + ((low ^ (low >>> 13)) & 0x1fffff)
}

/** The moves that lead to a state. */
const trace = (parents: ReadonlyArray<number>, ways: ReadonlyArray<number>, at: number): Array<number> => {
  const path = []
  for (let to = at; to > 0; to = parents[to]!) path.push(ways[to]!)
  return path.toReversed()
}

const retell = <S>(system: System<S>, path: ReadonlyArray<number>): ReadonlyArray<string> => {
  let state = system.start
  return path.map((way) => {
    const move = system.moves(state)[way]!
    state = move.to
    return move.label
  })
}

/** A state that can be come back to without a fault: the first one left when what nothing leads to is taken away. */
const onCircle = (size: number, edges: ReadonlyArray<number>): number | undefined => {
  const incoming = new Int32Array(size)
  const outgoing = new Int32Array(size + 1)
  for (let at = 0; at < edges.length; at += 2) {
    outgoing[edges[at]! + 1]!++
    incoming[edges[at + 1]!]!++
  }
  for (let at = 0; at < size; at++) outgoing[at + 1]! += outgoing[at]!
  const targets = new Int32Array(edges.length / 2)
  const filled = outgoing.slice()
  for (let at = 0; at < edges.length; at += 2) targets[filled[edges[at]!]!++] = edges[at + 1]!
  const free: Array<number> = []
  for (let at = 0; at < size; at++) if (incoming[at] === 0) free.push(at)
  for (let at = free.pop(); at !== undefined; at = free.pop()) {
    for (let edge = outgoing[at]!; edge < outgoing[at + 1]!; edge++) {
      if (--incoming[targets[edge]!]! === 0) free.push(targets[edge]!)
    }
  }
  const left = incoming.findIndex((count) => count > 0)
  return left < 0 ? undefined : left
}
