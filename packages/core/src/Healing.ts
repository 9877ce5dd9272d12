/**
 * Remembers which token healed a call last, so that an API that answers 401 to everything does not cost an exchange a
 * call.
 *
 * Decided here: a token that was issued to heal a 401, and is refused before any answer accepted it, is not healed
 * again for a minute. Not here: what a 401 is, and how it is healed (`AuthHttpClient`).
 */
import type { AccessToken } from "./AccessToken.ts"
import type { Shape } from "./AuthService.ts"

type Suspect = { readonly generation: number; readonly at: number; isProven: boolean }

/** By service: every client of a service sees the same. A number: the next token after this generation heals. */
const suspects = new WeakMap<Shape, Suspect | number>()

const pause = 60_000

/** This token was issued to heal a call. */
export const suspect = (service: Shape, { generation }: AccessToken, at: number): void => {
  if (find(service, generation) === undefined) suspects.set(service, { generation, at, isProven: false })
}

/** The call that met this token's 401 cannot be repeated: the token after it is the one that heals. */
export const suspectNext = (service: Shape, { generation }: AccessToken): void => {
  const known = suspects.get(service)
  const newest = typeof known === "object" ? known.generation : (known ?? 0)
  // A late complaint about an older token says nothing of a newer one.
  if (generation >= newest) suspects.set(service, generation)
}

/** A call begins with this token. */
export const begin = (service: Shape, token: AccessToken, at: number): void => {
  const after = suspects.get(service)
  if (typeof after === "number" && token.generation > after) suspect(service, token, at)
}

/** An answer accepted this token. */
export const prove = (service: Shape, { generation }: AccessToken): void => {
  const found = find(service, generation)
  if (found !== undefined) found.isProven = true
}

/** Whether a 401 of this token is to be left as it is. */
export const isSuspect = (service: Shape, { generation }: AccessToken, now: number): boolean => {
  const found = find(service, generation)
  return found !== undefined && !found.isProven && now < found.at + pause
}

const find = (service: Shape, generation: number): Suspect | undefined => {
  const found = suspects.get(service)
  return typeof found === "object" && found.generation === generation ? found : undefined
}
