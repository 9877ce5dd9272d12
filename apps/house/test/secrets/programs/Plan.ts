// What a program that runs in a process of its own is told, and how it is given a secret.
// A secret comes as the two halves of a mask: neither is the secret, so that a search finds only what the program, and
// the library in it, made of it.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import type { Name as WayName } from "../Vendors.ts"

/** The three HTTP clients that an app may have. */
export const clients = {
  fetch: FetchHttpClient.layer,
  "node:http": NodeHttpClient.layerNodeHttp,
  undici: NodeHttpClient.layerUndici
}

export type ClientName = keyof typeof clients

/** A secret that does not look like itself. */
export interface Masked {
  readonly mask: string
  readonly masked: string
}

export interface Plan {
  readonly way: WayName
  readonly client: ClientName
  readonly baseUrl: string
  readonly resource: string
  readonly secret: Masked
}

export const mask = (secret: string): Masked => {
  const clear = Buffer.from(secret)
  const key = randomBytes(clear.length)
  return { mask: key.toString("hex"), masked: Buffer.from(clear.map((byte, at) => byte ^ key[at]!)).toString("hex") }
}

export const unmask = ({ mask, masked }: Masked): Redacted.Redacted<string> => {
  const key = Buffer.from(mask, "hex")
  const clear = Buffer.from(masked, "hex").map((byte, at) => byte ^ key[at]!)
  const secret = Redacted.make(new TextDecoder().decode(clear))
  clear.fill(0)
  return secret
}

/** The plan that this process was started with. */
export const read = <P extends Plan>(): P => JSON.parse(process.argv[2]!) as P
