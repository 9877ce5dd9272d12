// The repository's documents: which of them become pages, in what order and under which address.
// Decided here: that every README, every guide and the documents at the top are pages, that guides come in the order of
// `docs/README.md`, and what a document may point to. Not here: what a page looks like.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** The repository's top folder. */
export const root = join(import.meta.dirname, "../../..")

/** A file's text, by its path from the top folder. */
export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** Whether there is such a file or folder. What was built or installed does not count: a clone does not have it. */
export const exists = (path: string): boolean =>
  !/(^|\/)(node_modules|dist|\.git|\.turbo)(\/|$)/.test(path) && existsSync(join(root, path))

/** Whether it is a folder. */
export const isFolder = (path: string): boolean => exists(path) && statSync(join(root, path)).isDirectory()

/** A document that becomes a page. */
export interface Document {
  /** From the top folder: `docs/getting-started.md`. */
  readonly path: string
  /** In the site: `guides/getting-started.html`. */
  readonly url: string
  readonly title: string
  /** The heading it stands under in the navigation; undefined for what is reached by links alone. */
  readonly group: "Guides" | "Packages" | "Project" | undefined
}

const titleOf = (text: string): string => /^# (.*)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? "vendor-auth"

const document = (path: string, url: string, group: Document["group"]): Document => ({
  path,
  url,
  title: titleOf(read(path)),
  group
})

/** The published packages, by their folders' names. */
export const packages: ReadonlyArray<string> = readdirSync(join(root, "packages"))
  .filter((name) => exists(`packages/${name}/README.md`))
  .toSorted((a, b) => (a === "core" ? -1 : b === "core" ? 1 : a < b ? -1 : 1))

/** Every document, in the order of the navigation. */
export const documents = (): ReadonlyArray<Document> => {
  const guides = Array.from(read("docs/README.md").matchAll(/\]\(([\w-]+)\.md\)/g), ([, name]) => name!)
  const found = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md") && file !== "README.md")
  const lost = found.filter((file) => !guides.includes(file.slice(0, -3)))
  if (lost.length > 0) throw new Error(`docs/README.md does not name ${lost.join(", ")}`)
  const apps = readdirSync(join(root, "apps")).filter((name) => exists(`apps/${name}/README.md`))
  return [
    document("README.md", "index.html", undefined),
    document("docs/README.md", "guides/index.html", undefined),
    ...guides.map((name) => document(`docs/${name}.md`, `guides/${name}.html`, "Guides")),
    ...packages.map((name) => document(`packages/${name}/README.md`, `packages/${name}.html`, "Packages")),
    ...apps.map((name) => document(`apps/${name}/README.md`, `apps/${name}.html`, undefined)),
    ...["CONTRIBUTING.md", "SECURITY.md", "AGENTS.md"]
      .filter(exists)
      .map((path) => document(path, `${path.slice(0, -3).toLowerCase()}.html`, "Project"))
  ]
}
