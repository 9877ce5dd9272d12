// Rows about an answer as a whole: what is no JSON object, media types, keys, encodings, and answers that say no.
import { accepted, changed, malformed, type Row, row, written } from "./Row.ts"
import { mark, password, Raw } from "./Vendors.ts"

const html = `<!doctype html><html><body>access-${mark}</body></html>`
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
const bytes = (encoding: BufferEncoding, text: string) => new Uint8Array(Buffer.from(text, encoding))
const bigEndian = (text: string) => new Uint8Array(Buffer.from(`\uFEFF${text}`, "utf16le").swap16())
const refused = (word?: string) =>
  `InvalidCredentials ${JSON.stringify({ status: 400, ...(word !== undefined && { code: word }) })}`
const requestRefused = (status: number, word?: string) =>
  `RequestRefused ${JSON.stringify({ status, ...(word !== undefined && { code: word }) })}`

export const bodies: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "C1: truncated JSON, an empty body, null, [], a string, a number, an HTML page, a plain-text token": [
    written("truncated JSON", (good) => good.slice(0, -1), malformed("(body)")),
    written("JSON cut in the token", (good) => good.slice(0, good.indexOf(mark) + 3), malformed("(body)")),
    row("an empty body", "", malformed("(body)")),
    row("white space", " \r\n\t", malformed("(body)")),
    row("null", "null", malformed("(body)")),
    row("[]", "[]", malformed("(body)")),
    written("the good answer in a list", (good) => `[${good}]`, malformed("(body)")),
    row("a string", `"access-${mark}"`, malformed("(body)")),
    row("a number", "3600", malformed("(body)")),
    row("true", "true", malformed("(body)")),
    row("an HTML page with 200", { body: html, headers: { "content-type": "text/html" } }, malformed("(body)")),
    row(
      "a plain-text token",
      { body: `access-${mark}`, headers: { "content-type": "text/plain" } },
      malformed("(body)")
    ),
    written("a form", (_, { fields }) => `${fields.access}=access-${mark}&${fields.life}=60`, malformed("(body)")),
    written("two answers, one after the other", (good) => good + good, malformed("(body)")),
    written("JSON in JSON", (good) => JSON.stringify(good), malformed("(body)")),
    row("204 without a body", { body: "", status: 200, headers: { "content-length": "0" } }, malformed("(body)"))
  ],

  "C2: a wrong or missing content type with valid JSON is accepted, and HTML is not looked into": [
    changed("no content type", {}, accepted, { headers: {} }),
    ...["text/plain", "text/html; charset=utf-8", "application/octet-stream", "application/x-www-form-urlencoded"].map(
      (type) => changed(type, {}, accepted, { headers: { "content-type": type } })
    ),
    changed("a content type that is none", {}, accepted, { headers: { "content-type": "%%" } }),
    row("HTML that says it is JSON", html, malformed("(body)")),
    written("JSON inside of HTML", (good) => `<html><script>${good}</script></html>`, malformed("(body)"))
  ],

  "C10: a key that is said twice is an error": [
    written(
      "the access token, the same",
      (good, v) => twice(good, v.fields.access, `access-${mark}`),
      malformed("(duplicate key)")
    ),
    written(
      "the access token, another",
      (good, v) => twice(good, v.fields.access, `other-${mark}`),
      malformed("(duplicate key)")
    ),
    written(
      "the access token, once as null",
      (good, v) => twice(good, v.fields.access, null),
      malformed("(duplicate key)")
    ),
    written(
      "the refresh token",
      (good, v) => twice(good, v.fields.refresh, `other-${mark}`),
      malformed("(duplicate key)")
    ),
    written("the life", (good, v) => v.fields.life && twice(good, v.fields.life, 60), malformed("(duplicate key)")),
    written(
      "the access token, once with an escape in its name",
      (good, v) =>
        good.replace(`"${v.fields.access}"`, `"${v.fields.access.replace("a", "\\u0061")}":"x","${v.fields.access}"`),
      malformed("(duplicate key)")
    ),
    written(
      "a key with quotes in it",
      (good) => good.replace("{", '{"a\\"":1,"a\\"":2,'),
      malformed("(duplicate key)")
    ),
    written(
      "a key inside of an unknown member is that member's own",
      (good) => good.replace("{", '{"a":{"b":1,"b":2},'),
      accepted
    ),
    changed("a value that is a key's name is no key", { more: { a: ["a", "b", "a"], b: "a" } }, accepted)
  ],

  "C11: __proto__, constructor and toString as keys are ignored, and Object.prototype is unchanged": [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "then",
    "toJSON"
  ].flatMap((key) => [
    changed(`${key} beside a good answer`, { more: entry(key, { access: mark }) }, accepted),
    written(`${key} with the tokens inside`, (good) => `{${JSON.stringify(key)}:${good}}`, malformed("access"))
  ]),

  "C12: 100,000-deep nesting, a byte order mark, UTF-16, invalid UTF-8": [
    row("100,000 lists", nested(100_000), malformed("(body)")),
    row("100,000 objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, malformed("access")),
    row("100,000 lists that never end", "[".repeat(1_000_000), malformed("(body)")),
    changed("100,000 lists in place of the access token", { access: new Raw(nested(100_000)) }, malformed("access")),
    changed("100,000 lists in place of the life", { life: new Raw(nested(100_000)) }, malformed("life")),
    changed(
      "100,000 lists in members that are kept",
      { more: { audience: new Raw(nested(100_000)), scope: new Raw(nested(100_000)), login: true } },
      accepted
    ),
    written("UTF-8 with a byte order mark", (good) => `\uFEFF${good}`, malformed("(body)")),
    written("UTF-16, little end first", (good) => bytes("utf16le", good), malformed("(body)")),
    written("UTF-16 with a byte order mark", (good) => bigEndian(good), malformed("(body)")),
    written(
      "a byte that is not UTF-8 in the token",
      (good) => bytes("latin1", good.replace(mark, `\xFF${mark}`)),
      malformed("(body)")
    ),
    written(
      "a byte that is not UTF-8 in another member",
      (good) => bytes("latin1", good.replace("{", '{"a":"\xE9",')),
      malformed("(body)")
    ),
    written("an overlong quote", (good) => bytes("latin1", good.replace("{", '{"a":"\xC0\xA2",')), malformed("(body)")),
    written("half of a surrogate pair, escaped", (good) => good.replace(mark, `\\ud800${mark}`), malformed("access")),
    written("a zero byte between the members", (good) => good.replace(",", "\0,"), malformed("(body)")),
    row("a MiB of backslashes", `{"a":"${"\\\\".repeat(500_000)}"}`, malformed("access")),
    row("70,000 keys", `{${Array.from({ length: 70_000 }, (_, n) => `"k${n}":${n}`).join()}}`, malformed("access"))
  ],

  "C13: a 200 with an error word is that error": [
    changed("invalid_grant beside tokens", { more: { error: "invalid_grant" } }, both(refused("invalid_grant"))),
    row("invalid_grant alone", '{"error":"invalid_grant"}', both(refused("invalid_grant"))),
    row("invalid_request", '{"error":"invalid_request"}', both(requestRefused(400, "invalid_request"))),
    row("an unknown word", `{"error":"${mark}"}`, { login: refused(), refresh: requestRefused(400) }),
    changed("an error that is an object is none", { more: { error: { code: mark } } }, accepted),
    changed("an empty or null error is none", { more: { error: null } }, accepted)
  ],

  "C18: of an error that says back the password or a token only a known word is kept": [
    ...[mark, password, `invalid_grant ${mark}`, mark.repeat(40)].map((echo) =>
      row(
        `400 with ${echo.length} characters that are no known word`,
        {
          status: 400,
          body: JSON.stringify({ error: echo, error_description: echo, errorCode: echo, msg: echo, [echo]: echo })
        },
        { login: refused(), refresh: requestRefused(400) }
      )
    ),
    row(
      "400 with a known word and a description",
      {
        status: 400,
        body: JSON.stringify({ error: "invalid_grant", error_description: `${password} ${mark}`, error_uri: mark })
      },
      both(refused("invalid_grant"))
    ),
    row(
      "400 with a known word, and a description that is not UTF-8",
      { status: 400, body: bytes("latin1", `{"error":"invalid_grant","error_description":"ung\xFCltig ${mark}"}`) },
      both(refused("invalid_grant"))
    ),
    row(
      "400 with the word said twice",
      { status: 400, body: '{"error":"invalid_grant","error":"server_error"}' },
      {
        login: refused(),
        refresh: requestRefused(400)
      }
    ),
    row(
      "400 with a page",
      { status: 400, body: `${html} ${password}` },
      { login: refused(), refresh: requestRefused(400) }
    ),
    row("409 with a page", { status: 409, body: html }, { login: requestRefused(409), refresh: requestRefused(409) }),
    row(
      "500 with a page",
      { status: 500, body: `${html} ${password}` },
      both('Unreachable {"outcome":"Answered","status":500}')
    ),
    row(
      "302 to an address with the token",
      { status: 302, body: html, headers: { location: `https://vendor.test/${mark}` } },
      both('MalformedResponse {"paths":["(redirect)"]}')
    ),
    row(
      "429 with a header that says it back",
      { status: 429, body: html, headers: { "retry-after": mark, "x-echo": mark } },
      both("Throttled {}")
    )
  ]
}

function both(says: string) {
  return { login: says, refresh: says }
}

function twice(good: string, key: string, value: unknown): string {
  return good.replace("{", `{"${key}":${JSON.stringify(value)},`)
}

/** An own member, whatever its name. */
function entry(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return Object.defineProperty({}, key, { value, enumerable: true }) as Readonly<Record<string, unknown>>
}
