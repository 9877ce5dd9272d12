// Random contents of token answers: JSON by its grammar with the vendors' own names in it, and good answers of which
// some bytes were changed. A seed and a number give always the same.
// Decided here: how often what is said. Not here: what is due for it (`Fuzz.test.ts`).
import { type Contents, json, jwt, mark, members, type Vendor } from "./Vendors.ts"

/** Repeatable numbers below a bound. */
export interface Dice {
  readonly below: (bound: number) => number
  readonly one: <A>(of: ReadonlyArray<A>) => A
}

export const dice = (seed: number): Dice => {
  let state = Math.imul(seed, 0x9e3779b1) ^ (seed / 0x100000000)
  const below = (bound: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * bound)
  }
  return { below, one: (of) => of[below(of.length)]! }
}

const numbers = [
  "0",
  "-0",
  "-1",
  "1",
  "60",
  "3600",
  "3599.9",
  "1e3",
  "1e400",
  "-1e400",
  "1e-9",
  "9007199254740993",
  "1e15"
]
const words = [
  "invalid_grant",
  "invalid_client",
  "invalid_request",
  "invalid_token",
  "access_denied",
  "token has expired"
]
const oddKeys = [
  "__proto__",
  "constructor",
  "toString",
  "then",
  "toJSON",
  "error",
  "errorCode",
  "msg",
  "token",
  "login",
  ""
]
const pieces = [
  "\\u0000",
  "\\r\\n",
  "\\ud800",
  "\\u0061",
  '\\"',
  "\\\\",
  " ",
  "é",
  "😀",
  "\u2028",
  "\x7f",
  "%00",
  "</script>"
]
const tokens = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  ",",
  "\\",
  "null",
  "1e400",
  "\uFEFF",
  "\0",
  "\\u",
  '"a":1,',
  "[".repeat(500),
  "//",
  "'"
]
const statuses = [200, 200, 200, 200, 200, 200, 201, 400, 401, 403, 404, 408, 422, 429, 500, 502, 503]
const pauses = [
  "1",
  "-1",
  "1e9",
  "99999999999999999999",
  "Sun, 01 Mar 2026 12:01:30 GMT",
  "soon",
  mark,
  "1".repeat(300)
]

const text = (d: Dice): string => {
  switch (d.below(8)) {
    case 0:
      return `"${d.one(pieces)}${mark}${d.one(pieces)}"`
    case 1:
      return `"${d.one(["bearer", "Bearer", "mac", "60", "3600", "3600s", "", ...words])}"`
    case 2:
      return `"${mark.repeat(d.one([1, 10, 3_277, 3_300]))}"`
    case 3: {
      const [iat, exp] = [d.below(1_000), d.one([0, 1_001, 2_000, 1e9, 1e300, -1])]
      return JSON.stringify(jwt({ iat, exp, [d.one(["nbf", "sub"])]: d.one([0, 500, mark, null]) }))
    }
    default:
      return `"${mark}-${d.below(1e6)}"`
  }
}

const value = (d: Dice, names: ReadonlyArray<string>, depth: number): string => {
  switch (d.below(depth > 4 ? 6 : 9)) {
    case 0:
      return d.one(["null", "true", "false"])
    case 1:
      return d.one(numbers)
    case 6:
      return `[${list(d, () => value(d, names, depth + 1))}]`
    case 7:
    case 8:
      return object(d, names, depth + 1)
    default:
      return text(d)
  }
}

const list = (d: Dice, item: () => string): string => Array.from({ length: d.below(5) }, item).join(space(d) + ",")

const space = (d: Dice): string => (d.below(8) === 0 ? d.one([" ", "\n", "\t", "\r\n  "]) : "")

const object = (d: Dice, names: ReadonlyArray<string>, depth = 0): string =>
  `{${list(d, () => {
    const key = d.below(4) === 0 ? d.one([...oddKeys, mark]) : d.one(names)
    return `${space(d)}${JSON.stringify(key)}${space(d)}:${value(d, names, depth)}`
  })}}`

/** A good answer with some of its members by the grammar, and some more. */
const mixed = (d: Dice, vendor: Vendor): string => {
  const names = Object.values(vendor.fields)
  const good = Object.entries(
    members(vendor, { access: `${mark}-${d.below(1e9)}`, refresh: `${mark}-${d.below(1e9)}` })
  )
  const all = good.map(
    ([key, given]) => `${JSON.stringify(key)}:${d.below(4) === 0 ? value(d, names, 2) : JSON.stringify(given)}`
  )
  if (d.below(3) === 0)
    all.splice(d.below(all.length), d.below(2), `"${d.one([...oddKeys, ...names])}":${value(d, names, 2)}`)
  return `{${all.join(`${space(d)},`)}}`
}

/** Some bytes of it flipped, left out, said twice, put in, or all of it cut short. */
const mutated = (d: Dice, good: string): Uint8Array => {
  let bytes = Buffer.from(good)
  for (let n = 1 + d.below(3); n > 0; n--) {
    const at = d.below(bytes.length + 1)
    const to = Math.min(bytes.length, at + d.below(12))
    const [before, inside, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
    switch (d.below(7)) {
      case 0:
        bytes = Buffer.concat([before, Buffer.from([d.below(256)]), bytes.subarray(at + 1)])
        break
      case 1:
        if (at < bytes.length) bytes[at]! ^= 1 << d.below(8)
        break
      case 2:
        bytes = Buffer.concat([before, after])
        break
      case 3:
        bytes = Buffer.concat([before, inside, inside, after])
        break
      case 4:
        bytes = Buffer.concat([before, Buffer.from(d.one(tokens)), bytes.subarray(at)])
        break
      case 5:
        bytes = Buffer.concat([after, inside, before])
        break
      default:
        bytes = d.below(4) === 0 ? Buffer.from(before) : bytes
    }
  }
  return bytes
}

/** What a token endpoint says. */
export const contents = (d: Dice, vendor: Vendor): Contents => {
  const kind = d.below(10)
  const body =
    kind < 4
      ? mutated(d, kind < 2 ? json(members(vendor, { access: `${mark}-${d.below(1e9)}` })) : mixed(d, vendor))
      : kind < 8
        ? mixed(d, vendor)
        : kind < 9
          ? object(d, Object.values(vendor.fields))
          : value(d, Object.values(vendor.fields), 0)
  const status = d.one(statuses)
  return { body, status, headers: status === 429 || status === 503 ? { "retry-after": d.one(pauses) } : {} }
}
