/**
 * `pnpm sabotage`: proof that the tests bite. Applies each wrong version of the list in a scratch copy and demands that
 * a test fails; `--only <word>` takes those whose title contains the word.
 *
 * Decided here: the order of things, and what is printed. First the list must fit the code, then the copy is proved to
 * be what its tests import, then all tests pass unsabotaged, then each sabotage is tried, two at a time. Not here: the
 * list (`Sabotages`), the copy (`Copy`), and a run's judgement (`Run`).
 */
import { parseArgs, styleText } from "node:util"
import * as Copy from "./Copy.ts"
import * as Run from "./Run.ts"
import * as Sabotage from "./Sabotage.ts"
import { all } from "./Sabotages.ts"

/** How many runs go on at once. */
const width = 2

const { only } = parseArgs({ options: { only: { type: "string" } } }).values
const chosen = all.filter(({ title }) => only === undefined || title.toLowerCase().includes(only.toLowerCase()))

const paint = (color: "green" | "red" | "dim", text: string) =>
  process.stdout.isTTY && !process.env["NO_COLOR"] ? styleText(color, text, { validateStream: false }) : text

const clip = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const stop = (why: string): never => {
  console.error(paint("red", why))
  process.exit(1)
}

interface Row {
  readonly title: string
  readonly isCaught: boolean
  readonly by: string
  readonly seconds: number
}

/** A test file of each folder that is copied. */
const probes = [
  "packages/core/test/Session.test.ts",
  "packages/testing/test/AuthHttpClient.test.ts",
  "packages/logisense/test/LogiSenseAuth.test.ts",
  "packages/lrs-connect/test/LrsConnectAuth.test.ts",
  "packages/itempath/test/ItemPathAuth.test.ts",
  "packages/oauth2/test/OAuth2Auth.test.ts",
  "packages/store-sql/test/Sealing.test.ts",
  "apps/house/test/Secrets.test.ts"
]

/** Says which entries the code has outgrown. */
const checkList = (copy: Copy.Copy) => {
  const outdated = chosen.flatMap((sabotage) => {
    const applied = Sabotage.apply(copy.read(sabotage.file), Sabotage.edits(sabotage))
    return "fault" in applied ? [`  ${sabotage.title}\n    ${sabotage.file}: ${applied.fault}`] : []
  })
  if (outdated.length > 0) stop(`The list of sabotages is out of date:\n${outdated.join("\n")}`)
}

/** A module that every engine runs, broken on purpose: tests that pass all the same do not import the copy. */
const checkCopy = async (copy: Copy.Copy) => {
  const file = "packages/core/src/Session.ts"
  const text = copy.read(file)
  copy.write(file, `${text}\nthis is no program\n`)
  for (const test of probes) {
    const { _tag } = await Run.run(copy, [test])
    if (_tag !== "Broken") stop(`${test} does not see a broken ${file} of the copy: its run has ${_tag.toLowerCase()}`)
  }
  copy.write(file, text)
}

const checkGreen = async (copies: ReadonlyArray<Copy.Copy>) => {
  const tests = [...new Set(chosen.flatMap((sabotage) => sabotage.tests))]
  const shares = copies.map((_, at) => tests.filter((_, index) => index % copies.length === at))
  const outcomes = await Promise.all(
    copies.map((copy, at) => (shares[at]!.length === 0 ? undefined : Run.run(copy, shares[at]!, 3 * Run.limit)))
  )
  let count = 0
  for (const outcome of outcomes) {
    if (outcome === undefined) continue
    if (outcome._tag !== "Passed") stop(`The tests are not green without a sabotage: ${describe(outcome)}`)
    else count += outcome.count
  }
  return { files: tests.length, count }
}

const describe = (outcome: Run.Outcome): string => {
  switch (outcome._tag) {
    case "Passed":
      return "not caught: every test passed"
    case "Failed":
      return outcome.isLate ? `(without an end) ${outcome.test}` : outcome.test
    case "Hung":
      return `by hanging: no end within ${Run.limit / 1_000} s`
    case "Broken":
      return `not judged: ${outcome.why}`
  }
}

const attempt = async (copy: Copy.Copy, sabotage: Sabotage.Sabotage): Promise<Row> => {
  const text = copy.read(sabotage.file)
  const applied = Sabotage.apply(text, Sabotage.edits(sabotage))
  if ("fault" in applied) return stop(`${sabotage.file} ${applied.fault}`)
  const begun = process.uptime()
  copy.write(sabotage.file, applied.text)
  const outcome = await Run.run(copy, sabotage.tests)
  copy.write(sabotage.file, text)
  const isCaught = outcome._tag === "Failed" || outcome._tag === "Hung"
  return { title: sabotage.title, isCaught, by: describe(outcome), seconds: process.uptime() - begun }
}

if (chosen.length === 0) stop(`No sabotage has "${only}" in its title.`)
const copies = Array.from({ length: Math.min(width, chosen.length) }, Copy.make)
process.once("exit", () => copies.forEach((copy) => copy.remove()))
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))

checkList(copies[0]!)
console.log(`${chosen.length} sabotages of ${all.length}; each must make a test fail.`)
await checkCopy(copies[0]!)
console.log("The tests import the copy: a broken module breaks them all.")
const green = await checkGreen(copies)
console.log(`Without a sabotage ${green.count} tests in ${green.files} files pass.\n`)

const rows = new Map<Sabotage.Sabotage, Row>()
const waiting = [...chosen]
await Promise.all(
  copies.map(async (copy) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const row = await attempt(copy, next)
      rows.set(next, row)
      const mark = row.isCaught ? paint("green", "caught") : paint("red", "MISSED")
      console.log(`${String(rows.size).padStart(3)}/${chosen.length} ${mark} ${row.title}`)
      if (!row.isCaught) console.log(`            ${row.by}`)
    }
  })
)

const table = chosen.map((sabotage) => rows.get(sabotage)!)
const broad = Math.min(90, Math.max(...table.map(({ title }) => title.length)))
console.log(`\n${"sabotage".padEnd(broad)} | ${"caught by".padEnd(90)} | seconds`)
console.log(`${"-".repeat(broad)} | ${"-".repeat(90)} | -------`)
for (const { by, isCaught, seconds, title } of table) {
  const cells = [clip(title, broad).padEnd(broad), clip(by, 90).padEnd(90), seconds.toFixed(1).padStart(7)]
  console.log(isCaught ? cells.join(" | ") : paint("red", cells.join(" | ")))
}
const missed = table.filter(({ isCaught }) => !isCaught).length
console.log(`\n${paint("dim", `${process.uptime().toFixed(0)} s in all`)}`)
console.log(`${table.length - missed} passed, ${missed} failed`)
process.exitCode = missed === 0 ? 0 : 1
