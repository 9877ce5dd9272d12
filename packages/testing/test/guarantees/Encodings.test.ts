// Guarantees of group J, texts: what can stand in a header, how a password gets into a body and out of it again at the
// vendor's. Not here: how long reading a hostile text takes (`Linear.test.ts`).
import { assert, describe, it } from "@effect/vitest"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as Options from "@vendor-auth/core/Options"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { dice, patience } from "./Acme.ts"

const url = "https://acme.test/token"

describe("J5: no header is broken by a token", () => {
  const isVisible = (unit: number) => unit > 0x20 && unit < 0x7f
  const around = (unit: number) => {
    const text = String.fromCharCode(unit)
    return [`${text}x`, `x${text}x`, `x${text}`, text]
  }

  it("of all 65,536 code units only visible ASCII can stand in a token that an answer gives, wherever it stands", () => {
    for (let unit = 0; unit < 65_536; unit++) {
      for (const token of unit < 0x180 ? around(unit) : [around(unit)[unit % 4]!]) {
        const given = Issuer.tokenSet({
          accessToken: ["access_token", token],
          refreshToken: ["refresh_token", token],
          defaultLife: Duration.hours(1)
        })
        if (Result.isSuccess(given) === isVisible(unit)) continue
        assert.fail(`${unit.toString(16)} was ${Result.isSuccess(given) ? "taken" : "refused"}`)
      }
    }
  })

  it.effect("nor in one that is configured", () =>
    Effect.gen(function* () {
      const { token } = Options.checks("Acme")
      const units = [
        ...Array.from({ length: 0x180 }, (_, unit) => unit),
        0x010a,
        0x010d,
        0x2028,
        0xd800,
        0xfeff,
        0xff21
      ]
      for (const unit of units) {
        for (const text of around(unit)) {
          const result = yield* Effect.result(token("refreshToken", Redacted.make(text)))
          assert.strictEqual(Result.isSuccess(result), isVisible(unit), unit.toString(16))
        }
      }
    })
  )

  it("and a name or a password with a line break stays inside of its body", () => {
    const text = "x\r\nauthorization: Bearer x\r\n\r\nPOST /evil"
    for (const encode of [TokenEndpoint.form, TokenEndpoint.json]) {
      const request = encode(url, { username: text, password: Redacted.make(text) })
      assert.deepStrictEqual(Object.keys(request.headers).toSorted(), ["accept", "content-length", "content-type"])
      assert.notMatch(new TextDecoder().decode(bytesOf(request)), /[\r\n]/)
      assert.strictEqual(request.url, url)
    }
  })
})

function bytesOf({ body }: HttpClientRequest.HttpClientRequest): Uint8Array {
  assert(body._tag === "Uint8Array")
  return body.body
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const digits = (byte: number | undefined) => "0123456789ABCDEF".indexOf(String.fromCharCode(byte ?? 0))

/** Decodes a form as its specification has it, byte by byte, and without any help. */
const formFields = (bytes: Uint8Array): ReadonlyArray<readonly [string, string]> => {
  const fields: Array<[string, string]> = []
  let [out, name]: [Array<number>, string | undefined] = [[], undefined]
  const take = () => strict.decode(Uint8Array.from(out.splice(0)))
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at]
    if (byte === undefined || byte === 0x26) {
      fields.push([name ?? assert.fail("a field without ="), take()])
      name = undefined
    } else if (byte === 0x3d) {
      if (name !== undefined) assert.fail("a second =")
      name = take()
    } else if (byte === 0x25) {
      const [high, low] = [digits(bytes[++at]), digits(bytes[++at])]
      if (high < 0 || low < 0) assert.fail("a % without two digits")
      out.push(high * 16 + low)
    } else if (byte === 0x2b) out.push(0x20)
    // Nothing but what every server takes as it is.
    else if (/[\w.*-]/.test(String.fromCharCode(byte))) out.push(byte)
    else assert.fail(`a byte ${byte}`)
  }
  return fields
}

