/**
 * Reads how long a JWT lives, without verifying it: the vendor's server does that, we only plan by it.
 *
 * Decided here: which claims bound a life. `exp` alone says nothing to a clock that may be wrong, so a life is the
 * distance between two claims of the same issuer. Not here: what is done with a life (`Issuer`, `RefreshPolicy`).
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Claims = Schema.fromJsonString(
  Schema.Struct({
    exp: Schema.optionalKey(Schema.Finite),
    iat: Schema.optionalKey(Schema.Finite),
    nbf: Schema.optionalKey(Schema.Finite)
  })
)

/** The claims of a JWT that speak of time, in seconds since the epoch; none if the text is no JWT. */
export const read = (token: string): Option.Option<(typeof Claims)["Type"]> => {
  const parts = token.split(".")
  return parts.length === 3
    ? Option.flatMap(Result.getSuccess(Base64Url.decodeString(parts[1]!)), Schema.decodeUnknownOption(Claims))
    : Option.none()
}

/** The life of a JWT in milliseconds: the smaller of `exp - iat` and `exp - nbf`; undefined if it states none. */
export const life = (token: string): number | undefined => {
  const claims = Option.getOrUndefined(read(token))
  if (claims?.exp === undefined) return undefined
  const begins = [claims.iat, claims.nbf].filter((claim) => claim !== undefined)
  return begins.length === 0 ? undefined : (claims.exp - Math.max(...begins)) * 1_000
}
