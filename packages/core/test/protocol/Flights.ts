// What the flights of a process do next: the order of `src/Flight.ts`, one step of it a move, on the functions of
// `src/Session.ts` themselves.
//
// Decided here: what each step may meet (another was first, not sent, an answer lost, a store that is down), and the
// promises that a step can break. Not here: what happens to a process from outside (`World`), and the vendor's answers
// (`Issuing`). A flight may always give up after an unknown outcome: its time may be over.
import * as Session from "../../src/Session.ts"
import type { Move } from "./Explorer.ts"
import * as Issuing from "./Issuing.ts"
import type { Debt, Flight, Process, State } from "./State.ts"
import { grantOf, isCurrent, secretOf } from "./State.ts"

/** The functions that are walked: those of `Session`, or ones with a fault in them. */
export interface Rules extends Pick<
  typeof Session,
  "next" | "begin" | "commit" | "settled" | "release" | "signOut" | "isAdoptable"
> {
  /** Whether a write that read `then` replaces what is in the register `now`. */
  readonly swaps: (now: Row, then: Row) => boolean
  /** Whether a 401 of a generation means the token of the generation that is held. */
  readonly rejects: (held: number, generation: number) => boolean
  readonly isVersioned: boolean
}

interface Row {
  readonly version: number
  readonly session: Session.Session
}

/** What does not change while processes run. */
export interface Terms {
  readonly use: "once" | "many"
  readonly onUnresolved: "report" | "presentAgain"
  /** The configured refresh token of every process. */
  readonly seed: number | undefined
}

/** How long an intent lasts, in milliseconds. */
const life = 35_000

