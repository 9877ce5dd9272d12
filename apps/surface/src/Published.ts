// What is published, as a stranger's project sees it: package names, the entries that can be imported, their files.
// Decided here: that an entry is what `publishConfig.exports` opens (a pattern stands for each module that it matches,
// `null` closes one) and that its file is the built one. Not here: what is said of an entry (`api`, `size`).
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** The repository's top folder. */
export const root = join(import.meta.dirname, "../../..")

/** Something that can be imported from a published package. */
export interface Entry {
  /** As it is written in an import: `@vendor-auth/core/AuthError`. */
  readonly specifier: string
  /** The built declarations and the built module. */
  readonly types: string
  readonly module: string
}

/** A published package. */
export interface Package {
  readonly name: string
  /** From the top folder: `packages/core`. */
  readonly path: string
  readonly entries: ReadonlyArray<Entry>
}

type Target = null | string | { readonly types: string; readonly default: string }

const read = (path: string): Package => {
  const { name, publishConfig } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8"))
  const targets = Object.entries(publishConfig.exports as Record<string, Target>)
  const matches = (pattern: string) => globSync(pattern, { cwd: join(root, path) }).map((file) => `./${file}`)
  const isClosed = (subpath: string) =>
    targets.some(
      ([key, target]) => target === null && (key.endsWith("*") ? subpath.startsWith(key.slice(0, -1)) : subpath === key)
    )
  const entries = targets.flatMap(([key, target]): ReadonlyArray<Entry> => {
    if (target === null || typeof target === "string") return []
    const fill = (value: string, by: string) => join(root, path, value.replace("*", by))
    const names = key.includes("*")
      ? matches(target.default)
          .map((file) => middle(target.default, file))
          .filter((found) => found !== "index" && !isClosed(key.replace("*", found)))
      : [""]
    return names.map((found) => ({
      specifier: join(name, key.replace("*", found)),
      types: fill(target.types, found),
      module: fill(target.default, found)
    }))
  })
  for (const { module } of entries) {
    if (!existsSync(module)) throw new Error(`${module} is not there: \`pnpm build\` makes it`)
  }
  return { name, path, entries: entries.toSorted((a, b) => (a.specifier < b.specifier ? -1 : 1)) }
}

/** Every published package, in order of its name. */
export const packages = (): ReadonlyArray<Package> =>
  readdirSync(join(root, "packages"))
    .filter((name) => existsSync(join(root, "packages", name, "package.json")))
    .toSorted()
    .map((name) => read(`packages/${name}`))

/** The built module that a specifier of ours stands for. */
export const moduleOf = (all: ReadonlyArray<Package>, specifier: string): string => {
  const found = all.flatMap(({ entries }) => entries).find((entry) => entry.specifier === specifier)
  if (found === undefined) throw new Error(`${specifier} is not among the published entries`)
  return found.module
}

const middle = (pattern: string, file: string): string => {
  const [before, after] = pattern.split("*") as [string, string]
  return file.slice(before.length, file.length - after.length)
}
