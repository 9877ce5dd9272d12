// Reads a heap snapshot of V8 and counts the copies of secrets in it.
// Decided here: a copy is a string of the heap that holds the secret in some form, or a part of it that tells it from
// every other one. V8 writes the first 1,024 characters of a string. Bytes outside of V8's heap are not seen.
import { readFileSync } from "node:fs"
import { finder } from "./Canary.ts"

interface Written {
  readonly snapshot: { readonly meta: { readonly node_fields: ReadonlyArray<string> } }
  readonly nodes: ReadonlyArray<number>
  readonly strings: ReadonlyArray<string>
}

/** How many strings of the heap hold each of the secrets. */
export const copies = (path: string, secrets: ReadonlyArray<string>): ((secret: string) => number) => {
  const { nodes, snapshot, strings } = JSON.parse(readFileSync(path, "utf8")) as Written
  const fields = snapshot.meta.node_fields
  // Equal strings are written once, whoever holds them.
  const owners = new Map<number, number>()
  for (let at = fields.indexOf("name"); at < nodes.length; at += fields.length) {
    owners.set(nodes[at]!, (owners.get(nodes[at]!) ?? 0) + 1)
  }
  const find = finder(secrets.map((text) => ({ name: text, text })))
  const counts = new Map<string, number>()
  for (const [at, string] of strings.entries()) {
    for (const secret of new Set(find(string).map((found) => found.secret))) {
      counts.set(secret, (counts.get(secret) ?? 0) + (owners.get(at) ?? 0))
    }
  }
  return (secret) => counts.get(secret) ?? 0
}
