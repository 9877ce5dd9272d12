// The rules of the house, each as one sentence that holds for the whole tree.
// Decided here: who may import whom, where modules that may break in a minor release are used, how long a file may be,
// how files are named and begun, and what a published package promises. A rule that fails lists every place at fault.
// Not here: what the compiler, the linter or `turbo boundaries` say already.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as Fences from "./Fences.ts"
import type { Import, Package, Source } from "./Tree.ts"
import * as Tree from "./Tree.ts"

const core = Tree.packages.find(({ name }) => name === "core")!
const testing = Tree.packages.find(({ name }) => name === "testing")!
const store = Tree.packages.find(({ name }) => name === "store-sql")!
/** Every other package is a vendor's, a new one too. */
const vendors = Tree.packages.filter((pkg) => ![core, testing, store].includes(pkg))

const published = Tree.packages.flatMap(({ sources }) => sources)
const sources = [...published, ...Tree.apps.flatMap((app) => app.sources)]

/** Modules of `effect` that are marked unstable, and the files that import their values. */
const unstable = /^effect\/(http|sql|crypto|persistence)(\/|$)/
const rooms = [
  "packages/core/src/AuthHttpClient.ts",
  "packages/core/src/ManyAccounts.ts",
  "packages/core/src/SendOnce.ts",
  "packages/core/src/TokenEndpoint.ts",
  "packages/store-sql/src/Migrations.ts",
  "packages/store-sql/src/Register.ts",
  "packages/store-sql/src/Sealing.ts",
  "packages/store-sql/src/SqliteClient.ts",
  "packages/testing/src/InProcess.ts",
  "packages/testing/src/Jwt.ts",
  "packages/testing/src/TestAuthMany.ts"
]

const isEffect = (from: string) => /^effect(\/|$)/.test(from)
const isOf = (name: string, from: string) => from === `@vendor-auth/${name}` || from.startsWith(`@vendor-auth/${name}/`)
const isTestRunner = (from: string) => /^(@effect\/vitest|vitest)(\/|$)/.test(from)
/** A suite, or a part of one: `src/AuthServiceSuite.ts`, `src/suite/States.ts`. */
const isSuite = (path: string) => /^packages\/testing\/src\/(\w+Suite|suite\/\w+)\.ts$/.test(path)
const isSimulator = ({ path }: Source) => path.includes("/src/testing/")

/** The imports that a rule does not allow; a relative one must stay inside `folder`. */
const strangers = (
  from: ReadonlyArray<Source>,
  folder: (source: Source) => string,
  isAllowed: (imported: Import, source: Source) => boolean
) =>
  from.flatMap((source) =>
    source.imports
      .filter((imported) =>
        imported.from.startsWith(".")
          ? !Tree.target(source, imported).startsWith(`${folder(source)}/`)
          : !isAllowed(imported, source)
      )
      .map((imported) => `${source.path} imports ${imported.isType ? "types of " : ""}${imported.from}`)
  )

const none = (faults: ReadonlyArray<string>) => assert.deepStrictEqual(faults, [])

