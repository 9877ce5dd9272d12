// What each package may weigh, in bytes of gzip, and why so much.
// Decided here: the programs that are weighed, and their budgets. A budget over the aim is the size reached plus 5 %,
// with its reason; one that is never met again is lowered. Not here: how a program is weighed (`Bundle`).
import * as Bundle from "./Bundle.ts"

/** One budget, and how its weight is found. */
export interface Budget {
  readonly what: string
  readonly gzip: number
  readonly weigh: () => Promise<number>
}

const all = (...names: ReadonlyArray<string>) => names.map((name) => `export * from "@vendor-auth/${name}"`).join(";")
const own = async (...names: ReadonlyArray<string>) => (await Bundle.bundle(all(...names))).gzip

/** What a program takes that has one account of a vendor: all but `layerMany`, its tag, and what they stand on. */
const oneAccount = async (name: string, vendor: string) => {
  const used = [vendor, "make", "layer", "layerConfig", "config", "httpClient"].map((member) => `V.${member}`)
  const program = `import { ${vendor} as V } from "@vendor-auth/${name}"; export const used = [${used.join(", ")}]`
  return (await Bundle.bundle(program)).gzip
}

/** What a vendor adds to a program that has another one already. */
const further = (vendor: string, beside: string) => async () => (await own(beside, vendor)) - (await own(beside))

const imports = [
  'import * as Effect from "effect/Effect"',
  'import * as FetchHttpClient from "effect/http/FetchHttpClient"',
  'import * as HttpClient from "effect/http/HttpClient"',
  'import * as Layer from "effect/Layer"'
].join(";")

/** A program that calls an API by Effect's client over fetch. */
export const without = `${imports};
Effect.runPromise(Effect.provide(HttpClient.get("https://api.test/x"), FetchHttpClient.layer))`

/** The same program with a vendor, set up and used as the README does. */
export const withVendor = `${imports};
import { LogiSenseAuth as V } from "@vendor-auth/logisense";
Effect.runPromise(Effect.provide(Effect.flatMap(V.httpClient, (client) => client.get("/x")),
  Layer.provideMerge(V.layerConfig(V.config), FetchHttpClient.layer)))`

const grown = async () => {
  const [before, after] = [without, withVendor].map((program) => Bundle.bundle(program, { isEffectInside: true }))
  return (await after!).gzip - (await before!).gzip
}

/**
 * The aim for core with one vendor is 5.4 KB. It is not met: core is one machine, every part of which the first read of
 * a token needs (`pnpm size` prints the parts), so that tree-shaking leaves nothing out. The largest are the session's
 * protocol that lets processes share a store, the flight, the engine, the exchange with its judgement of half answers,
 * the error's reasons with the sentences that people read, and the client that heals a 401.
 */
const oneVendor = 16_300

/** Beside that: the accounts in memory, their timer, the rounds of what is due, and the budget of retries. */
const manyAccounts = 19_000

export const budgets: ReadonlyArray<Budget> = [
  { what: "core with LogiSense", gzip: oneVendor, weigh: () => oneAccount("logisense", "LogiSenseAuth") },
  { what: "core with LRS Connect", gzip: oneVendor, weigh: () => oneAccount("lrs-connect", "LrsConnectAuth") },
  { what: "core with ItemPath", gzip: oneVendor, weigh: () => oneAccount("itempath", "ItemPathAuth") },
  { what: "core with LogiSense, many accounts too", gzip: manyAccounts, weigh: () => own("logisense") },
  { what: "LogiSense beside LRS Connect", gzip: 1_024, weigh: further("logisense", "lrs-connect") },
  { what: "LRS Connect beside LogiSense", gzip: 1_024, weigh: further("lrs-connect", "logisense") },
  { what: "ItemPath beside LRS Connect", gzip: 1_024, weigh: further("itempath", "lrs-connect") },
  // Any server of RFC 6749: discovery, five ways to prove who the client is, revocation; no vendor's 1 KB.
  { what: "OAuth 2.0 beside LRS Connect", gzip: 2_810, weigh: further("oauth2", "lrs-connect") },
  // Two databases, sealing with a key ring, migrations and upkeep; core outside, which its user has anyway.
  {
    what: "the SQL store, core outside",
    gzip: 6_800,
    weigh: async () => (await Bundle.bundle(all("store-sql"), { outside: ["@vendor-auth/core"] })).gzip
  },
  // Two thirds of it is Effect's: Schema, Config, Schedule and Metric, unless the program has them already.
  { what: "in all, what one vendor makes a program that calls an API over fetch grow by", gzip: 44_500, weigh: grown }
]
