// What makes a set of tokens usable at all: which texts may be tokens, which lives are lives, and which end of a JWT
// counts. A complaint names fields and never shows a value.
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Redacted from "effect/Redacted"
import * as Issuer from "../src/Issuer.ts"

const year = 365 * 86_400_000
const jwt = (claims: object) =>
  [{ alg: "none" }, claims, "signature"].map((part) => Base64Url.encode(JSON.stringify(part))).join(".")

const read = (
  answer: { readonly access?: unknown; readonly refresh?: unknown; readonly life?: unknown } & {
    readonly defaultRefreshLife?: Duration.Duration
  }
) =>
  Issuer.tokenSet({
    accessToken: ["access_token", "access" in answer ? answer.access : "opaque"],
    refreshToken: ["refresh_token", answer.refresh],
    expiresIn: ["expires_in", answer.life],
    defaultLife: Duration.minutes(30),
    defaultRefreshLife: answer.defaultRefreshLife
  })

const given = (answer: Parameters<typeof read>[0]) => {
  const result = read(answer)
  assert(result._tag === "Success", `refused: ${JSON.stringify(result)}`)
  return result.success
}
const paths = (answer: Parameters<typeof read>[0]) => {
  const result = read(answer)
  assert(result._tag === "Failure", "accepted")
  assert.strictEqual(result.failure._tag, "MalformedResponse")
  return result.failure.paths
}

describe("a life", () => {
  it.each<[unknown, number]>([
    [3600, 3_600_000],
    ["3600", 3_600_000],
    [3599.9, 3_599_000],
    ["3599.9", 3_599_000],
    ["0003600", 3_600_000],
    [1, 1_000],
    ["1", 1_000],
    [1.999, 1_000],
    // What claims to live for ever lives a year.
    [31_536_000, year],
    [31_536_001, year],
    [2 ** 53 + 2, year],
    ["999999999999999", year],
    [1e300, year],
    [Infinity, year]
  ])("of %o seconds is %d ms", (life, millis) => assert.strictEqual(given({ life }).accessLife, millis))

  it.each([undefined, null])("that is %o is the vendor's documented one", (life) =>
    assert.strictEqual(given({ life }).accessLife, 1_800_000)
  )

  it("is the documented one too where the answer has no such field", () => {
    const result = Issuer.tokenSet({ accessToken: ["t", "opaque"], defaultLife: Duration.infinity })
    assert(result._tag === "Success")
    assert.strictEqual(result.success.accessLife, year)
    assert.strictEqual(result.success.details, null)
  })

  it.each<unknown>([
    0,
    -1,
    0.999,
    NaN,
    -Infinity,
    "",
    " ",
    "0",
    "-1",
    "0.5",
    "3600s",
    " 3600",
    "3600 ",
    "+3600",
    "0x10",
    "1e3",
    "3,600",
    "3600.",
    ".5",
    "NaN",
    "Infinity",
    "１２３",
    "1".repeat(16),
    "1".repeat(100_000),
    true,
    false,
    [],
    [3600],
    {},
    { valueOf: () => 3600 },
    3600n
  ])("that is %o is malformed, by the field's name", (life) => assert.deepStrictEqual(paths({ life }), ["expires_in"]))
})