describe("who may import whom", () => {
  it("core imports effect only", () => {
    none(
      strangers(
        core.sources,
        () => "packages/core/src",
        ({ from }) => isEffect(from)
      )
    )
  })

  it("testing imports core, effect and Node only, its suites a test runner too", () => {
    none(
      strangers(
        testing.sources,
        () => "packages/testing/src",
        ({ from }, source) =>
          isEffect(from) ||
          isOf("core", from) ||
          from.startsWith("node:") ||
          (isSuite(source.path) && isTestRunner(from))
      )
    )
  })

  it("a store imports core, effect and Node only, and a vendor never a store", () => {
    none(
      strangers(
        store.sources,
        () => `${store.path}/src`,
        ({ from }) => isEffect(from) || isOf("core", from) || from.startsWith("node:")
      )
    )
  })

  it("a suite and its parts are imported by suites only, so that everything else needs no test runner", () => {
    none(
      published
        .filter(({ path }) => !isSuite(path))
        .flatMap((source) =>
          source.imports
            .filter(
              (imported) =>
                isSuite(Tree.target(source, imported)) || /^@vendor-auth\/testing\/.*suite/i.test(imported.from)
            )
            .map(({ from }) => `${source.path} imports ${from}`)
        )
    )
  })

  it("a vendor imports core and effect, never another vendor and never its own simulator", () => {
    for (const { path, sources: all } of vendors) {
      const own = all.filter((source) => !isSimulator(source))
      none(
        strangers(
          own,
          () => `${path}/src`,
          ({ from }) => isEffect(from) || isOf("core", from)
        )
      )
      none(
        own.flatMap((source) =>
          source.imports
            .filter((imported) => Tree.target(source, imported).startsWith(`${path}/src/testing/`))
            .map(({ from }) => `${source.path} imports ${from}`)
        )
      )
    }
  })

  it("a vendor imports only types of effect/http", () => {
    none(
      vendors.flatMap((vendor) =>
        vendor.sources.flatMap(({ imports, path }) =>
          imports
            .filter(({ from, isType }) => /^effect\/http(\/|$)/.test(from) && !isType)
            .map(({ from }) => `${path}: ${from}`)
        )
      )
    )
  })

  it("a vendor's simulator imports effect and testing, never the code it is to test", () => {
    none(
      strangers(
        vendors.flatMap((vendor) => vendor.sources).filter(isSimulator),
        ({ path }) => path.slice(0, path.indexOf("/src/testing/") + "/src/testing".length),
        ({ from }) => isEffect(from) || isOf("testing", from)
      )
    )
  })

  it("values of effect's unstable modules are imported in the named files, and in each of them", () => {
    const found = published.filter(({ imports }) => imports.some(({ from, isType }) => unstable.test(from) && !isType))
    assert.deepStrictEqual(found.map(({ path }) => path).toSorted(), rooms.toSorted())
  })
})

