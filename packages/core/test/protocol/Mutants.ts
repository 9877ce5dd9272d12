// Faults on purpose in the functions that are walked: what each rule of the protocol is there for.
//
// Decided here: the fault, the smallest world that shows it, and the promise that it must break. A fault that breaks
// nothing would mean that a rule is needless, or that the walk does not see what it is for.
import * as Session from "../../src/Session.ts"
import type { Rules } from "./Flights.ts"
import { grantOf, secretOf } from "./State.ts"
import type { World } from "./World.ts"
import { worlds } from "./Worlds.ts"

const two = worlds["a shared session and good credentials"]
const wrong = worlds["no session and a password that is wrong"]
const many = worlds["a refresh token that may be used many times"]
const seeded = worlds["a configured refresh token"]
const again = worlds["no credentials and a token that may be presented again"]
const forced = worlds["a forced refresh of a good token"]

export interface Mutant {
  readonly rule: string
  readonly promise: string
  readonly world: World
  readonly rules: Partial<Rules>
}

export const mutants: ReadonlyArray<Mutant> = [
  {
    rule: "a write that compares no version",
    promise: "P1",
    world: two,
    rules: { swaps: () => true, isVersioned: false }
  },
  {
    rule: "a write that compares generation and intent in place of the version",
    promise: "P1",
    world: two,
    rules: {
      swaps: (now, then) =>
        now.session.generation === then.session.generation && now.session.intent?.id === then.session.intent?.id,
      isVersioned: false
    }
  },
  {
    rule: "next takes over before the deadline",
    promise: "P8",
    world: two,
    rules: { next: (session, view) => Session.next(session, { ...view, unknown: session.intent?.id }) }
  },
  {
    rule: "next does not look at the intent",
    promise: "P1",
    world: two,
    rules: { next: (session, view) => Session.next({ ...session, intent: null }, view) }
  },
  {
    rule: "next does not look at the intent, where refresh tokens may be used many times",
    promise: "P2",
    world: many,
    rules: { next: (session, view) => Session.next({ ...session, intent: null }, view) }
  },
  {
    rule: "next waits for another's intent for ever",
    promise: "P6",
    world: two,
    rules: {
      next: (session, view) => {
        const step = Session.next(session, view)
        const isExchange = step._tag === "Login" || step._tag === "Refresh"
        return isExchange && session.intent !== null && session.intent.id !== view.unknown ? { _tag: "Wait" } : step
      }
    }
  },
  {
    rule: "next prefers an old refresh token after its intent's deadline",
    promise: "P1",
    world: two,
    rules: {
      next: (session, view) => {
        const step = Session.next(session, view)
        return step._tag === "Login" && session.refreshToken !== null
          ? { _tag: "Refresh", from: "session", again: false }
          : step
      }
    }
  },
  {
    rule: "next does not adopt what is good while an intent is open",
    promise: "P7",
    world: forced,
    rules: {
      next: (session, view) =>
        session.intent === null ? Session.next(session, view) : Session.next({ ...session, tokens: null }, view)
    }
  },
  {
    rule: "next adopts a token that is not newer than at a forced refresh",
    promise: "P7",
    world: forced,
    rules: { next: (session, view) => Session.next(session, { ...view, after: 0 }) }
  },
  {
    rule: "next does not look whether somebody signed out since the first read",
    promise: "P4",
    world: two,
    rules: { next: (session, view) => Session.next(session, { ...view, signedOut: session.signedOut }) }
  },
  {
    rule: "next presents a token again that was presented again already",
    promise: "P1",
    world: again,
    rules: {
      next: (session, view) =>
        Session.next({ ...session, intent: session.intent && { ...session.intent, again: false } }, view)
    }
  },
  {
    rule: "next does not look at a refusal",
    promise: "P5",
    world: wrong,
    rules: {
      next: (session, view) => {
        const step = Session.next(session, view)
        return step._tag === "Stop" && step.why === "Refused" ? { _tag: "Login" } : step
      }
    }
  },
  {
    rule: "next begins one login more than two",
    promise: "P5",
    world: wrong,
    rules: {
      next: (session, view) => {
        const step = Session.next(session, view)
        return step._tag === "Stop" && step.why === "LoginsOpen" ? { _tag: "Login" } : step
      }
    }
  },
  {
    rule: "begin of a login keeps the refresh token",
    promise: "P1",
    world: two,
    rules: {
      begin: (session, claim, ...rest) => ({
        ...Session.begin(session, claim, ...rest),
        ...(claim.kind === "login" && { refreshToken: session.refreshToken })
      })
    }
  },
  {
    rule: "begin does not write a login's id into the latch",
    promise: "P5",
    world: wrong,
    rules: {
      begin: (session, ...rest) => ({ ...Session.begin(session, ...rest), latches: session.latches })
    }
  },
  {
    rule: "begin does not remember the configured refresh token",
    promise: "P1",
    world: seeded,
    rules: { begin: (session, ...rest) => ({ ...Session.begin(session, ...rest), seeds: session.seeds }) }
  },
  {
    rule: "commit does not compare the intent",
    promise: "P3",
    world: two,
    rules: {
      commit: (session, claim, given) =>
        Session.commit(
          { ...session, intent: { kind: claim.kind, deadline: 0, again: false, id: claim.id } },
          claim,
          given
        )
    }
  },
  {
    rule: "commit does not count the generation",
    promise: "P3",
    world: two,
    rules: {
      commit: (session, ...rest) => {
        const done = Session.commit(session, ...rest)
        return done && { ...done, generation: session.generation }
      }
    }
  },
  {
    rule: "commit keeps the refresh token that was presented",
    promise: "P1",
    world: two,
    rules: {
      commit: (session, claim, given) =>
        Session.commit(session, claim, session.refreshToken === null ? given : { ...given, refreshToken: null })
    }
  },
  {
    rule: "release brings the refresh token back that a login gave up",
    promise: "P1",
    world: two,
    rules: {
      begin: (session, claim, ...rest) => {
        const begun = Session.begin(session, claim, ...rest)
        const details = session.refreshToken === null ? null : grantOf(session.refreshToken)
        return claim.kind === "login" && begun.tokens ? { ...begun, tokens: { ...begun.tokens, details } } : begun
      },
      release: (session, claim, outcome) => {
        const released = Session.release(session, claim, outcome)
        const kept = session.tokens?.details
        return claim.kind === "login" && outcome === "Kept" && session.intent?.id === claim.id && kept
          ? { ...released, refreshToken: secretOf(Number(kept)) }
          : released
      }
    }
  },
  {
    rule: "release keeps a refresh token that was refused",
    promise: "P1",
    world: two,
    rules: {
      release: (session, claim, outcome) =>
        Session.release(session, claim, claim.kind === "refresh" && outcome === "Refused" ? "Kept" : outcome)
    }
  },
  {
    rule: "release ends an intent that is another's",
    promise: "P1",
    world: two,
    rules: {
      release: (session, claim, outcome) => ({ ...Session.release(session, claim, outcome), intent: null })
    }
  },
  {
    rule: "release does not write a refusal down",
    promise: "P5",
    world: wrong,
    rules: {
      release: (session, claim, outcome) => Session.release(session, claim, outcome === "Refused" ? "Kept" : outcome)
    }
  },
  {
    rule: "release closes a login whose outcome is unknown",
    promise: "P5",
    world: wrong,
    rules: {
      release: (session, claim, outcome) => Session.release(session, claim, outcome === "Unknown" ? "Kept" : outcome)
    }
  },
  {
    rule: "release makes a token unspent that was not presented again",
    promise: "P1",
    world: { ...again, faults: 3 },
    rules: {
      release: (session, claim, outcome) => ({
        ...Session.release(session, claim, outcome),
        intent: session.intent?.id === claim.id ? null : session.intent
      })
    }
  },
  {
    rule: "signOut leaves the intent",
    promise: "P4",
    world: two,
    rules: { signOut: (session, use) => ({ ...Session.signOut(session, use), intent: session.intent }) }
  },
  {
    rule: "signOut leaves the tokens",
    promise: "P4",
    world: two,
    rules: { signOut: (session, use) => ({ ...Session.signOut(session, use), tokens: session.tokens }) }
  },
  {
    rule: "signOut deletes the record",
    promise: "P3",
    world: two,
    rules: { signOut: ({ vendor }) => Session.empty(vendor) }
  },
  {
    rule: "signOut forgets which configured refresh tokens are spent",
    promise: "P1",
    world: seeded,
    rules: { signOut: (session, use) => ({ ...Session.signOut(session, use), seeds: [] }) }
  },
  {
    rule: "a 401 of an older generation rejects the token that is held",
    promise: "P7",
    world: { ...two, holds: "nothing" },
    rules: { rejects: () => true }
  }
]