export const moves = (state: State, who: number, which: number, rules: Rules, terms: Terms): Array<Move<State>> => {
  const process = state.processes[who]!
  const flight = process.flights[which]!
  const name = `${"ABC"[who]}${flight.isOld ? " (begun before its sign-out)" : ""}`
  const step = (label: string, to: State, broken?: string): Move<State> => ({
    kind: "step",
    label: `${name} ${label}`,
    to,
    broken
  })
  const faults = (more: () => ReadonlyArray<Move<State>>): ReadonlyArray<Move<State>> =>
    state.faults === 0 ? [] : more().map((move) => ({ ...move, kind: "fault", to: fault(move.to) }))
  /** This flight goes on, in a world that is otherwise `from`. */
  const goes = (change: Partial<Flight>, memory: Partial<Process> = {}, from = state): State => {
    const flights = process.flights.with(which, { ...flight, ...change })
    return { ...from, processes: from.processes.with(who, { ...process, flights, ...memory }) }
  }
  const ends = (memory: Partial<Process> = {}, from = state): State => {
    const flights = process.flights.toSpliced(which, 1)
    return { ...from, processes: from.processes.with(who, { ...process, flights, ...memory }) }
  }
  const again = { at: "read", claim: undefined, debt: undefined, token: -1, read: undefined, step: undefined } as const

  const wanted = (first: NonNullable<Flight["first"]>) => ({
    after: Math.max(flight.after, process.floor, flight.call === "refresh" ? first.generation : 0),
    isUsable: ({ access }: Session.Tokens) => isUsable(state, process, grantOf(access)),
    seed: terms.seed === undefined ? undefined : "seed"
  })

  const adopts = (from: State, first: NonNullable<Flight["first"]>, memory: Partial<Process> = {}) => {
    const { session } = from
    const held = { generation: session.generation, grant: grantOf(session.tokens!.access) }
    const broken =
      session.generation <= Math.max(process.signedOut, session.signedOut)
        ? "P4 what was signed out does not come back"
        : flight.call === "refresh" && session.generation <= first.generation
          ? "P7 a forced refresh brings a newer token"
          : undefined
    return { to: ends({ ...memory, ...(flight.isOld ? {} : { held }) }, from), broken }
  }

  const read = (): Array<Move<State>> => {
    const { session, version } = state
    const first = flight.first ?? session
    const said = rules.next(session, {
      ...wanted(first),
      storeNow: state.now,
      signedOut: first.signedOut,
      credential: process.credential,
      refreshTokenUse: terms.use,
      onUnresolved: terms.onUnresolved,
      isBackground: flight.call === "background",
      unknown: process.unknown
    })
    const begun = { first: { generation: first.generation, signedOut: first.signedOut } }
    switch (said._tag) {
      case "Adopt": {
        const { broken, to } = adopts(state, first)
        return [step(`adopts generation ${session.generation}`, to, broken)]
      }
      case "Wait":
        return [step("waits", goes(begun))]
      case "Stop":
        return [step(`stops: ${said.why}`, ends())]
      default:
        return isCurrent(process, flight)
          ? [
              step(
                `reads ${told(session)} and wants ${said._tag}`,
                goes({ ...begun, at: "begin", version, read: session, step: said })
              )
            ]
          : [step("stops: overtaken by its sign-out", ends())]
    }
  }

  const begin = (): Array<Move<State>> => {
    const [was, wants] = [{ version: flight.version, session: flight.read! }, flight.step!]
    if (!rules.swaps(state, was)) return [step("was not the first to write", goes(again))]
    const id = `i${state.intents}`
    const kind = wants._tag === "Login" ? "login" : "refresh"
    const claim: Session.Claim = { id, kind, credential: process.credential }
    const isSeed = wants._tag === "Refresh" && wants.from === "seed"
    const seed = isSeed ? { fingerprint: "seed", token: secretOf(terms.seed!) } : undefined
    const isAgain = wants._tag === "Refresh" && wants.again
    const session = rules.begin(was.session, claim, { deadline: state.now + life, again: isAgain }, seed)
    const token = kind === "refresh" ? grantOf(session.refreshToken!) : -1
    const broken = overwrites(state.session, session) ?? needless(state, flight, isSeed) ?? undoes(state, flight, kind)
    const tried = { ...state, intents: state.intents + 1 }
    const written = write(tried, session)
    const begun = {
      at: "send",
      claim,
      token,
      again: isAgain,
      deadline: state.now + life,
      generation: session.generation,
      read: undefined,
      step: undefined
    } as const
    const owed: Debt = { claim, end: "Kept", given: -1, generation: session.generation }
    const label = `writes ${id}: ${kind}${isAgain ? " again" : isSeed ? " with the configured token" : ""}`
    const lost = { ...begun, at: "giveBack", debt: owed } as const
    return [
      step(label, goes(begun, {}, written), broken),
      ...faults(() => [
        step(`${label}, and is not told`, goes(lost, { owed }, written), broken),
        step(`tries to write ${id}, and cannot`, goes(lost, { owed }, tried))
      ])
    ]
  }

  const send = (): Array<Move<State>> => {
    const claim = flight.claim!
    if (!isCurrent(process, flight)) return [step("does not send: signed out", owes("Kept"))]
    const sent = Issuing.present(state, flight, terms)
    const [what, on] = [
      claim.kind === "login" ? `logs in with ${claim.credential}` : `presents t${flight.token}`,
      { at: "sent" } as const
    ]
    return [
      step(what, goes(on, { unknown: claim.id }, sent.to), sent.broken),
      ...faults(() => [step("could not send", owes("Kept"))])
    ]
  }

  const sent = (): Array<Move<State>> => {
    const done = Issuing.answer(state, flight, terms)
    const answer = done.given < 0 ? owes("Refused", done.to) : owes("Commit", done.to, done.given)
    const lost = spends(true) ? goes({ at: "unknown" }, {}, allow(done.to)) : owes("Unknown", allow(done.to))
    return [
      step(done.given < 0 ? "is refused" : `is given t${done.given}`, answer, done.broken),
      ...faults(() => [
        step(`never hears that it was ${done.given < 0 ? "refused" : `given t${done.given}`}`, lost, done.broken),
        step("is told that the vendor failed", failed())
      ])
    ]
  }

  /** Whether what it presented stays spent, after an outcome that is unknown or that the vendor itself failed. */
  const spends = (isUnknown: boolean) =>
    (isUnknown || flight.again) && flight.claim!.kind === "refresh" && terms.use === "once"

  /** A complete 5xx: nothing was carried out. */
  const failed = () => {
    const kept = flight.claim!.kind === "login" ? allow(state) : Issuing.unpresent(state, flight.token)
    return spends(false) ? goes({ at: "unknown" }, {}, allow(state)) : owes("Kept", kept)
  }

  const owes = (end: Debt["end"], from = state, given = -1): State => {
    const owed: Debt = { claim: flight.claim!, end, given, generation: flight.generation }
    return goes({ at: "pay", debt: owed, claim: undefined, token: -1 }, { owed, unknown: undefined }, from)
  }

  const pay = (): Array<Move<State>> => {
    const debt = flight.debt!
    const paid = settle(state, debt, rules)
    const label = `${debt.end === "Commit" ? `commits t${debt.given}` : `releases as ${debt.end}`} by ${debt.claim.id}`
    const free = { owed: undefined }
    const isWanted =
      flight.at === "settle" ||
      debt.end === "Refused" ||
      (debt.end === "Commit" && isUsable(paid.to, process, debt.given))
    // What was just committed is not read again.
    const isAdopted =
      flight.at === "pay" &&
      debt.end === "Commit" &&
      isUsable(paid.to, process, debt.given) &&
      rules.isAdoptable(paid.to.session, wanted(flight.first!))
    const onwards = (from: State) => {
      if (isAdopted) return adopts(from, flight.first!, free)
      return { to: isWanted ? goes(again, free, from) : ends(free, from), broken: undefined }
    }
    const next = flight.at === "giveBack" ? { to: ends(free, paid.to), broken: undefined } : onwards(paid.to)
    const down = (from: State) => ends({}, allow(from))
    return [
      step(label, next.to, paid.broken ?? next.broken),
      ...faults(() => [
        step(
          `${label}, and is not told`,
          flight.at === "giveBack" ? down(paid.to) : goes({}, {}, paid.to),
          paid.broken
        ),
        step(`${label}: cannot, the store is down`, down(state))
      ])
    ]
  }

  switch (flight.at) {
    case "read":
      return read()
    case "begin":
      return begin()
    case "send":
      return send()
    case "sent":
      return sent()
    case "unknown":
      return [step("goes on after an unknown outcome", goes(again)), step("gives up after an unknown outcome", ends())]
    default:
      return pay()
  }
}

