// `pnpm new-vendor` as a person runs it, in a copy of what it needs: the package that it writes compiles and passes the
// vendor suite as it stands, and what it may not touch stays as it was. The template's own tests run beside this file.
import { spawnSync } from "node:child_process"
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import * as Vendor from "../src/Vendor.ts"

const root = join(import.meta.dirname, "../../..")
const copy = realpathSync(mkdtempSync(join(tmpdir(), "vendor-auth-new-vendor-")))
const edited = [
  ".changeset/config.json",
  "apps/house/package.json",
  "apps/consumer/package.json",
  "apps/surface/package.json",
  "README.md"
]

for (const file of ["tsconfig.base.json", ...edited]) cpSync(join(root, file), join(copy, file), { recursive: true })
for (const name of ["core", "logisense"]) mkdirSync(join(copy, "packages", name), { recursive: true })

// What pnpm would install for the package: the workspace's own packages, and what they stand on.
const modules = join(copy, "node_modules")
for (const scope of ["@effect", "@types", "@vendor-auth"]) mkdirSync(join(modules, scope), { recursive: true })
const link = (name: string, to: string) => symlinkSync(realpathSync(to), join(modules, name), "dir")
for (const name of ["effect", "vitest", "@effect/vitest", "@vendor-auth/core", "@vendor-auth/testing"]) {
  link(name, join(import.meta.dirname, "../node_modules", name))
}
link("@types/node", join(root, "node_modules/@types/node"))

afterAll(() => rmSync(copy, { recursive: true, force: true }))

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>) => {
  const { FORCE_COLOR: _color, NODE_OPTIONS: _options, VITEST: _vitest, ...rest } = process.env
  const env = { ...rest, NO_COLOR: "1" }
  const { status, stderr, stdout } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 120_000 })
  return { status, said: stdout + stderr }
}

const newVendor = (...args: ReadonlyArray<string>) =>
  run(copy, process.execPath, join(import.meta.dirname, "../src/main.ts"), "--root", copy, ...args)

const tree = () => readdirSync(copy, { recursive: true, encoding: "utf8" }).filter((path) => !path.startsWith("node_m"))
const texts = () => edited.map((file) => readFileSync(join(copy, file), "utf8"))

describe("pnpm new-vendor", () => {
  it.each([
    "",
    "Acme",
    "acme_billing",
    "-acme",
    "acme--x",
    "../acme",
    "1acme",
    "core",
    "store-x",
    "acme-utils",
    "oauth2",
    "a".repeat(25)
  ])("takes %j for no name", (name) => {
    assert.isString(Vendor.named(name))
  })

  it("refuses a bad name, a folder that exists, and more or less than one name, and writes nothing", () => {
    const before = [tree(), texts()]
    assert.include(newVendor("logisense").said, "packages/logisense exists")
    assert.match(newVendor("--", "../acme").said, /^pnpm new-vendor: "..\/acme" is no name/)
    for (const names of [[], ["acme", "more"]]) assert.strictEqual(newVendor(...names).status, 1)
    assert.deepStrictEqual([tree(), texts()], before)
  })

  it("leaves no name of the template's vendor behind, and no text that was not made from it", () => {
    const vendor = Vendor.named("made-up-billing") as Vendor.Vendor
    assert.deepStrictEqual(vendor, {
      slug: "made-up-billing",
      pascal: "MadeUpBilling",
      title: "Made Up Billing",
      environment: "MADE_UP_BILLING"
    })
    const folder = join(copy, "elsewhere")
    for (const file of Vendor.write(vendor, folder)) {
      assert.notMatch(file.slice(folder.length) + readFileSync(file, "utf8"), /acme/i)
    }
    rmSync(folder, { recursive: true })
  })

  it("breaks no house rule by the longest name there is: code is formatted anew, comments have room", () => {
    const folder = join(copy, "elsewhere")
    for (const file of Vendor.write(Vendor.named("a".repeat(24)) as Vendor.Vendor, folder)) {
      const lines = readFileSync(file, "utf8").split("\n")
      assert.deepStrictEqual(
        lines.filter((line) => /^\s*(\*|\/)/.test(line) && line.length > 120),
        []
      )
      if (/src\/\w+Auth\.ts$/.test(file)) assert.isBelow(lines.length, 135)
    }
    rmSync(folder, { recursive: true })
  })

  it(
    "writes a package that compiles, and passes the vendor suite against its own simulator, right away",
    {
      timeout: 120_000
    },
    () => {
      const { said, status } = newVendor("made-up-billing")
      assert.strictEqual(status, 0, said)
      const folder = join(copy, "packages/made-up-billing")

      // With the README's program in it.
      const [, program] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(join(folder, "README.md"), "utf8"))!
      writeFileSync(join(folder, "test/Readme.ts"), `${program}\nexport { program }\n`)
      const compiled = run(folder, join(root, "node_modules/.bin/tsc"), "-p", "tsconfig.json", "--pretty", "false")
      assert.deepStrictEqual(compiled, { status: 0, said: "" })

      const tested = run(folder, join(root, "node_modules/.bin/vitest"), "run", "--test-timeout", "30000")
      assert.strictEqual(tested.status, 0, tested.said)
      assert.isAtLeast(Number(/Tests\s+(\d+) passed \(\d+\)/.exec(tested.said)?.[1]), 35)
    }
  )

  it("enters the package wherever packages are listed, once, in order, and changes nothing else there", () => {
    for (const [index, text] of texts().entries()) {
      // A longer name makes a table's columns wider.
      const linesOf = (given: string) => given.replace(/(?<=\|.*)( +|-{2,})/g, "").split("\n")
      const before = linesOf(readFileSync(join(root, edited[index]!), "utf8"))
      const added = linesOf(text).filter((line) => !before.includes(line))
      assert.lengthOf(added, 1, `${edited[index]}\n${added.join("\n")}`)
      assert.include(added[0], "@vendor-auth/made-up-billing")
      assert.lengthOf(linesOf(text), before.length + 1)
      if (edited[index]!.endsWith(".json")) JSON.parse(text)
    }
    const { fixed } = JSON.parse(readFileSync(join(copy, ".changeset/config.json"), "utf8"))
    assert.deepStrictEqual(fixed[0], fixed[0].toSorted())
    const { devDependencies } = JSON.parse(readFileSync(join(copy, "apps/house/package.json"), "utf8"))
    assert.strictEqual(devDependencies["@vendor-auth/made-up-billing"], "workspace:^")
  })
})
