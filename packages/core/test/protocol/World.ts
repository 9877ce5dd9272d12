// What happens to processes that share an account: calls and time, and every fault there is, from a budget.
//
// Decided here: which faults there are, that a deadline passes for nothing once nobody works on its intent, and the
// worlds that are walked, each as it begins. Not here: what a flight does next (`Flights`), and how states are walked
// (`Explorer`). A fault may come at any moment: a crash between any two steps, a pause before any of them.
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Session from "../../src/Session.ts"
import * as TokenLifecycle from "../../src/TokenLifecycle.ts"
import type { Move, System } from "./Explorer.ts"
import * as Flights from "./Flights.ts"
import * as Issuing from "./Issuing.ts"
import type { Call, Flight, Process, State } from "./State.ts"
import { grantOf, isExchanging, keyOf, secretOf } from "./State.ts"

/** A world as it begins. */
export interface World extends Partial<Flights.Terms> {
  readonly calls: ReadonlyArray<ReadonlyArray<Call>>
  /** By process; none for one without. "new" is the password that the vendor accepts after it was changed. */
  readonly credentials: ReadonlyArray<string | undefined>
  /** The one that the vendor accepts. */
  readonly good: string
  /** The access token of the session in the store, where there is one. */
  readonly holds: "nothing" | "expired" | "fresh"
  readonly faults: number
  readonly expiries: number
  readonly reopenings?: number
  /** Faults that do not happen here. */
  readonly without?: ReadonlyArray<"password" | "401" | "signOut" | "kill">
}

/** The functions as they are. */
export const rules: Flights.Rules = {
  ...Session,
  swaps: (now, then) => now.version === then.version,
  rejects: (generation, rejected) => {
    const token = { value: secretOf(0), generation, issuedAt: DateTime.makeUnsafe(0), expiresAt: Option.none() }
    const state = { ...TokenLifecycle.initial, held: { token, timerAt: 1, dueAt: 1, expiredAt: 1 } }
    return TokenLifecycle.on(state, { _tag: "Rejected", generation: rejected }, 0).state.held!.expiredAt < 0
  },
  isVersioned: true
}

export const make = (world: World, change: Partial<Flights.Rules> = {}): System<State> => {
  const used = { ...rules, ...change }
  const terms: Flights.Terms = {
    use: world.use ?? "once",
    onUnresolved: world.onUnresolved ?? "report",
    seed: world.seed
  }
  return {
    start: begin(world),
    moves: (state) => [
      ...state.processes.flatMap((_, who) => inside(state, who, used, terms)),
      ...outside(state, world, used)
    ],
    key: (state) => keyOf(state, used.isVersioned),
    isDone: ({ processes }) => processes.every(({ flights, signing }) => flights.length === 0 && signing === undefined)
  }
}

const begin = ({ calls, credentials, expiries, faults, good, holds, reopenings, seed }: World): State => {
  const isSignedIn = holds !== "nothing"
  const empty = Session.empty("Acme")
  const version = versions(credentials)
  return {
    version: isSignedIn ? 1 : 0,
    session: isSignedIn
      ? {
          ...empty,
          generation: 1,
          tokens: Issuing.tokensOf(0),
          refreshToken: secretOf(0),
          seeds: seed === undefined ? [] : ["seed"]
        }
      : empty,
    now: 0,
    processes: credentials.map((credential, who) => ({ ...born, credential, calls: calls[who]! })),
    grants: isSignedIn || seed !== undefined ? [{ ...Issuing.fresh, isExpired: holds !== "fresh" }] : [],
    good,
    faults,
    expiries,
    reopenings: reopenings ?? 0,
    used: 0,
    reopened: 0,
    refusals: {},
    logins: isSignedIn ? Math.max(0, version - 1) : version,
    intents: 0
  }
}

/** Each version of the credentials may have to log in. */
const versions = (credentials: World["credentials"]): number =>
  new Set(credentials.filter((one) => one !== undefined)).size

const born: Omit<Process, "calls" | "credential"> = {
  flights: [],
  held: undefined,
  rejected: [],
  floor: 0,
  unknown: undefined,
  owed: undefined,
  signing: undefined,
  signedOut: 0
}

/** What comes to pass in a process: its calls, its flights, its sign-out. */
const inside = (state: State, who: number, rules: Flights.Rules, terms: Flights.Terms): ReadonlyArray<Move<State>> => {
  const process = state.processes[who]!
  const name = "ABC"[who]!
  const { calls, flights, held, owed, signing } = process
  const becomes = (change: Partial<Process>, from = state): State => ({
    ...from,
    processes: from.processes.with(who, { ...process, ...change })
  })
  const moves = flights.flatMap((_, which) => Flights.moves(state, who, which, rules, terms))
  const isFresh = held !== undefined && Flights.isUsable(state, process, held.grant)
  const isFree = signing === undefined && flights.every(({ isOld }) => isOld)
  const [call, ...rest] = calls
  if (call !== undefined && isFree && (call !== "token" || !isFresh)) {
    const flight: Flight = { ...taken, call, after: held?.generation ?? 0, ...(owed && { at: "settle", debt: owed }) }
    moves.push({
      kind: "chance",
      label: `${name}: a ${call} is wanted`,
      to: becomes({ calls: rest, flights: [...flights, flight] })
    })
  }
  if (signing !== undefined) {
    const { generation } = signing
    if (generation === undefined) {
      const session = rules.signOut(state.session, terms.use)
      const written = { ...Flights.write(state, session), refusals: {} }
      const broken =
        session.generation <= state.session.generation
          ? "P3 nothing newer is overwritten, and generations grow"
          : undefined
      moves.push({
        kind: "step",
        label: `${name} writes its sign-out`,
        to: becomes({ signing: { generation: session.generation } }, written),
        broken
      })
      if (state.faults > 0) {
        const fails = { kind: "fault", label: `${name}'s sign-out fails` } as const
        moves.push({ ...fails, to: Flights.fault(becomes({ signing: undefined })) })
        moves.push({
          ...fails,
          label: `${fails.label}, but was written`,
          to: Flights.fault(becomes({ signing: undefined }, written))
        })
      }
    } else {
      const old = flights.map((flight) => ({ ...flight, isOld: true }))
      const forgot = { flights: old, held: undefined, floor: generation, owed: undefined, unknown: undefined }
      moves.push({
        kind: "step",
        label: `${name}'s sign-out returns`,
        to: becomes({ ...forgot, signing: undefined, signedOut: generation })
      })
    }
  }
  return moves
}

