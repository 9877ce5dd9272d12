/**
 * How a check of the store suite is set up, and the words that checks are written in.
 *
 * Decided here: two stores that share what lasts, random names, and how time is let pass for a store that may have a
 * clock of its own. Not here: the checks.
 */
import { assert, it } from "@effect/vitest"
import * as Session from "@vendor-auth/core/Session"
import { TokenStore } from "@vendor-auth/core/TokenStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

type Store = TokenStore["Service"]

/** What a check is given. */
export interface Given {
  readonly store: Store
  /** Another process's store, where the store lasts; else the same one. */
  readonly other: Store
  /** An account, or a vendor, that was never used. */
  readonly account: string
  readonly vendor: string
}

/** Declares one check. */
export type Check = (title: string, body: (given: Given) => Effect.Effect<unknown, unknown, Scope.Scope>) => void

/** Makes checks of a store. */
export const make =
  (layer: Layer.Layer<TokenStore, unknown>): Check =>
  (title, body) => {
    it.effect(title, () =>
      Effect.gen(function* () {
        const open = Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, TokenStore))
        const store = yield* open
        const other = store.isLasting ? yield* open : store
        const unique = crypto.randomUUID()
        yield* body({ store, other, account: `account ${unique}`, vendor: `Vendor ${unique}` })
      })
    )
  }

/** A session with this much changed. */
export const session = (change: Partial<Session.Session> = {}): Session.Session => ({
  ...Session.empty("Acme"),
  ...change
})

/** A session with everything in it. */
export const full = (change: Partial<Session.Session> = {}): Session.Session =>
  session({
    generation: 7,
    tokens: {
      access: Redacted.make("an access token"),
      issuedAt: 1_000,
      expiresAt: 3_601_000,
      refreshEndsAt: 86_401_000,
      details: { scope: ["read", "write"], tenant: null }
    },
    refreshToken: Redacted.make("a refresh token"),
    seeds: ["first", "second"],
    intent: { id: "an intent", kind: "refresh", deadline: 36_000, again: false },
    lastIntent: "the one before",
    signedOut: 3,
    latches: { credential: { refused: false, proven: true, open: [{ id: "a login", deadline: 36_000 }] } },
    dueAt: 2_701_000,
    ...change
  })

/** Writes over whatever is there; gives the version it has now. */
export const put = Effect.fnUntraced(function* (store: Store, account: string, next: Session.Session) {
  const { version } = yield* store.read(account)
  assert.isTrue(yield* store.write(account, version, next))
  return (yield* store.read(account)).version
})

/** Reads, changes and writes until it wins. */
export const change = Effect.fnUntraced(function* (
  store: Store,
  account: string,
  step: (session: Session.Session) => Session.Session
) {
  while (true) {
    const row = yield* store.read(account)
    if (yield* store.write(account, row.version, step(row.session ?? session()))) return
    yield* Effect.yieldNow
  }
})

/** Lets time pass by the process's clock, and by a store's own if it has one. */
export const pass = (milliseconds: number): Effect.Effect<void> =>
  Effect.andThen(TestClock.adjust(milliseconds), TestClock.withLive(Effect.sleep(milliseconds)))

/** The secrets of a session, to be compared. */
export const clear = (read: Session.Session | undefined) =>
  read && {
    ...read,
    refreshToken: read.refreshToken && Redacted.value(read.refreshToken),
    tokens: read.tokens && { ...read.tokens, access: Redacted.value(read.tokens.access) }
  }
