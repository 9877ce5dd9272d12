/**
 * What is inside a stored record: the account's own name beside its session, so that a record which came to another
 * account is found out, also where nothing is sealed.
 *
 * Decided here: the text that is sealed, and which records are refused: a newer format, what is no session, another
 * account's. Nothing of a refused record is told but which of these it is. Not here: sealing (`Sealing`), the rows
 * (`Register`).
 */
import { AuthError, Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Sealing from "./Sealing.ts"

/** A session and whose it is. */
export interface Content {
  readonly account: string
  readonly session: Session.Session
}

/** Puts sessions into records and takes them out. */
export interface Envelope {
  readonly close: (id: string, content: Content) => Effect.Effect<Sealing.Sealed>
  /** `id` is the row's; the account in the record has to be the one it stands for. */
  readonly open: (id: string, sealed: Sealing.Sealed) => Effect.Effect<Content, AuthError.StoreFailure>
}

const Text = Schema.fromJsonString(
  Schema.toCodecJson(Schema.Struct({ account: Schema.String, session: Session.Session }))
)
const encode = Schema.encodeEffect(Text)
const decode = Schema.decodeUnknownEffect(Text)

/** Makes envelopes that are sealed so. */
export const make = (sealing: Sealing.Sealing): Envelope => ({
  // A session that cannot be encoded was not made by `Session`: a defect.
  close: (id, content) =>
    encode(content).pipe(
      Effect.orDie,
      Effect.flatMap((text) => sealing.seal(id, text))
    ),
  open: Effect.fnUntraced(function* (id, sealed) {
    if (sealed.format > Sealing.format) {
      return yield* new AuthError.StoreFailure({
        problem: "NewerVersion",
        hint: `the record's format is ${sealed.format}, and this version reads up to ${Sealing.format}`
      })
    }
    const content = yield* sealing.open(id, sealed).pipe(
      Effect.flatMap((text) =>
        // The complaint could quote what it read.
        Effect.mapError(decode(text), () => corrupt("the record is no session"))
      )
    )
    if ((yield* TokenStore.fingerprint(content.account)) !== id) {
      return yield* corrupt("the record is another account's")
    }
    return content
  })
})

const corrupt = (hint: string) => new AuthError.StoreFailure({ problem: "Corrupt", hint })
