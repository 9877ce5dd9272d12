/**
 * A scratch copy of the packages and their tests, in which a sabotage cannot hurt.
 *
 * Decided here: what is copied, and that the packages of a copy see each other and never the originals, while
 * everything from outside is linked to what is installed. Not here: what is changed in a copy (`Sabotage`), and how its
 * tests are run (`Run`).
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

/** The repository's top folder. */
export const root = path.join(import.meta.dirname, "../../..")

/** Paths from the top folder. `house` has tests that look at all packages together. */
const copied = [...fs.readdirSync(path.join(root, "packages")).map((name) => `packages/${name}`), "apps/house"]

/** Built, installed, remembered; the models run for minutes and are tests of another kind. */
const isLeftOut = new Set(["node_modules", "dist", ".turbo", ".vitest", "model"])

/** One copy, in a temporary folder of its own. */
export interface Copy {
  readonly folder: string
  readonly read: (file: string) => string
  readonly write: (file: string, text: string) => void
  readonly remove: () => void
}

/** Makes a copy. */
export const make = (): Copy => {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "vendor-auth-sabotage-")))
  for (const name of copied) {
    const [from, to] = [path.join(root, name), path.join(folder, name)]
    fs.cpSync(from, to, { recursive: true, filter: (source) => !isLeftOut.has(path.basename(source)) })
    linkModules(path.join(from, "node_modules"), path.join(to, "node_modules"), folder)
  }
  for (const name of ["tsconfig.base.json", "package.json"]) fs.cpSync(path.join(root, name), path.join(folder, name))
  return {
    folder,
    read: (file) => fs.readFileSync(path.join(folder, file), "utf8"),
    write: (file, text) => fs.writeFileSync(path.join(folder, file), text),
    remove: () => fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** Links what a package has installed: its siblings to the copy, anything else to where it really is. */
const linkModules = (from: string, to: string, folder: string): void => {
  if (!fs.existsSync(from)) return
  fs.mkdirSync(to, { recursive: true })
  for (const name of fs.readdirSync(from)) {
    if (name.startsWith(".")) continue
    if (name.startsWith("@")) {
      linkModules(path.join(from, name), path.join(to, name), folder)
      continue
    }
    const real = fs.realpathSync(path.join(from, name))
    const inside = path.relative(fs.realpathSync(root), real)
    const isSibling = copied.includes(inside.replaceAll(path.sep, "/"))
    fs.symlinkSync(isSibling ? path.join(folder, inside) : real, path.join(to, name), "junction")
  }
}
