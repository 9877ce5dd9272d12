// What else in the repository has to know of a new package: the release group, the apps that use all packages, and the
// table of the root README.
// Decided here: which files those are, and that each is changed by one line. Not here: the package itself (`Vendor`),
// and the lockfile, which the next `pnpm install` writes.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Vendor } from "./Vendor.ts"

const edit = (file: string, change: (text: string) => string): boolean => {
  const text = readFileSync(file, "utf8")
  const changed = change(text)
  if (changed === text) return false
  writeFileSync(file, changed)
  return true
}

/** Puts a line into the sorted run of lines that match, keeping their commas. */
const insert = (text: string, isOne: RegExp, line: string): string => {
  const lines = text.split("\n")
  const found = lines.flatMap((given, index) => (isOne.test(given) ? [index] : []))
  if (found.length === 0 || lines.some((given) => given.includes(line.trim()))) return text
  const at = found.find((index) => lines[index]!.trim() > line.trim())
  if (at !== undefined) return lines.toSpliced(at, 0, `${line},`).join("\n")
  const last = found.at(-1)!
  const isEnd = !lines[last]!.endsWith(",")
  lines[last] = lines[last]!.replace(/,?$/, ",")
  return lines.toSpliced(last + 1, 0, isEnd ? line : `${line},`).join("\n")
}

/** Enters a vendor everywhere; gives the files that were changed. */
export const enter = ({ slug, title }: Vendor, root: string): ReadonlyArray<string> => {
  const dependency = (text: string) =>
    insert(text, /^ {4}"@vendor-auth\/[\w-]+": "workspace:/, `    "@vendor-auth/${slug}": "workspace:^"`)
  const row = (text: string) => {
    const lines = text.split("\n")
    const above = lines.findLastIndex((line) => /^\| \[`@vendor-auth\/.*\(packages\//.test(line))
    if (above === -1) return text
    const [, first = "", second = ""] = lines[above]!.split("|")
    const cells = [` [\`@vendor-auth/${slug}\`](packages/${slug})`, ` ${title}`]
    const made = `|${cells[0]!.padEnd(first.length)}|${cells[1]!.padEnd(second.length)}|`
    return lines.toSpliced(above + 1, 0, made).join("\n")
  }
  const changes: ReadonlyArray<readonly [string, (text: string) => string]> = [
    [".changeset/config.json", (text) => insert(text, /^ {6}"@vendor-auth\//, `      "@vendor-auth/${slug}"`)],
    ["apps/house/package.json", dependency],
    ["apps/consumer/package.json", dependency],
    ["apps/surface/package.json", dependency],
    ["README.md", row]
  ]
  return changes.flatMap(([file, change]) => {
    const path = join(root, file)
    return existsSync(path) && edit(path, change) ? [file] : []
  })
}