describe("time and chance", () => {
  it("no source reads the clock, sets a timer or draws a number but by Clock, Schedule and Random, not even in a comment", () => {
    const words = /Date\.now|new Date\(|setTimeout|setInterval|Math\.random|performance\.now/
    none(places(sources, (line) => words.test(line)))
  })
})

describe("tests", () => {
  it("G5: every suite runs with `--unhandled-rejections=strict`, and so do the processes that it starts", () => {
    none(
      [...Tree.packages, ...Tree.apps].flatMap(({ manifest, path }) => {
        const { test = "" } = (manifest["scripts"] ?? {}) as { readonly test?: string }
        const runs = test.split("&&").filter((command) => command.includes("vitest"))
        return runs.every((run) => run.trim().startsWith("NODE_OPTIONS=--unhandled-rejections=strict ")) ? [] : [path]
      })
    )
  })
})

describe("sizes", () => {
  it("no source is longer than 300 lines", () => {
    none(sources.filter(({ lines }) => lines.length > 300).map(sized))
  })

  it("no line of a source is wider than 120 columns", () => {
    none(places(sources, (line) => line.length > 120))
  })

  it("a vendor's main file has at most 150 lines; with AuthService and TokenLifecycle it has at most 450", () => {
    const idea = ["AuthService.ts", "TokenLifecycle.ts"].map((name) => file(core, name))
    none(
      vendors.flatMap((vendor) => {
        const main = vendor.sources.filter(({ path }) => /\/src\/\w+Auth\.ts$/.test(path))
        const whole = [...idea, ...main]
        return [
          ...(main.length === 1 ? [] : [`${vendor.path} has not one src/<Vendor>Auth.ts but ${main.length}`]),
          ...main.filter(({ lines }) => lines.length > 150).map(sized),
          ...(whole.reduce((sum, { lines }) => sum + lines.length, 0) > 450 ? [whole.map(sized).join(" + ")] : [])
        ]
      })
    )
  })
})

describe("names and beginnings", () => {
  it("no file or folder is called types, utils, helpers, common, manager, handler or base", () => {
    const banned = /^(type|util|helper|common|manager|handler|base)s?$/i
    none(
      sources
        .map(({ path }) => path)
        .filter((path) =>
          path
            .replace(/^.*?\/src\//, "")
            .replace(/\.ts$/, "")
            .split(/[/._-]|(?<=[a-z0-9])(?=[A-Z])/)
            .some((word) => banned.test(word))
        )
    )
  })

  it("a source is named in PascalCase, or index.ts, or main.ts in an app", () => {
    const isNamed = (path: string) =>
      /\/([A-Z][A-Za-z0-9]*|index)\.ts$/.test(path) || (path.startsWith("apps/") && path.endsWith("/main.ts"))
    none(sources.map(({ path }) => path).filter((path) => !isNamed(path)))
  })

  it("a source begins with at least three lines on what it decides, an index with one", () => {
    none(
      sources
        .filter(({ path, text }) => headerLines(text) < (path.endsWith("/index.ts") ? 1 : 3))
        .map(({ path }) => path)
    )
  })
})

describe("published packages", () => {
  const each = it.each(Tree.packages.map((pkg) => [pkg.manifest["name"], pkg] as const))

  each(
    "%s has core as its only dependency, effect as a peer, and runs nothing when it is installed",
    (_, { manifest }) => {
      none(Object.keys(manifest["dependencies"] ?? {}).filter((name) => name !== "@vendor-auth/core"))
      assert.property(manifest["peerDependencies"], "effect")
      assert.doesNotHaveAnyKeys(manifest["scripts"], ["preinstall", "install", "postinstall", "prepare"])
    }
  )

  each("%s is MIT, has no side effects, is not private and asks for Node 22.19", (_, { manifest }) => {
    assert.strictEqual(manifest["license"], "MIT")
    assert.deepStrictEqual(manifest["sideEffects"], [])
    assert.deepStrictEqual(manifest["engines"], { node: ">=22.19" })
    assert.notProperty(manifest, "private")
  })

  each("%s publishes the entries that the workspace uses, and each has a source", (_, { manifest, path }) => {
    const { "./package.json": self, ...entries } = manifest["exports"] as Record<string, string | null>
    assert.strictEqual(self, "./package.json")
    const built = Object.entries(entries).map(([entry, source]) => {
      // Closed to users: what only the package itself may import.
      if (source === null) return [entry, null]
      const found = Tree.files.filter((name) => isMatch(join(path, source), name))
      assert.isNotEmpty(found, `${path} exports ${entry}, and ${source} is no file`)
      const module = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "")
      return [entry, { types: `${module}.d.ts`, default: `${module}.js` }]
    })
    assert.deepStrictEqual(manifest["publishConfig"].exports, { "./package.json": self, ...Object.fromEntries(built) })
  })

  each("%s has a README", (_, { path }) => {
    assert.isTrue(existsSync(join(Tree.root, path, "README.md")), `${path}/README.md`)
  })
})

describe("what people read", () => {
  it("every example in a README, a guide or a docstring compiles", { timeout: 60_000 }, () => {
    none(Fences.complaints(Fences.ofTree()))
  })

  it("no file holds a token of real length, a person's mail address, a machine's path or a registry's address", () => {
    // Written so that this file does not hold what it looks for.
    const folders = ["home", "root", "work"].join("|")
    const words = new RegExp(`eyJ[\\w-]{18,}|@${"gmail"}\\.com|(?<![\\w.])/(${folders})/|${"registry"}\\.npmjs`)
    const faults = Tree.files.flatMap((path) =>
      places([{ path, lines: Tree.read(path).split("\n") }], (line) => words.test(line))
    )
    none(faults)
  })
})

function places(from: ReadonlyArray<Pick<Source, "path" | "lines">>, isFault: (line: string) => boolean) {
  return from.flatMap(({ lines, path }) => lines.flatMap((line, at) => (isFault(line) ? [`${path}:${at + 1}`] : [])))
}

function sized({ lines, path }: Source): string {
  return `${path} (${lines.length})`
}

function file(pkg: Package, name: string): Source {
  return pkg.sources.find(({ path }) => path.endsWith(`/src/${name}`))!
}

/** Lines of the comment that a file begins with, from its first word to its last. */
function headerLines(text: string): number {
  const comment = /^\/\*[^]*?\*\/|^(?:\/\/.*\n)+/.exec(text)?.[0] ?? ""
  const lines = comment.split("\n").map((line) => /[A-Za-z]/.test(line))
  return lines.lastIndexOf(true) - lines.indexOf(true) + (lines.includes(true) ? 1 : 0)
}

/** Whether a path is meant by one with at most one `*`, which stands for one name. */
function isMatch(pattern: string, path: string): boolean {
  const [before, after = ""] = pattern.split("*") as [string, string?]
  return pattern.includes("*")
    ? path.startsWith(before) && path.endsWith(after) && !path.slice(before.length).includes("/")
    : path === pattern
}