const taken: Flight = {
  at: "read",
  isOld: false,
  call: "token",
  after: 0,
  first: undefined,
  version: 0,
  read: undefined,
  step: undefined,
  claim: undefined,
  again: false,
  deadline: 0,
  token: -1,
  generation: 0,
  debt: undefined
}

/** Time, and faults from outside. */
const outside = (state: State, { without = [] }: World, rules: Flights.Rules): ReadonlyArray<Move<State>> => {
  const { grants, processes, session } = state
  const moves: Array<Move<State>> = []
  const fault = (label: string, to: State) => moves.push({ kind: "fault", label, to: Flights.fault(to) })
  const { intent } = session
  if (intent !== null && intent.deadline > state.now) {
    const isWorkedOn = processes.some(({ flights }) =>
      flights.some((one) =>
        one.claim?.id === intent.id || one.debt?.claim.id === intent.id ? isExchanging(one) : false
      )
    )
    const to = { ...state, now: intent.deadline }
    if (!isWorkedOn) moves.push({ kind: "time", label: `the deadline of ${intent.id} passes`, to })
    else if (state.faults > 0)
      fault(`the deadline of ${intent.id} passes while its owner stands still`, Flights.allow(to))
  }
  const open = Object.values(session.latches).flatMap((latch) => latch.open.map(({ deadline }) => deadline))
  const reopensAt = Math.max(...open) + 5 * 60_000
  if (state.reopenings > 0 && open.length > 0 && reopensAt > state.now) {
    const to = { ...state, now: reopensAt, reopenings: state.reopenings - 1, reopened: state.reopened + 1 }
    moves.push({ kind: "chance", label: "five minutes pass", to: Flights.allow(to) })
  }
  const newest = session.tokens === null ? -1 : grantOf(session.tokens.access)
  if (state.expiries > 0 && newest >= 0 && !grants[newest]!.isExpired) {
    const expired = grants.map((grant, at) => (at <= newest ? { ...grant, isExpired: true } : grant))
    moves.push({
      kind: "chance",
      label: `t${newest} expires`,
      to: { ...state, grants: expired, expiries: state.expiries - 1 }
    })
  }
  if (state.faults === 0) return moves

  if (!without.includes("kill") && grants.some(({ isDead }) => !isDead)) {
    fault(
      "the vendor ends all sessions",
      Flights.allow({ ...state, grants: grants.map((grant) => ({ ...grant, isDead: true })) })
    )
  }
  if (!without.includes("password") && state.good !== "new")
    fault("the password is changed at the vendor", { ...state, good: "new" })
  for (const [who, process] of processes.entries()) {
    const name = "ABC"[who]!
    const { calls, credential, flights, floor, held, owed, rejected, signing, unknown } = process
    const becomes = (change: Partial<Process>, from = state) => ({
      ...from,
      processes: processes.with(who, { ...process, ...change })
    })
    if (flights.length > 0 || held || owed || unknown || floor || signing || rejected.length > 0) {
      fault(`${name} crashes`, Flights.allow(becomes({ ...born, calls, credential })))
    }
    if (!without.includes("password") && credential !== undefined && credential !== "new" && flights.length === 0) {
      // Credentials are read when a process starts. Both versions are tried after a sign-out that is written only now.
      const isSigningOut = processes.some(({ signing }) => signing !== undefined)
      const to = Flights.allow(becomes({ ...born, calls, credential: "new" }))
      fault(`${name} is restarted with the new password`, isSigningOut ? Flights.allow(to) : to)
    }
    if (!without.includes("signOut") && signing === undefined) {
      const logins = state.logins + versions(processes.map((one) => one.credential))
      fault(`${name}: somebody signs out`, { ...becomes({ signing: { generation: undefined } }), logins })
    }
    if (without.includes("401") || held === undefined || !Flights.isUsable(state, process, held.grant)) continue
    for (const { label, to } of complaints(state, who, held, rules)) fault(label, to)
  }
  return moves
}

/** The API refuses the token that a process holds, or the one before it, which a late request still carried. */
const complaints = (
  state: State,
  who: number,
  { generation, grant }: NonNullable<Process["held"]>,
  rules: Flights.Rules
) =>
  [generation, generation - 1].map((refused) => {
    const process = state.processes[who]!
    const rejected = rules.rejects(generation, refused) ? [...process.rejected, grant] : process.rejected
    const grants =
      refused === generation ? state.grants.with(grant, { ...state.grants[grant]!, isComplained: true }) : state.grants
    return {
      label: `the API refuses ${"ABC"[who]} its generation ${refused}`,
      to: { ...state, grants, processes: state.processes.with(who, { ...process, rejected }) }
    }
  })
