/**
 * What a simulator hands out as a secret: tokens in the shape of a JWT, opaque strings, ids.
 * Decided here: the shape, and that every value is fresh. Not decided here: which claims a vendor writes, and how long
 * a token lives. The signature is random: a simulator knows its tokens by their text (see Issued.ts) and verifies none.
 * Nothing here reads a token, so that nothing here can agree with a reader's mistakes.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Base64Url from "effect/encoding/Base64Url"

/** A fresh opaque string of `length` URL-safe characters. */
export const opaque = (length: number): string =>
  Base64Url.encode(SecureRandom.randomBytesUnsafe(Math.ceil((length * 3) / 4))).slice(0, length)

/** A fresh UUIDv4, as in a `jti` claim. */
export const uuid = (): string => SecureRandom.uuidV4Unsafe()

/** A token `header.payload.signature` with these claims, in the order they are given, under a random signature. */
export const mint = (header: object, claims: object): string =>
  `${Base64Url.encode(JSON.stringify(header))}.${Base64Url.encode(JSON.stringify(claims))}.${opaque(43)}`
