// `pnpm size`: what each package weighs beside its budget, and by module where the bytes of core and one vendor go.
// Decided here: how it is printed. Not here: what is weighed and what is too much (`Budgets`); going over a budget
// fails `test/Sizes.test.ts`.
import * as Published from "../Published.ts"
import * as Bundle from "./Bundle.ts"
import { budgets } from "./Budgets.ts"

const row = (bytes: number, text: string) => console.log(`${bytes.toLocaleString("en").padStart(8)} ${text}`)

console.log("Own code of each package: minified, then bytes of gzip, what it imports outside")
for (const { entries, name } of Published.packages()) {
  const own = { outside: Published.packages().flatMap((other) => (other.name === name ? [] : [other.name])) }
  const runners = ["@effect/vitest", "vitest"]
  const program = entries
    .filter(({ specifier }) => !/suite/i.test(specifier))
    .map(({ specifier }, index) => `export * as e${index} from "${specifier}"`)
    .join(";")
  const { gzip, minified } = await Bundle.bundle(program, { outside: [...own.outside, ...runners] })
  row(gzip, `${name} (${minified.toLocaleString("en")} minified)`)
}

console.log("\nBytes of gzip beside their budget")
for (const { gzip, weigh, what } of budgets) row(await weigh(), `of ${gzip.toLocaleString("en")}: ${what}`)

console.log("\nWhere the bytes of core with LogiSense go, by module, before they are minified and compressed")
const { modules } = await Bundle.bundle('export * from "@vendor-auth/logisense"')
for (const [path, bytes] of [...modules].toSorted(([, a], [, b]) => b - a)) row(bytes, path.replace("/dist/", "/"))