describe("a token", () => {
  it.each(["a", "h.p.s", "aZ09-._~+/=", "!\"#$%&'()*,:;<>?@[\\]^`{|}", "x".repeat(16_384)])(
    "may be any visible ASCII up to 16,384 characters: %s",
    (access) => {
      assert.strictEqual(Redacted.value(given({ access }).accessToken), access)
      assert.strictEqual(Redacted.value(given({ refresh: access }).refreshToken!), access)
    }
  )

  const bad: ReadonlyArray<unknown> = [
    "",
    " ",
    "a b",
    " a",
    "a ",
    "a\r\nX-Evil: 1",
    "a\n",
    "\ta",
    "a\0",
    "a\u007f",
    "ä",
    "a\u2028",
    "a\ud800",
    "x".repeat(16_385),
    5,
    true,
    {},
    ["a"],
    Symbol.iterator
  ]
  it.each([undefined, null, ...bad])("that is %o is malformed, by the field's name", (access) =>
    assert.deepStrictEqual(paths({ access }), ["access_token"])
  )

  it.each(bad)("to refresh that is %o is malformed: it does not pass for an absent one", (refresh) =>
    assert.deepStrictEqual(paths({ refresh }), ["refresh_token"])
  )

  it.each([undefined, null])("to refresh may be absent: %o", (refresh) => {
    const set = given({ refresh, defaultRefreshLife: Duration.days(30) })
    assert.isUndefined(set.refreshToken)
    assert.isUndefined(set.refreshLife)
  })

  it("prints as `<redacted>`", () => {
    const set = given({ access: "SECRET-1", refresh: "SECRET-2" })
    assert.notInclude(`${JSON.stringify(set)} ${String(set.accessToken)} ${String(set.refreshToken)}`, "SECRET")
  })

  it("and a life at fault are named together, and no value is shown", () => {
    const result = read({ access: "SE CRET", refresh: "SEC\nRET", life: "SECRET" })
    assert.deepStrictEqual(paths({ access: "SE CRET", refresh: "SEC\nRET", life: "SECRET" }), [
      "access_token",
      "refresh_token",
      "expires_in"
    ])
    assert.notMatch(JSON.stringify(result) + String(result), /SE ?C\n?RET/)
  })
})

describe("a JWT", () => {
  const at = 1_700_000_000

  it.each<[object, unknown, number, string]>([
    [{ iat: at, exp: at + 900 }, 3600, 900_000, "its own end is earlier"],
    [{ iat: at, exp: at + 7200 }, 3600, 3_600_000, "the stated end is earlier"],
    [{ iat: at, exp: at + 900 }, undefined, 900_000, "nothing is stated: its own life, and not the documented one"],
    [{ iat: at, exp: at + 7200 }, null, 7_200_000, "nothing is stated: its own life, though it is longer"],
    [{ nbf: at, exp: at + 900 }, 3600, 900_000, "counted from `nbf`"],
    [{ iat: at, nbf: at + 60, exp: at + 900 }, 3600, 840_000, "of `exp - iat` and `exp - nbf` the smaller one"],
    [{ iat: at + 60, nbf: at, exp: at + 900 }, 3600, 840_000, "of `exp - iat` and `exp - nbf` the smaller one"],
    [{ exp: at + 900 }, 3600, 3_600_000, "`exp` alone says nothing to a clock that may be wrong"],
    [{ exp: at + 900 }, undefined, 1_800_000, "`exp` alone, and nothing stated: the documented life"],
    [{ iat: at }, 3600, 3_600_000, "no end of its own"],
    [{ iat: at, exp: at + 1e12 }, undefined, year, "a year at most"]
  ])("%o with %o lives %d ms: %s", (claims, life, millis) =>
    assert.strictEqual(given({ access: jwt(claims), life }).accessLife, millis)
  )

  it.each([
    { iat: at, exp: at },
    { iat: at, exp: at - 900 },
    { iat: at, exp: at + 0.9 }
  ])("%o is dead when it is issued: malformed, by the claim", (claims) =>
    assert.deepStrictEqual(paths({ access: jwt(claims), life: 3600 }), ["access_token.exp"])
  )

  it("that is no JWT after all is an opaque token", () => {
    for (const access of ["a.b.c", `a.${Base64Url.encode("[]")}.c`, `a.${Base64Url.encode('{"exp":"soon"}')}.c`]) {
      assert.strictEqual(given({ access, life: 60 }).accessLife, 60_000)
    }
  })

  it("to refresh has its own life, else the documented one, else none", () => {
    const month = { defaultRefreshLife: Duration.days(30) }
    assert.strictEqual(given({ refresh: jwt({ iat: at, exp: at + 1800 }), ...month }).refreshLife, 1_800_000)
    assert.strictEqual(given({ refresh: "opaque", ...month }).refreshLife, 30 * 86_400_000)
    assert.isUndefined(given({ refresh: "opaque" }).refreshLife)
  })
})
