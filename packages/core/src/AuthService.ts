/**
 * The contract that every vendor implements, and how its tag is made.
 *
 * One shape, one tag per vendor. Merging two layers of a single `AuthService` tag compiles in Effect, and the last one
 * wins silently: here that would send one vendor's token to another. So a vendor's layer gives its own tag only, a
 * forgotten vendor is a compile error, and code that must not know its vendor asks for `AuthService` and is given it,
 * visibly, by `layerFrom`. Not here: how a token is kept valid (`TokenLifecycle` decides, `TokenEngine` runs it).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { AccessToken } from "./AccessToken.ts"
import type { AuthError } from "./AuthError.ts"
import type { AuthStatus } from "./TokenLifecycle.ts"

/** What every vendor's service can do. */
export interface Shape {
  /** A token good for at least `policy.minimumLifetime`. Joins a running exchange, never starts a second one. */
  readonly token: Effect.Effect<AccessToken, AuthError>
  /** Exchanges now, even if the token is fresh: by refresh token, else by login. Joins a running exchange. */
  readonly refresh: Effect.Effect<AccessToken, AuthError>
  /** The API refused this token: only this generation is dropped, a late complaint about an older one is ignored. */
  readonly invalidate: (rejected: AccessToken) => Effect.Effect<void>
  /** Where the account stands now. */
  readonly status: Effect.Effect<AuthStatus>
  /** The current status, then one element for each change of state. */
  readonly changes: Stream.Stream<AuthStatus>
  /**
   * Forgets the session, here and in the store, and a refused login; stops the schedule. The next `token` logs in
   * again if credentials are at hand.
   */
  readonly signOut: Effect.Effect<void, AuthError>
  /** Base URL of the vendor's API. The bearer goes to its origin only. */
  readonly api: string
}

/** The vendor-neutral tag, for code that must not know which vendor it calls. */
export class AuthService extends Context.Service<AuthService, Shape>()("@vendor-auth/core/AuthService") {}

/**
 * Makes a vendor's tag: the shared shape, and what the vendor has beyond it.
 *
 * **Gotchas**
 *
 * `Extra` may not redefine a member of `Shape`: the two would intersect to `never` without a word.
 *
 * **Example** (A vendor's tag)
 *
 * ```ts
 * import { AuthService } from "@vendor-auth/core"
 *
 * class Acme extends AuthService.Service<Acme>()("app/Acme") {}
 * ```
 */
export const Service =
  <Self, Extra extends object & { readonly [K in keyof Shape]?: never } = {}>() =>
  <const Id extends string>(id: Id): Context.ServiceClass<Self, Id, Shape & Extra> =>
    Context.Service<Self, Shape & Extra>()(id)

/** Gives vendor-neutral code its service from one vendor's tag. */
export const layerFrom = <Self>(tag: Context.Key<Self, Shape>): Layer.Layer<AuthService, never, Self> =>
  Layer.effect(AuthService, tag)
