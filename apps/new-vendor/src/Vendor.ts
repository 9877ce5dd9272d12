// A new vendor's names, and the files of its package, made from the template that stands beside this folder.
// Decided here: which names are taken, and how the template's one vendor, Acme, becomes another. The template is a
// package that compiles and passes its tests where it stands. Not here: what else in the repository knows of packages
// (`Repository`).
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The names of one vendor. */
export interface Vendor {
  /** `acme-billing`: the folder, and the package without its scope. */
  readonly slug: string
  /** `AcmeBilling`: modules and tags. */
  readonly pascal: string
  /** `Acme Billing`: what people read. */
  readonly title: string
  /** `ACME_BILLING`: the environment's prefix. */
  readonly environment: string
}

const template = join(import.meta.dirname, "../template")

/** Folders of `packages` that mean something else, and words that the house rules ban from names. */
const taken = new Set(["core", "testing", "oauth2", "house", "type", "util", "helper", "common", "manager", "handler"])

/** Reads a name; gives the vendor, or what is wrong with the name. */
export const named = (name: string): Vendor | string => {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 24) {
    return `"${name}" is no name: up to 24 lower-case letters and digits, a hyphen between words, as in "acme-billing"`
  }
  const words = name.split("-")
  const banned = words.find((word) => taken.has(word.replace(/s$/, "")) || taken.has(word) || word === "base")
  if (banned !== undefined || words[0] === "store") return `"${name}" means something else here: choose another name`
  const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1)
  return {
    slug: name,
    pascal: words.map(capital).join(""),
    title: words.map(capital).join(" "),
    environment: name.toUpperCase().replaceAll("-", "_")
  }
}

/** A text of the template, with the vendor's names in Acme's place. */
export const rename = ({ environment, pascal, slug, title }: Vendor, text: string): string =>
  text
    .replace(/\bAcme(?=Auth|Simulator|Live)/g, pascal)
    .replace(/\bAcme\b/g, title)
    .replace(/\bACME(?![A-Z])/g, environment)
    .replace(/\bacme\b/g, slug)
    // The template stands one folder deeper than a package, and not beside the others.
    .replaceAll("../../../packages/", "../")
    .replaceAll("../../../tsconfig", "../../tsconfig")

/** Writes the package into a folder that does not exist yet. */
export const write = (vendor: Vendor, folder: string): ReadonlyArray<string> => {
  cpSync(template, folder, { recursive: true, filter: (path) => !/\/(node_modules|\.turbo|dist)$/.test(path) })
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .map(({ name, parentPath }) => {
      const file = join(parentPath, rename(vendor, name))
      if (file !== join(parentPath, name)) renameSync(join(parentPath, name), file)
      writeFileSync(file, rename(vendor, readFileSync(file, "utf8")))
      return file
    })
    .toSorted()
}

/** Whether a vendor of this name has a folder already. */
export const exists = ({ slug }: Vendor, root: string): boolean => existsSync(join(root, "packages", slug))