/** A fault happens. */
export const fault = (state: State): State => ({ ...state, faults: state.faults - 1, used: state.used + 1 })

/** One more login may be sent than if this had not happened. */
export const allow = (state: State): State => ({ ...state, logins: state.logins + 1 })

export const write = (state: State, session: Session.Session): State => ({
  ...state,
  session,
  version: state.version + 1
})

/** A debt is paid: the step is taken on the newest record. */
const settle = (
  state: State,
  { claim, end, generation, given }: Debt,
  rules: Rules
): { to: State; broken?: string | undefined } => {
  const { session } = state
  const isCommit = end === "Commit"
  const commit = () => {
    const tokens = Issuing.tokensOf(given)
    const refreshToken = state.grants[given]!.isAlone ? null : secretOf(given)
    return rules.commit(session, claim, { tokens, refreshToken, dueAt: null }) ?? rules.settled(session, claim)
  }
  const changed = isCommit ? commit() : rules.release(session, claim, end)
  if (changed === session) return { to: state }
  const isCommitted = changed.tokens !== session.tokens && changed.tokens !== null
  const broken = !isCommitted
    ? undefined
    : session.signedOut > generation
      ? "P4 what was signed out does not come back"
      : session.generation !== generation || changed.generation <= generation
        ? "P3 nothing newer is overwritten, and generations grow"
        : undefined
  return { to: write(state, changed), broken: broken ?? overwrites(session, changed) }
}

/** Neither expired nor rejected here. */
export const isUsable = (state: State, process: Process, grant: number): boolean =>
  !state.grants[grant]!.isExpired && !process.rejected.includes(grant)

const overwrites = (before: Session.Session, after: Session.Session): string | undefined =>
  after.generation < before.generation ? "P3 nothing newer is overwritten, and generations grow" : undefined

/** An exchange while the register holds a good token, about which nobody complained. */
const needless = ({ grants, session }: State, { call, first }: Flight, isSeed: boolean): string | undefined => {
  if (session.tokens === null || isSeed || (call === "refresh" && session.generation <= first!.generation))
    return undefined
  const { isComplained, isExpired } = grants[grantOf(session.tokens.access)]!
  return isComplained || isExpired ? undefined : "P7 a good token is not exchanged for what was said of an older one"
}

const undoes = ({ session }: State, { first }: Flight, kind: "login" | "refresh"): string | undefined =>
  kind === "login" && session.signedOut > first!.signedOut ? "P4 what was signed out does not come back" : undefined

const told = ({ generation, intent, refreshToken, tokens }: Session.Session): string => {
  const parts = [
    `generation ${generation}`,
    tokens && `t${grantOf(tokens.access)}`,
    refreshToken && `refresh token t${grantOf(refreshToken)}`
  ]
  return [...parts, intent && `${intent.kind} ${intent.id} open`].filter(Boolean).join(", ")
}
