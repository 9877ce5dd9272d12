/**
 * Where sessions live: a register that is read, and written only by compare-and-set.
 *
 * Decided here: the contract of a store, and the one in memory. A write is durable before it says so; records are never
 * deleted and versions never restart. Not here: what is written, and when (`Session`, `Flight`); stores that last are
 * packages of their own.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Agenda from "./Agenda.ts"
import * as Account from "./Account.ts"
import type { StoreFailure } from "./AuthError.ts"
import * as Secret from "./Secret.ts"
import type { Session } from "./Session.ts"

/** A record as it was read. */
export interface Row {
  /** Grows with each write; 0 for an account that was never written. */
  readonly version: number
  readonly session: Session | undefined
  /** The store's clock, in milliseconds since the epoch. Deadlines are measured by it alone. */
  readonly now: number
}

/**
 * The store of one or many processes. Optional: without it a vendor's layer keeps its session in memory of its own.
 *
 * **Gotchas**
 *
 * Give it with `Layer.provide`. Merged beside a vendor's layer it compiles and is ignored; `required` turns that into
 * a compile error.
 */
export class TokenStore extends Context.Service<
  TokenStore,
  {
    /** The record as it stands, with the store's clock; an account that was never written has version 0. */
    readonly read: (account: string) => Effect.Effect<Row, StoreFailure>
    /** Replaces the record if its version is still this one, and says whether it did. */
    readonly write: (account: string, version: number, session: Session) => Effect.Effect<boolean, StoreFailure>
    /** At most `limit` accounts of a vendor whose refresh is due, the longest overdue first. */
    readonly due: (vendor: string, limit: number) => Effect.Effect<ReadonlyArray<string>, StoreFailure>
    /** Whether sessions outlive this process. */
    readonly isLasting: boolean
  }
>()("@vendor-auth/core/TokenStore") {}

interface Stored extends Agenda.Entry {
  readonly account: string
  version: number
  session: Session
}

const inMemory = () => {
  const rows = new Map<string, Stored>()
  const agendas = new Map<string, Agenda.Agenda<Stored>>()
  const agendaOf = (vendor: string) => {
    const agenda = agendas.get(vendor) ?? Agenda.make<Stored>()
    agendas.set(vendor, agenda)
    return agenda
  }
  const store = TokenStore.of({
    read: (account) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const row = rows.get(account)
        return { version: row?.version ?? 0, session: row?.session, now }
      }),
    write: (account, version, session) =>
      Effect.sync(() => {
        const row = rows.get(account) ?? { account, version: 0, session, at: Infinity, place: 0 }
        if (row.version !== version) return false
        row.version++
        row.session = session
        rows.set(account, row)
        agendaOf(session.vendor).set(row, session.dueAt ?? Infinity)
        return true
      }),
    due: (vendor, limit) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const agenda = agendaOf(vendor)
        const due: Array<Stored> = []
        while (due.length < limit) {
          const row = agenda.take(now)
          if (row === undefined) break
          due.push(row)
        }
        due.forEach((row) => agenda.set(row, row.session.dueAt!))
        return due.map(({ account }) => account)
      }),
    isLasting: false
  })
  const forget = () => {
    rows.clear()
    agendas.clear()
  }
  return { store, forget }
}

/** A store in this process's memory. */
export const makeMemory: Effect.Effect<TokenStore["Service"]> = Effect.sync(() => inMemory().store)

/** The store that was provided; where there is none, a memory that is emptied when the scope closes. */
export const orMemory: Effect.Effect<TokenStore["Service"], never, Scope.Scope> = Effect.flatMap(
  Effect.serviceOption(TokenStore),
  Option.match({
    onSome: Effect.succeed,
    onNone: () =>
      Effect.map(
        Effect.acquireRelease(Effect.sync(inMemory), ({ forget }) => Effect.sync(forget)),
        ({ store }) => store
      )
  })
)

/**
 * What a store may show of an account, whose name holds a user's: its SHA-256, in hexadecimal. No two names share one.
 * Its first 12 characters are what logs and metrics call the account, unless the user named it.
 */
export const fingerprint = (account: string): Effect.Effect<string> => Secret.fingerprint([account])

/** The name that its user gave an account, if he did: what logs and metrics call it then. */
export const givenName: (account: string) => string | undefined = Account.givenName

/** One memory that several layers share, for a process with many of them and for specs. */
export const layerMemory: Layer.Layer<TokenStore> = Layer.effect(TokenStore, makeMemory)

/** The same layer, which cannot be built until a store is provided to it. */
export const required = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R | TokenStore> =>
  Layer.flatMap(Layer.effect(TokenStore, TokenStore), (store) => Layer.provide(layer, Layer.succeedContext(store)))
