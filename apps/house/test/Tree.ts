// The repository as the rules see it: its packages, their sources, and what each source imports.
// Decided here: what counts as a source, and what as an import for values (anything that is left when types are gone).
// Not here: the rules (`House.test.ts`), and the examples in documents (`Fences.ts`).
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, join, relative } from "node:path"

/** The repository's top folder. */
export const root = join(import.meta.dirname, "../../..")

/** One import or re-export of a file. */
export interface Import {
  readonly from: string
  readonly isType: boolean
}

/** A TypeScript source. */
export interface Source {
  /** From the top folder, with `/`. */
  readonly path: string
  readonly text: string
  readonly lines: ReadonlyArray<string>
  readonly imports: ReadonlyArray<Import>
}

/** A workspace package. */
export interface Package {
  /** From the top folder: `packages/core`. */
  readonly path: string
  readonly name: string
  readonly manifest: Record<string, any>
  readonly sources: ReadonlyArray<Source>
}

/** A file's text. */
export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** What git ignores by a plain name holds nothing that people wrote. */
const isSkipped = new Set([".git", ...read(".gitignore").split("\n")])

const walk = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (isSkipped.has(entry.name)) return []
    return entry.isDirectory() ? walk(path) : [path]
  })

/** Every file that people wrote, by its path from the top folder. */
export const files: ReadonlyArray<string> = walk("")

const statement = /^(?:import|export)\s+(type\s+)?(?:([^"';]*?)\s+from\s+)?"([^"]+)"/gm
const dynamic = /\bimport\(\s*"([^"]+)"/g

const importsOf = (text: string): ReadonlyArray<Import> => [
  ...Array.from(text.matchAll(statement), ([, type, clause, from]) => {
    const names =
      /^\{([^}]*)\}$/
        .exec(clause ?? "")?.[1]
        ?.split(",")
        .filter((name) => name.trim() !== "") ?? []
    const isType = type !== undefined || (names.length > 0 && names.every((name) => /^\s*type\s/.test(name)))
    return { from: from!, isType }
  }),
  ...Array.from(text.matchAll(dynamic), ([, from]) => ({ from: from!, isType: false }))
]

const source = (path: string): Source => {
  const text = read(path)
  return { path, text, lines: text.replace(/\n$/, "").split("\n"), imports: importsOf(text) }
}

const packagesIn = (folder: string): ReadonlyArray<Package> =>
  readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(root, path, "package.json")))
    .map((path) => ({
      path,
      name: basename(path),
      manifest: JSON.parse(read(join(path, "package.json"))),
      sources: files.filter((file) => file.startsWith(`${path}/src/`) && file.endsWith(".ts")).map(source)
    }))

/** What is published. */
export const packages = packagesIn("packages")

/** What is run here and not published. */
export const apps = packagesIn("apps")

/** Where a relative import leads, from the top folder. */
export const target = (from: Source, { from: specifier }: Import): string =>
  relative(root, join(root, from.path, "..", specifier))
