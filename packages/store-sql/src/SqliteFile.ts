/**
 * The SQLite file on the disk: who may read it, how it comes into being, and whether it is still the one that was
 * opened.
 *
 * Decided here: a new file is made beside its name, readable by its owner alone under any umask, and put in place
 * whole, so that a file which is empty was truncated; a file that others may open, or a folder in which they could put
 * another one in its place, is refused, or closed to them where that is asked for. Not here: what SQLite does with it
 * (`SqliteClient`).
 */
import { AuthError } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"

/** Where the file is, and what to do when others could get at it. */
export interface Options {
  readonly filename: string
  readonly permissions?: "refuse" | "fix" | undefined
}

/** The file behind a name: another one gets another identity. */
export type Identity = string

/** Creates the file if there is none, and checks who else may open it. `create` fills a new one. */
export const prepare = ({ filename, permissions = "refuse" }: Options, create: (path: string) => void) =>
  Effect.try({
    try: (): AuthError.InvalidOptions | undefined => {
      if (!/\S/.test(filename) || filename.startsWith(":memory:") || filename.startsWith("file:")) {
        return invalid("is no path; what need not last is kept by `TokenStore.layerMemory`")
      }
      const folder = Path.dirname(Path.resolve(filename))
      if (!isThere(folder)) return invalid("names a file in a folder that does not exist")
      const folderFault = restrict(folder, 0o022, permissions)
      if (folderFault !== undefined) return invalid(`is in a folder that others can write to (${folderFault})`)
      if (!isThere(filename)) createWhole(filename, folder, create)
      const fault = restrict(filename, 0o077, permissions)
      return fault === undefined ? undefined : invalid(`is open to others (${fault})`)
    },
    catch: (cause) => new AuthError.StoreFailure({ problem: "Unavailable", hint: codeOf(cause) })
  }).pipe(Effect.flatMap((fault) => (fault === undefined ? Effect.void : Effect.fail(fault))))

/** A disk that gives no answer is another fault than a name that is wrong. */
const isThere = (path: string): boolean => identify(path) !== "missing"

/** The identity of the file that has this name now, if there is one; a file of no bytes was truncated. */
export const identify = (filename: string): Identity | "missing" | "truncated" => {
  const found = Fs.statSync(filename, { throwIfNoEntry: false })
  if (found === undefined) return "missing"
  return found.size === 0 ? "truncated" : `${found.dev}:${found.ino}`
}

/** Of several processes that do this at once one puts its file in place, and the others find it there. */
const createWhole = (filename: string, folder: string, create: (path: string) => void): void => {
  const draft = `${filename}.${crypto.randomUUID()}.new`
  try {
    const file = Fs.openSync(draft, "ax", 0o600)
    // The umask may have taken from the owner too.
    Fs.fchmodSync(file, 0o600)
    Fs.closeSync(file)
    create(draft)
    Fs.linkSync(draft, filename)
    const entries = Fs.openSync(folder, "r")
    Fs.fsyncSync(entries)
    Fs.closeSync(entries)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  } finally {
    Fs.rmSync(draft, { force: true })
  }
}

/** Looks for what others may do, where the system knows permissions. Gives the mode if it is not as it should be. */
const restrict = (path: string, others: number, permissions: "refuse" | "fix"): string | undefined => {
  if (process.platform === "win32") return undefined
  const { mode } = Fs.statSync(path)
  if ((mode & others) === 0) return undefined
  if (permissions === "refuse") {
    return `mode ${(mode & 0o7777).toString(8).padStart(4, "0")}: \`chmod\` it, or set \`permissions: "fix"\``
  }
  Fs.chmodSync(path, mode & 0o7777 & ~others)
  return undefined
}

const invalid = (problem: string) => new AuthError.InvalidOptions({ field: "filename", problem })

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "the file system"
