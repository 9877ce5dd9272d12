/**
 * Stores that break the protocol, each by one rule: proof that the chaos would notice.
 *
 * Decided here: the wrong stores. Not here: what is noticed (`Verdict`).
 */
import type { Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"

type Store = TokenStore.TokenStore["Service"]

/** By name, what a store does wrong. */
export const sabotages: Readonly<Record<string, (store: Store) => Store>> = {
  "no compare-and-set": (store) => ({
    ...store,
    write: (account, _, session) =>
      Effect.gen(function* () {
        while (!(yield* store.write(account, (yield* store.read(account)).version, session)));
        return true
      })
  }),

  "no re-read": (store) => {
    const known = new Map<string, Session.Session | undefined>()
    return {
      ...store,
      read: (account) =>
        Effect.map(store.read(account), (row) => {
          if (!known.has(account)) known.set(account, row.session)
          return { ...row, session: known.get(account) }
        }),
      write: (account, version, session) =>
        Effect.tap(store.write(account, version, session), (hasWon) =>
          Effect.sync(() => hasWon && known.set(account, session))
        )
    }
  },

  // What is returned is seen by this process alone, and is written a second later, if it lives so long.
  "commit after return": (store) => {
    const pending = new Map<string, { readonly version: number; readonly session: Session.Session }>()
    return {
      ...store,
      read: (account) =>
        Effect.map(store.read(account), (row) => {
          const mine = pending.get(account)
          return mine !== undefined && row.version < mine.version ? { ...row, ...mine } : row
        }),
      write: (account, version, session) => {
        if (session.intent !== null || session.lastIntent === null) return store.write(account, version, session)
        pending.set(account, { version: version + 1, session })
        return Effect.as(Effect.forkDetach(Effect.delay(store.write(account, version, session), "1 second")), true)
      }
    }
  },

  "takeover with the old token": (store) => ({
    ...store,
    read: (account) =>
      Effect.map(store.read(account), (row) =>
        row.session?.intent?.kind === "refresh" && row.session.intent.deadline <= row.now
          ? { ...row, session: { ...row.session, intent: null } }
          : row
      )
  })
}
