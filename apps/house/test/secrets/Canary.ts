// Secrets that are told apart wherever they turn up, the forms that one may take, and the search for them.
// Decided here: what counts as a hit. A hit names the secret, its form and the place, and shows what stands around it
// with every form of every secret struck out, so that a failing test prints none either. Not here: where is searched
// (`Channels.ts`), and which secrets there are.
import { randomBytes } from "node:crypto"

/** A secret with a name that may be printed. */
export interface Canary {
  readonly name: string
  readonly text: string
}

/** Texts that were seen, and where. */
export type Sightings = Iterable<readonly [where: string, text: string]>

/** A secret that was found. */
export interface Hit {
  readonly secret: string
  readonly form: string
  readonly where: string
  /** What stands around it, without it. */
  readonly around: string
}

const random = () => randomBytes(6).toString("base64url").replace(/[-_]/g, "x")

/** A fresh password: both ends are its own, and between them stands what encodings change. */
export const password = (): string => `${random()}ß "&+=%\\/<>' ${random()}`

/** A fresh opaque token. */
export const token = (): string => `${random()}.elsewhere_${random()}~${random()}`

/** So many characters of either end are a secret still. */
const end = 8

/** The forms in which a secret may turn up, by name: as it is, encoded, in parts, and its two ends. */
export const forms = (secret: string): ReadonlyArray<readonly [form: string, text: string]> => {
  const whole: ReadonlyArray<readonly [string, string]> = [
    ["as it is", secret],
    ["percent-encoded", encodeURIComponent(secret)],
    ["as a URL", encodeURI(secret)],
    ["form-encoded", formEncoded(secret)],
    ["as hexadecimal", Buffer.from(secret).toString("hex")],
    ...base64(secret),
    // As RFC 6749 has it in a client's `Basic` header, and as it is often read.
    ...[formEncoded(secret), encodeURIComponent(secret)].flatMap((encoded) =>
      base64(encoded).map(([form, text]) => [`form-encoded, ${form}`, text] as const)
    )
  ]
  const parts: ReadonlyArray<readonly [string, string]> = [
    ["its first characters", secret.slice(0, end)],
    ["its last characters", secret.slice(-end)],
    ["its first characters, as a Buffer's bytes", bytes(secret.slice(0, end))],
    ["its last characters, as a Buffer's bytes", bytes(secret.slice(-end))],
    ...claims(secret)
  ]
  const escaped = [["as it is", secret] as const, ...parts].flatMap(([form, text]) => [
    [`${form}, JSON-escaped`, JSON.stringify(text).slice(1, -1)] as const,
    [`${form}, JSON-escaped twice`, JSON.stringify(JSON.stringify(text)).slice(3, -3)] as const
  ])
  const seen = new Set<string>()
  return [...whole, ...parts, ...escaped].filter(([, text]) => {
    // Every JWT of a vendor begins alike: what says nothing of this one is no secret.
    const isHeader = isJwt(secret) && secret.startsWith(text) && text.length <= secret.indexOf(".")
    if (seen.has(text) || isHeader) return false
    seen.add(text)
    return true
  })
}

const formEncoded = (secret: string): string => new URLSearchParams({ a: secret }).toString().slice(2)

/** In base64 there are three, by where the secret begins; of each, what its neighbours cannot change. */
const base64 = (secret: string): ReadonlyArray<readonly [string, string]> =>
  [0, 1, 2].flatMap((skip) => {
    const bytes = Buffer.concat([Buffer.alloc(skip), Buffer.from(secret)])
    return (["base64", "base64url"] as const).map(
      (encoding) => [encoding, bytes.toString(encoding).slice(skip === 0 ? 0 : 4, -4)] as const
    )
  })

/** As `util.inspect` prints them. */
const bytes = (text: string): string =>
  Buffer.from(text)
    .toString("hex")
    .replace(/..(?!$)/g, "$& ")

const isJwt = (secret: string): boolean => secret.split(".").length === 3 && secret.startsWith("eyJ")

/** The parts of a JWT: payload and signature, and the id in the payload, which names this one token. */
const claims = (secret: string): ReadonlyArray<readonly [string, string]> => {
  if (!isJwt(secret)) return []
  const [, payload, signature] = secret.split(".") as [string, string, string]
  const read = JSON.parse(Buffer.from(payload, "base64url").toString()) as { readonly jti?: string }
  return [
    ["its payload", payload],
    ["its signature", signature],
    ...(read.jti === undefined ? [] : [["its id", read.jti] as const])
  ]
}

/** So many hits are enough to read. */
const mostHits = 12

/** Longer than any form of a secret: what stands around a hit is struck out from further away than it is shown. */
const longest = 4_096

interface Known {
  readonly secret: string
  readonly form: string
  readonly part: string
}

/** What is looked up at each place of a text: no form is shorter. */
const width = 8

const hash = (text: string, at: number): number =>
  ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 + text.charCodeAt(at + 2)) & 0xf_ffff

/**
 * A search for all forms of all secrets at once: a suite has hundreds of tokens, each of them in dozens of forms. Gives
 * what stands in a text, and where.
 */
export const finder = (
  canaries: Iterable<Canary>
): ((text: string) => ReadonlyArray<Known & { readonly at: number }>) => {
  const known = [...canaries].flatMap(({ name, text }) =>
    forms(text).map(([form, part]): Known => ({ secret: name, form, part }))
  )
  const mayBegin = new Uint8Array(0x10_0000)
  const begins = new Map<string, Array<Known>>()
  for (const one of known) {
    const begin = one.part.slice(0, width)
    if (begin.length < width) throw new Error("A form is too short to be told from anything else")
    begins.set(begin, [...(begins.get(begin) ?? []), one])
    mayBegin[hash(begin, 0)] = 1
  }
  return (text) => {
    const found: Array<Known & { readonly at: number }> = []
    for (let at = 0; at + width <= text.length; at++) {
      if (mayBegin[hash(text, at)] === 0) continue
      for (const one of begins.get(text.slice(at, at + width)) ?? []) {
        if (text.startsWith(one.part, at)) found.push({ ...one, at })
      }
    }
    return found
  }
}

/** Every place at which a secret stands in some form, at most one for each form of each secret. */
export const search = (canaries: Iterable<Canary>, sightings: Sightings): ReadonlyArray<Hit> => {
  const all = [...canaries]
  const find = finder(all)
  const hits = new Map<string, Hit>()
  for (const [where, text] of sightings) {
    for (const { at, form, part, secret } of find(text)) {
      const key = `${secret} ${form}`
      if (hits.has(key)) continue
      const before = struck(all, text.slice(Math.max(0, at - longest), at)).slice(-80)
      const after = struck(all, text.slice(at + part.length, at + part.length + longest)).slice(0, 80)
      hits.set(key, { secret, form, where, around: `${before}«${secret}»${after}` })
      if (hits.size === mostHits) return [...hits.values()]
    }
  }
  return [...hits.values()]
}

/** A text with every form of every secret struck out, for a test to print. */
export const struck = (canaries: Iterable<Canary>, text: string): string =>
  [...canaries]
    .flatMap(({ name, text }) => forms(text).map(([, part]) => ({ name, part })))
    .toSorted((a, b) => b.part.length - a.part.length)
    .reduce((left, { name, part }) => left.replaceAll(part, `«${name}»`), text)
