// Reading a JWT's claims of time: nothing is verified, and nothing that is no JWT is an error.
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as JwtClaims from "../src/JwtClaims.ts"

const withPayload = (payload: string) => `e30.${Base64Url.encode(payload)}.c2ln`
const jwt = (claims: unknown) => withPayload(JSON.stringify(claims))

describe("read", () => {
  it("gives the claims of time, fractions too, and no other", () => {
    const claims = JwtClaims.read(jwt({ exp: 3, iat: 1.5, nbf: 2, sub: "someone", scope: ["a"] }))
    assert.deepStrictEqual(Option.getOrThrow(claims), { exp: 3, iat: 1.5, nbf: 2 })
  })

  it("gives what there is of them", () => {
    assert.deepStrictEqual(Option.getOrThrow(JwtClaims.read(jwt({}))), {})
    assert.deepStrictEqual(Option.getOrThrow(JwtClaims.read(jwt({ exp: 0 }))), { exp: 0 })
  })

  it("reads the payload of a token of the public sample's shape, with characters beyond ASCII", () => {
    const payload = Buffer.from('{"name":"Zürich 💙","iat":1667332181,"exp":1667333980}').toString("base64url")
    assert.deepStrictEqual(Option.getOrThrow(JwtClaims.read(`e30.${payload}.c2ln`)), {
      iat: 1667332181,
      exp: 1667333980
    })
  })

  it.each([
    ["nothing", ""],
    ["one part", "opaque"],
    ["two parts", `e30.${Base64Url.encode("{}")}`],
    ["four parts", `${jwt({ exp: 1 })}.x`],
    ["a payload that is empty", "e30..c2ln"],
    ["a payload that is no base64url", "e30.****.c2ln"],
    ["a payload of one character", "e30.e.c2ln"],
    ["a payload that is no JSON", withPayload("exp=1")],
    ["a payload that is no object", jwt([])],
    ["a payload that is null", jwt(null)],
    ["a payload that is a number", jwt(5)],
    ["an `exp` that is a text", jwt({ exp: "1700000000" })],
    ["an `exp` that is null", jwt({ exp: null })],
    ["an `exp` beyond all numbers", withPayload('{"exp":1e400,"iat":1}')],
    ["an `nbf` that is an object", jwt({ exp: 5, iat: 1, nbf: {} })]
  ])("gives none for %s", (_, token) => {
    assert.isTrue(Option.isNone(JwtClaims.read(token)))
    assert.isUndefined(JwtClaims.life(token))
  })

  it("is not misled by keys of the prototype", () => {
    assert.deepStrictEqual(Option.getOrThrow(JwtClaims.read(withPayload('{"__proto__":{"exp":1},"iat":5}'))), {
      iat: 5
    })
    assert.isUndefined(JwtClaims.life(withPayload('{"__proto__":{"exp":9},"iat":5}')))
    assert.isUndefined(Reflect.get({}, "exp"))
  })

  it.prop(
    "never throws, whatever the text",
    [Arbitrary.schema(Schema.String), Arbitrary.schema(Schema.String)],
    ([a, b]) => {
      for (const token of [a, `${a}.${b}.${a}`, withPayload(a), withPayload(`{"exp":${b}}`)]) {
        JwtClaims.read(token)
        const life = JwtClaims.life(token)
        assert.isTrue(life === undefined || Number.isFinite(life))
      }
    },
    { arbitrary: { runs: 1_000 } }
  )
})

describe("life", () => {
  it.each([
    ["from `iat`", { iat: 100, exp: 1_000 }, 900_000],
    ["from `nbf`", { nbf: 100, exp: 1_000 }, 900_000],
    ["from the later of both, `nbf`", { iat: 90, nbf: 100, exp: 1_000 }, 900_000],
    ["from the later of both, `iat`", { iat: 100, nbf: 90, exp: 1_000 }, 900_000],
    ["in fractions", { iat: 100.25, exp: 101.5 }, 1_250],
    ["not positive, when it is dead already", { iat: 100, exp: 90 }, -10_000],
    ["unknown without a beginning", { exp: 1_000 }, undefined],
    ["unknown without an end", { iat: 100, nbf: 100 }, undefined],
    ["unknown without claims", {}, undefined]
  ])("is %s", (_, claims, millis) => assert.strictEqual(JwtClaims.life(jwt(claims)), millis))

  it("does not depend on any clock: claims of the year 1970 or 2100 count the same", () => {
    for (const iat of [0, 1_700_000_000, 4_102_444_800]) {
      assert.strictEqual(JwtClaims.life(jwt({ iat, exp: iat + 60 })), 60_000)
    }
  })
})
