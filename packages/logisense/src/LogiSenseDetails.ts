/**
 * What LogiSense says of a session beside its tokens, as https://developer.logisense.com/docs/tokens has it.
 *
 * Decided here: which fields are kept with a session, and how they are read. Not here: the tokens (`LogiSenseAuth`).
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import type { Session } from "@vendor-auth/core/Session"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What LogiSense says of a session beside its tokens. */
export const Details = Schema.Struct({
  issued: Schema.DateTimeUtcFromString,
  expires: Schema.DateTimeUtcFromString,
  audience: Schema.String,
  actingOwnerId: Schema.Union([Schema.Int, Schema.FiniteFromString])
}).pipe(Schema.encodeKeys({ issued: ".issued", expires: ".expires" }))

export type Details = (typeof Details)["Type"]

const fields = [".issued", ".expires", "audience", "actingOwnerId"]

/** What is kept of an answer: only what it can make neither deep nor wide. */
export const kept = (body: Readonly<Record<string, Schema.Json>>): Schema.Json =>
  Object.fromEntries(fields.map((key) => [key, typeof body[key] === "object" ? null : (body[key] ?? null)]))

/** Reads them from a session. Fails with `MalformedResponse` where LogiSense did not say all of it. */
export const of =
  (vendor: string) =>
  ({ tokens }: Session): Effect.Effect<Details, AuthError.AuthError> =>
    Effect.mapError(
      Schema.decodeUnknownEffect(Details)(tokens!.details),
      () => new AuthError.AuthError({ vendor, reason: new AuthError.MalformedResponse({ paths: fields }) })
    )
