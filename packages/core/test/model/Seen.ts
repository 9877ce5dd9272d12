// What the invariants remember of each process and of each caller, and how a secret is found in what can be printed.
//
// Decided here: what is remembered. Not here: what must hold (`Invariants`).
import { inspect } from "node:util"
import type { Machine } from "./Time.ts"
import { canary, type Exchange } from "./Vendor.ts"

/** What is known of one process. `order` counts everything that happens. */
export interface Seen {
  readonly inFlight: Set<Exchange>
  /** The deadline of its last intent. */
  deadline: number
  /** When that was written. */
  begun: number
  /** Nobody had a session then, after a sign-out. */
  fromSignedOut: boolean
  /** The last caller that came for a token, and calls of the API under way, which may come for a second one. */
  called: number
  /** The first read of the record since then. */
  read: number
  calling: number
  /** Values rejected here, and when. */
  readonly rejected: Map<string, number>
  /** Its last sign-out, as it began and at the store. */
  attempt: number
  signOut: number
  /** Its last sign-out, as it knows of it. */
  signedOut: { readonly order: number; readonly generation: number }
  /** The password it was told is wrong. */
  refused: { readonly secret: string; readonly order: number } | undefined
  /** It failed for good. */
  final: string | undefined
  failure:
    | {
        readonly exchange: Exchange
        readonly order: number
        readonly wall: number
        readonly count: number
      }
    | undefined
  success: { readonly exchange: Exchange; readonly order: number } | undefined
  /** Something that allows one exchange sooner than the schedules say, and callers of `refresh` that wait. */
  excuse: number
  /** The last write of another process, and whether it may have brought a token to adopt: that ends a back-off. */
  foreign: number
  mayAdopt: boolean
  forcing: number
  /** The newest generation that was handed out, and when. */
  handed: { readonly generation: number; readonly order: number }
}

export interface Caller {
  readonly what: "token" | "refresh" | "api" | "signOut"
  readonly by: Machine
  readonly order: number
  readonly startedAt: number
  readonly frozen: number
  readonly offset: number
  isInterrupted: boolean
  isDone: boolean
}

export const unseen = (): Seen => ({
  inFlight: new Set(),
  deadline: 0,
  begun: 0,
  fromSignedOut: false,
  called: 0,
  read: 0,
  calling: 0,
  rejected: new Map(),
  attempt: 0,
  signOut: 0,
  signedOut: { order: 0, generation: 0 },
  refused: undefined,
  final: undefined,
  failure: undefined,
  success: undefined,
  excuse: 0,
  foreign: 0,
  mayAdopt: false,
  forcing: 0,
  handed: { generation: 0, order: 0 }
})

const shown = new Map<string, number>()

/** Whether a secret is in anything that can be printed of it. Looked at often, not always: printing is slow. */
export const showsSecret = (thing: unknown, kind: string): boolean => {
  const times = (shown.get(kind) ?? 0) + 1
  shown.set(kind, times)
  if (times > 3 && times % 100 > 0) return false
  const texts = [String(thing), JSON.stringify(thing), inspect(thing, { depth: 20, showHidden: true })]
  return texts.some((text) => text.includes(canary))
}