describe("J6: form and JSON bring any password over as it is, byte for byte as the vendor's server decodes it", () => {
  const awkward = [
    "&",
    "=",
    "+",
    "%",
    " ",
    "\0",
    '"',
    "\\",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "#",
    "?",
    "%2",
    "%00",
    "%26",
    "&a=b"
  ]
  const more = [
    "é",
    "e\u0301",
    "ß",
    "𝕏",
    "\u2028",
    "\uFEFF",
    "\u200D",
    "🏳️‍🌈",
    "</script>",
    "${x}",
    "'",
    "{",
    "\x7f",
    "__proto__"
  ]
  const pieces = [...awkward, ...more]
  /** All 1,112,064 of them, in their order. */
  const scalars = 0x110000 - 0x800
  const scalar = (n: number) => String.fromCodePoint(n % scalars < 0xd800 ? n % scalars : (n % scalars) + 0x800)
  const each = 12

  const number = 100_000
  const seed = Number(process.env["FUZZ_SEED"] ?? 1)

  it(
    `${number} passwords, with every character of Unicode in them`,
    () => {
      const { below, one } = dice(seed)
      for (let n = 0; n < number; n++) {
        // A dozen of all characters in turn, and some that encodings trip over between them.
        let password = ""
        for (let at = 0; at < each; at++) {
          password += scalar(n * each + at)
          if (below(3) === 0) password += one(pieces)
        }
        const say = () => `FUZZ_SEED=${seed}, number ${n}: ${JSON.stringify(password)}`
        const fields = { password: Redacted.make(password), username: password, none: undefined }
        const form = bytesOf(TokenEndpoint.form(url, fields))
        const expected = [
          ["password", password],
          ["username", password]
        ]
        const decoded = formFields(form)
        if (JSON.stringify(decoded) !== JSON.stringify(expected))
          assert.deepStrictEqual(decoded, expected as never, say())
        const byPlatform = [...new URLSearchParams(strict.decode(form))]
        if (JSON.stringify(byPlatform) !== JSON.stringify(expected))
          assert.deepStrictEqual(byPlatform, expected as never, say())
        const json = JSON.parse(strict.decode(bytesOf(TokenEndpoint.json(url, fields)))) as Record<string, unknown>
        if (json["password"] !== password || json["username"] !== password || Object.keys(json).length !== 2) {
          assert.deepStrictEqual(json, { password, username: password }, say())
        }
      }
      assert.isAtLeast(number * each, scalars)
    },
    patience
  )

  it("each awkward text alone, at each end and twice", () => {
    for (const piece of pieces) {
      for (const password of [piece, `${piece}x`, `x${piece}`, piece + piece, `${piece} ${piece}`]) {
        const fields = { password: Redacted.make(password) }
        assert.deepStrictEqual(formFields(bytesOf(TokenEndpoint.form(url, fields))), [["password", password]])
        const json = new TextDecoder().decode(bytesOf(TokenEndpoint.json(url, fields)))
        assert.deepStrictEqual(JSON.parse(json), { password })
      }
    }
  })

  it("half of a surrogate pair is no character: a form brings U+FFFD, as a browser's does, and JSON its escape", () => {
    const fields = { password: Redacted.make("a\ud800b\udc00") }
    assert.deepStrictEqual(formFields(bytesOf(TokenEndpoint.form(url, fields))), [["password", "a\ufffdb\ufffd"]])
    assert.strictEqual(
      new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(TokenEndpoint.json(url, fields))),
      '{"password":"a\\ud800b\\udc00"}'
    )
  })

  it("the body says its type, and a bearer request has none, its token in one header", () => {
    const fields = { password: Redacted.make("ä") }
    const form = TokenEndpoint.form(url, fields)
    assert.deepInclude(form.headers, { "content-type": "application/x-www-form-urlencoded", "content-length": "15" })
    const json = TokenEndpoint.json(url, fields)
    assert.deepInclude(json.headers, { "content-type": "application/json", "content-length": "17" })
    const bearer = TokenEndpoint.bearer(url, Redacted.make("rt"))
    assert.deepInclude(bearer.headers, { authorization: "Bearer rt", accept: "application/json" })
    assert.strictEqual(bearer.body._tag, "Empty")
    assert.isUndefined(bearer.headers["content-type"])
  })
})
