// What a run consists of: which peers, how many rounds, and in which order cases come.
// Decided here: a round visits every case once and its order rotates from round to round, so that slow drift of the
// machine meets all of them alike; cases that a goal compares are in every round, others in the first ones. Not here:
// how one case is measured.
import { load, names } from "../peers/index.ts"
import type { Peer } from "../peers/Peer.ts"

/** One row of a table. */
export interface Case {
  readonly peer: string
  readonly name: string
}

export interface Plan {
  readonly isQuick: boolean
  readonly rounds: number
  readonly peers: ReadonlyArray<readonly [name: string, peer: Peer]>
  readonly tell: (line: string) => void
}

/** The floor, the peers that are best at something, and ours. */
const few = ["floor", "smithy", "simple-oauth2", "badgateway", "effect", "vendor-auth"]

export const make = async (options: {
  readonly isQuick: boolean
  readonly rounds: number | undefined
  readonly peers: ReadonlyArray<string> | undefined
  readonly tell: (line: string) => void
}): Promise<Plan> => {
  // Every ratio needs the floor, and the limits that Effect has.
  const wanted = options.peers === undefined ? (options.isQuick ? few : names) : ["floor", "effect", ...options.peers]
  const chosen = names.filter((name) => wanted.includes(name))
  return {
    isQuick: options.isQuick,
    rounds: options.rounds ?? (options.isQuick ? 1 : 3),
    peers: await Promise.all(chosen.map(async (name) => [name, await load(name)] as const)),
    tell: options.tell
  }
}

type Part = Exclude<keyof Peer, "id">

/** Every case that the peers have of some parts; in a quick run only those that a goal compares. */
export const cases = (
  { isQuick, peers }: Plan,
  parts: ReadonlyArray<Part>,
  options: { readonly focus: RegExp }
): ReadonlyArray<Case> =>
  peers
    .flatMap(([peer, has]) =>
      parts.flatMap((part) => Object.keys(has[part] ?? {}).map((name): Case => ({ peer, name })))
    )
    .filter(({ name }) => !isQuick || options.focus.test(name))

const rotate = <A>(all: ReadonlyArray<A>, by: number) => [
  ...all.slice(by % all.length),
  ...all.slice(0, by % all.length)
]

/** Visits cases round by round; of others than `focus` there is one round, or so many as are said. */
export const inRounds = async <A extends Case>(
  { rounds, tell }: Plan,
  all: ReadonlyArray<A>,
  options: { readonly focus: RegExp; readonly rounds?: number; readonly others?: number },
  visit: (one: A, round: number) => Promise<void>
): Promise<void> => {
  const most = Math.min(rounds, options.rounds ?? rounds)
  for (let round = 0; round < most; round++) {
    const visited = round < (options.others ?? 1) ? all : all.filter(({ name }) => options.focus.test(name))
    for (const one of rotate(visited, round * 7)) await visit(one, round)
    tell(`  round ${round + 1} of ${most}`)
  }
}
