// Which bytes are a JSON object, in a token answer and in an error answer.
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as JsonText from "../src/JsonText.ts"

const read = (text: string | Uint8Array, isExact = true) =>
  Result.match(JsonText.read(typeof text === "string" ? new TextEncoder().encode(text) : text, isExact), {
    onFailure: (fault) => fault as unknown,
    onSuccess: (members) => members as unknown
  })
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe("an object's text", () => {
  it("gives its members", () => {
    assert.deepStrictEqual(read(' {"a": [1, {"b": null}], "": "x"} '), { a: [1, { b: null }], "": "x" })
    assert.deepStrictEqual(read("{}"), {})
  })

  it.each(["", " ", "null", "5", '"x"', "[]", "[{}]", "{", '{"a":1', '{"a":1}{}', "{'a':1}", "{a:1}"])(
    "%s is none",
    (text) => assert.strictEqual(read(text), "(body)")
  )

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":{}}',
    '{"a":{"b":1},"a":2}',
    '{"a":[1,2],"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"a\\"":1,"a\\"":2}',
    '{"\\\\":1,"\\\\":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}'
  ])("%s says a key twice", (text) => {
    assert.strictEqual(read(text), "(duplicate key)")
    assert.strictEqual(read(text, false), "(duplicate key)")
  })

  it.each([
    '{"a":{"b":1,"b":2}}',
    '{"a":[{"a":1},{"a":2}]}',
    '{"a":"b","b":"a","c":["a","a"]}',
    '{"a":"\\",\\"a\\":","b":1}',
    '{"a":"{","b":"}","c":"[","d":"]"}',
    '{"a":1,"A":2}'
  ])("%s does not", (text) => assert.deepStrictEqual(read(text), JSON.parse(text)))

  it("is UTF-8 without a byte order mark in a token answer, and read as far as it can be in an error answer", () => {
    for (const bytes of [
      latin1('\xef\xbb\xbf{"a":"b"}'),
      latin1('{"a":"b","c":"\xfc"}'),
      latin1('{"a":"b","c":"\xc0\xa2"}')
    ]) {
      assert.strictEqual(read(bytes), "(body)")
      assert.deepInclude(read(bytes, false) as object, { a: "b" })
    }
    assert.strictEqual(read(Buffer.from('{"a":1}', "utf16le"), false), "(body)")
  })
})
