/**
 * How a session is encrypted before it is stored, and what opens it again.
 *
 * Decided here: AES-256-GCM with a random 96-bit nonce under a key of its own for each account (HKDF-SHA-256 of the
 * configured one); the additional data binds format, key id, purpose and account, so that no record can be moved to
 * another account, passed off under another key id or as another format. Plaintext is written, and read, only where it
 * was asked for by name. Not here: what is inside (`Envelope`), and where it is kept (`Register`).
 */
import { AuthError } from "@vendor-auth/core"
import * as Config from "effect/Config"
import * as Aead from "effect/crypto/Aead"
import * as Kdf from "effect/crypto/Kdf"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** Keys of 32 random bytes each, by id. Every one of them opens; only the current one seals. */
export interface Keys {
  readonly current: string
  readonly keys: Readonly<Record<string, Redacted.Redacted<Uint8Array>>>
}

/** Keys, or the decision to store tokens as they are: whoever reads the database, or a backup of it, has them. */
export type KeyOption = Keys | "storeSecretsInPlaintext"

/** A session as it is kept: `keyId` null means that `record` is plaintext. */
export interface Sealed {
  readonly format: number
  readonly keyId: string | null
  readonly record: string
}

/** The format that is written. A version of the library that does not know a record's format leaves it alone. */
export const format = 1

const keyLength = 32
const nonceLength = 12

/** Seals and opens. `id` stands for the account. */
export interface Sealing {
  /** The id that new records carry. */
  readonly current: string | null
  readonly seal: (id: string, text: string) => Effect.Effect<Sealed>
  readonly open: (id: string, sealed: Sealed) => Effect.Effect<string, AuthError.StoreFailure>
}

/** What `make` needs, on the platform's own Web Crypto. */
export const layerCrypto: Layer.Layer<Aead.Aead | Kdf.Kdf | SecureRandom.SecureRandom> = Layer.mergeAll(
  Aead.layerWebCrypto,
  Kdf.layerWebCrypto
).pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

/** Checks the keys, each by its name. */
export const make = Effect.fnUntraced(function* (
  option: KeyOption
): Effect.fn.Return<Sealing, AuthError.InvalidOptions, Aead.Aead | Kdf.Kdf | SecureRandom.SecureRandom> {
  if (option === "storeSecretsInPlaintext") return plaintext
  const keys = yield* check(option)
  const { current } = option
  const aead = yield* Aead.Aead
  const kdf = yield* Kdf.Kdf
  const random = yield* SecureRandom.SecureRandom

  const keyOf = Effect.fnUntraced(function* (keyId: string, id: string) {
    const bytes = yield* kdf.derive(Kdf.hkdfSha256, Redacted.value(keys.get(keyId)!), {
      salt: new Uint8Array(),
      info: encode(purpose, id),
      length: keyLength
    })
    return yield* Aead.key(Aead.aes256Gcm, bytes)
  })

  return {
    current,
    seal: (id, text) =>
      Effect.gen(function* () {
        const nonce = yield* random.randomBytes(nonceLength)
        const key = yield* keyOf(current, id)
        const aad = encode(purpose, format, current, id)
        const sealed = yield* aead.encrypt(key, new TextEncoder().encode(text), { nonce, aad })
        return { format, keyId: current, record: Base64.encode(joined(nonce, sealed)) }
      }).pipe(Effect.orDie),
    open: Effect.fnUntraced(function* (id, { format: written, keyId, record }) {
      if (keyId === null) return yield* refused("the record is in plaintext, which is not read where keys are set")
      if (!keys.has(keyId)) return yield* refused(`the record's key ${JSON.stringify(keyId)} is not among the keys`)
      const bytes = yield* Effect.fromResult(Base64.decode(record)).pipe(Effect.catch(() => corrupt))
      if (bytes.length <= nonceLength) return yield* corrupt
      const aad = encode(purpose, written, keyId, id)
      const nonce = bytes.subarray(0, nonceLength)
      const opened = yield* keyOf(keyId, id).pipe(
        Effect.flatMap((key) => aead.decrypt(key, bytes.subarray(nonceLength), { nonce, aad })),
        Effect.catch(() => refused(`the record does not open with key ${JSON.stringify(keyId)}`))
      )
      return new TextDecoder().decode(opened)
    })
  }
})

const purpose = "@vendor-auth/store-sql/session"

const plaintext: Sealing = {
  current: null,
  seal: (_, record) => Effect.succeed({ format, keyId: null, record }),
  open: (_, { keyId, record }) =>
    keyId === null
      ? Effect.succeed(record)
      : refused(`the record is sealed with key ${JSON.stringify(keyId)} and no keys are set`)
}

const check = Effect.fnUntraced(function* ({ current, keys }: Keys) {
  const known = new Map(Object.entries(keys))
  for (const [id, key] of known) {
    const field = `keys.keys[${JSON.stringify(id)}]`
    if (!/^[\w.-]{1,64}$/.test(id)) return yield* invalid(field, "has an id that is not 1 to 64 of A-Z a-z 0-9 . _ -")
    const bytes: unknown = Redacted.isRedacted(key) ? Redacted.value(key) : undefined
    if (!(bytes instanceof Uint8Array)) return yield* invalid(field, "is no Redacted<Uint8Array>")
    if (bytes.length !== keyLength) {
      return yield* invalid(field, `must be ${keyLength} random bytes, and has ${bytes.length}`)
    }
    if (new Set(bytes).size < 8) return yield* invalid(field, "is not random: it repeats a few bytes")
  }
  if (!known.has(current)) return yield* invalid("keys.current", "names none of the keys")
  return known
})

/**
 * Reads `VENDOR_AUTH_KEYS`: `id:key` pairs with commas between them, keys in base64. The first one seals; the others
 * still open what they sealed.
 */
export const config: Config.Config<Keys> = Config.Redacted("VENDOR_AUTH_KEYS").pipe(
  Config.map((text) => {
    const pairs = Redacted.value(text)
      .split(",")
      .map((pair) => {
        const [id = "", key = ""] = pair.trim().split(":")
        // What is no base64 becomes a key of no bytes, which is refused by its id when the layer is built.
        const bytes = Result.getOrElse(Base64.decode(key), () => new Uint8Array())
        return [id, Redacted.make(bytes)] as const
      })
    return { current: pairs[0]![0], keys: Object.fromEntries(pairs) }
  })
)

const invalid = (field: string, problem: string) => Effect.fail(new AuthError.InvalidOptions({ field, problem }))

const refused = (hint: string) => Effect.fail(new AuthError.StoreFailure({ problem: "Undecryptable", hint }))

const corrupt = Effect.fail(new AuthError.StoreFailure({ problem: "Corrupt", hint: "the record is not base64" }))

/** Injective. */
const encode = (...parts: ReadonlyArray<string | number>) => new TextEncoder().encode(JSON.stringify(parts))

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
