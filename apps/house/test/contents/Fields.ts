// Rows about the members of an answer: tokens, their life, their type, and names in another vendor's style.
import { accepted, changed, type Due, malformed, type Row, row, written } from "./Row.ts"
import { jwt, mark, Raw } from "./Vendors.ts"

const show = (value: unknown): string => (value instanceof Raw ? value.text : JSON.stringify(value))
const long = (length: number): string => mark.padEnd(length, "x")
const life = (value: unknown, due: Due): Row => changed(show(value), { life: value }, due)
const year = 365 * 86_400

const noHeader = {
  "a CR": `${mark}\rx`,
  "an LF": `${mark}\nx`,
  "a CR, an LF and a header": `${mark}\r\nx-evil: 1`,
  "a NUL": `${mark}\0`,
  "a space": `${mark} x`,
  "a tab": `${mark}\tx`,
  "a letter that is not ASCII": `${mark}é`,
  "an emoji": `${mark}😀`,
  "a full-width letter": `${mark}\uFF21`,
  "an LF in disguise": `${mark}\u010A`,
  "a DEL": `${mark}\x7f`,
  "a line separator": `${mark}\u2028`,
  "an LF at its end": `${mark}\n`
}

export const fields: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "C3: an access token that is missing, null, a number, an object, empty, white space or over 16 KiB": [
    changed("missing", { access: undefined }, malformed("access")),
    ...[null, 5, true, {}, { value: mark }, [mark], "", " ", "\t", long(16_385)].map((access) =>
      changed(show(access).slice(0, 30), { access }, malformed("access"))
    ),
    changed("16 KiB is a token", { access: long(16_384) }, { access: long(16_384) }),
    row("an empty object", "{}", malformed("access"))
  ],

  "C4: a token with CR, LF, NUL, space, non-ASCII or DEL is an error before any header is built": [
    ...Object.entries(noHeader).flatMap(([what, text]) => [
      changed(`${what} in the access token`, { access: text }, malformed("access")),
      changed(`${what} in the refresh token`, { refresh: text }, malformed("refresh"))
    ]),
    changed("both of them", { access: `${mark} x`, refresh: `${mark} x` }, malformed("access", "refresh")),
    changed("every visible ASCII character is a token", { access: visible() }, { access: visible() })
  ],

  "C5: a life of 3600, of the text 3600 and of 3599.9 is 3600, 3600 and 3599 seconds": [
    life(3600, { life: 3600 }),
    life("3600", { life: 3600 }),
    life(3599.9, { life: 3599 }),
    life("3599.9", { life: 3599 }),
    life(new Raw("3.6e3"), { life: 3600 }),
    life(1, { life: 1 })
  ],

  "C6: a life that is impossible is an error, and one that is too long is a year": [
    ...[
      0,
      -0,
      -1,
      0.5,
      "0",
      "-1",
      "",
      " ",
      "3600s",
      "0x10",
      "1e3",
      " 3600",
      "3,600",
      "٣٦٠٠",
      "NaN",
      "Infinity",
      true,
      [],
      [3600],
      {}
    ].map((value) => life(value, malformed("life"))),
    life(new Raw("-1e400"), malformed("life")),
    life(new Raw("1e400"), { life: year }),
    life(new Raw("9007199254740993"), { life: year }),
    life("999999999999999", { life: year }),
    life("1".repeat(400), malformed("life")),
    life(100 * year, { life: year })
  ],

  "C7: without a life the JWT's own, else the one that the vendor documents": [
    changed("missing", { life: undefined, type: undefined }, { life: "documented" }),
    changed("null", { life: null, type: null }, { life: "documented" }),
    { ...changed("missing", {}, { life: "documented" }), title: "a plain token without a life", contents: plain },
    withJwt("a JWT of 100 s", { iat: 1_000, exp: 1_100 }, undefined, { life: 100 }),
    withJwt("a JWT with nbf alone", { nbf: 1_000, exp: 1_200 }, undefined, { life: 200 }),
    withJwt("a JWT of an hour, whatever its clock", { iat: 9_000_000_000, exp: 9_000_003_600 }, undefined, {
      life: 3600
    }),
    withJwt("a JWT that states no life", { sub: mark }, undefined, { life: "documented" }),
    withJwt("a JWT whose exp is a text", { iat: 1_000, exp: "1100" }, undefined, { life: "documented" })
  ],

  "C8: where the JWT and the stated life disagree the earlier one holds": [
    withJwt("100 s and 3600", { iat: 1_000, exp: 1_100 }, 3600, { life: 100 }),
    withJwt("7200 s and 60", { iat: 1_000, exp: 8_200 }, 60, { life: 60 }),
    withJwt("nbf later than iat", { iat: 1_000, nbf: 1_050, exp: 1_100 }, 3600, { life: 50 }),
    withJwt("a JWT that dies as it is born", { iat: 1_000, exp: 1_000 }, 3600, malformed("access.exp")),
    withJwt("a JWT that dies before", { iat: 2_000, exp: 1_000 }, undefined, malformed("access.exp")),
    withJwt("a JWT that lives for ever", { iat: 0, exp: 1e300 }, undefined, { life: year })
  ],

  "C9: a type that is missing or Bearer in any capitals is taken, mac or 5 is an error": [
    changed("missing", { type: undefined }, accepted),
    ...["bearer", "BEARER", "Bearer"].map((type) => changed(type, { type }, accepted)),
    ...["mac", "DPoP", "", "bearer ", mark, "\u212Aearer", 5, true, {}, ["bearer"]].map((type) =>
      changed(show(type), { type }, malformed("type"))
    )
  ],

  "C15: an answer with an empty refresh token is an error": [
    ...["", " ", 0, false, {}, [], long(16_385)].map((refresh) =>
      changed(show(refresh).slice(0, 30), { refresh }, malformed("refresh"))
    ),
    changed("null is none", { refresh: null }, accepted)
  ],

  "C16: names in the other vendors' style are unknown, and unknown members are ignored": [
    written(
      "snake_case where camelCase is due, and the reverse",
      (good, { fields, name }) =>
        // ItemPath's page does not say how a refresh spells it, so that both spellings are read there.
        name === "ItemPath"
          ? undefined
          : good.replace(`"${fields.access}"`, fields.access.includes("_") ? '"accessToken"' : '"access_token"'),
      malformed("access")
    ),
    written(
      "in capitals",
      (good, { fields }) => good.replace(`"${fields.access}"`, `"${fields.access.toUpperCase()}"`),
      malformed("access")
    ),
    written(
      "wrapped as LRS wraps others",
      (good) => `{"responseType":"${mark}","returnObject":${JSON.stringify(good)}}`,
      malformed("access")
    ),
    changed("members that nobody knows", { more: { id_token: mark, a: { b: [mark, null, 1.5] }, "": "" } }, accepted)
  ]
}

function visible(): string {
  return mark + Array.from({ length: 94 }, (_, n) => String.fromCharCode(0x21 + n)).join("")
}

function plain({ fields }: Parameters<Row["contents"]>[0]) {
  return { body: JSON.stringify({ [fields.access]: `access-${mark}` }) }
}

/** A vendor that states no life is asked too, where nothing is stated. */
function withJwt(title: string, claims: Readonly<Record<string, unknown>>, stated: number | undefined, due: Due): Row {
  const access = jwt(claims)
  return {
    title,
    contents: ({ fields }) =>
      stated !== undefined && fields.life === undefined
        ? undefined
        : { body: JSON.stringify({ [fields.access]: access, ...(fields.life && { [fields.life]: stated }) }) },
    due: "malformed" in due ? due : { access, ...due }
  }
}
