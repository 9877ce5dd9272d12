// Certificates for TLS on this machine, made when they are asked for with what Node brings: no file, no other program.
// Decided here: P-256 keys, one authority, and what can be wrong with a certificate. Not here: who trusts the authority.
// The bytes are DER (X.690) of an X.509 certificate (RFC 5280): tag, length, content.
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"

const der = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(parts)
  const length = content.length
  const prefix = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...prefix]), content])
}
const sequence = (...parts: ReadonlyArray<Uint8Array>) => der(0x30, ...parts)
const integer = (value: number) => der(0x02, Buffer.from([value]))
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"))
const isTrue = der(0x01, Buffer.from([0xff]))
const name = (text: string) => sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(text)))))
/** UTCTime, in whole seconds. */
const instant = (millis: number) =>
  der(0x17, Buffer.from(`${new Date(millis).toISOString().slice(2, 19).replace(/[-T:]/g, "")}Z`))
const extension = (id: string, value: Uint8Array, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [isTrue] : []), der(0x04, value))

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"))
const day = 86_400_000

const pem = (bytes: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64")}\n-----END CERTIFICATE-----\n`

const issue = (
  by: { readonly name: string; readonly key: KeyObject },
  subject: { readonly name: string; readonly key: KeyObject },
  serial: number,
  ends: number,
  ...extensions: ReadonlyArray<Uint8Array>
): string => {
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    ecdsaWithSha256,
    name(by.name),
    sequence(instant(ends - 2 * day), instant(ends)),
    name(subject.name),
    subject.key.export({ format: "der", type: "spki" }),
    der(0xa3, sequence(...extensions))
  )
  return pem(sequence(body, ecdsaWithSha256, bits(sign("sha256", body, by.key))))
}

/** The authority's certificate, and those of servers, each with its private key. */
export const make = () => {
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
  const [ca, server] = [keys(), keys()]
  const authority = { name: "Test authority", key: ca.privateKey }
  const now = Date.now()
  const isAuthority = extension("551d13", sequence(isTrue), true)
  const here = extension("551d11", sequence(der(0x87, Buffer.from([127, 0, 0, 1]))))
  const elsewhere = extension("551d11", sequence(der(0x82, Buffer.from("elsewhere.test"))))
  const subject = { name: "Acme", key: server.publicKey }
  return {
    authority: issue(authority, { name: authority.name, key: ca.publicKey }, 1, now + day, isAuthority),
    key: server.privateKey.export({ format: "pem", type: "pkcs8" }) as string,
    good: issue(authority, subject, 2, now + day, here),
    expired: issue(authority, subject, 3, now - day, here),
    wrongHost: issue(authority, subject, 4, now + day, elsewhere),
    selfSigned: issue({ name: "Acme", key: server.privateKey }, subject, 5, now + day, here)
  }
}
