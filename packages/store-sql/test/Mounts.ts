// Real disks for tests: a small one in memory that can be filled to the last page, and a folder that can only be read.
// Decided here: how they are mounted, that they go with the scope, and what is said where mounting is not allowed.
// Not here: what has to come of a fault.
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import { join } from "node:path"
import * as Scratch from "./Scratch.ts"

const mount = (...args: ReadonlyArray<string>) => void execFileSync("mount", args, { stdio: "pipe" })
// At once, also where something in it is still open.
const unmount = (folder: string) => void execFileSync("umount", ["--lazy", folder], { stdio: "pipe" })

/** Says why no disk was mounted, where nobody can overlook it; undefined where one can be. */
export const refused: string | undefined = (() => {
  const folder = Scratch.folder("mount")
  try {
    mount("-t", "tmpfs", "-o", "size=16k", "tmpfs", folder)
    unmount(folder)
    return undefined
  } catch (cause) {
    const said = String((cause as { readonly stderr?: unknown }).stderr ?? cause).trim()
    return `Disks that are full or read-only are NOT TESTED: mounting is refused (${said})`
  } finally {
    Fs.rmdirSync(folder)
  }
})()

/** Bytes of a page of memory: what such a disk is made of. */
const page = 4_096

/** A disk of so many bytes at a folder. */
export const small = (folder: string, bytes: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mount("-t", "tmpfs", "-o", `size=${bytes},mode=700`, "tmpfs", folder)),
      () => Effect.sync(() => unmount(folder))
    ),
    () => {
      const ballast = join(folder, "ballast")
      const freePages = () => {
        const { bavail, bsize } = Fs.statfsSync(folder)
        return Math.floor((bavail * bsize) / page)
      }
      return {
        freePages,
        /** Leaves so many pages free, if there are so many. */
        fill: (left = 0) => {
          for (let n = freePages() - left; n > 0; n--) Fs.appendFileSync(ballast, Buffer.alloc(page))
        },
        /** Gives back what was filled. */
        clear: () => Fs.rmSync(ballast, { force: true })
      }
    }
  )

/** For as long as the scope, a copy of a folder that can only be read stands in its place. */
export const readOnly = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const names = Fs.readdirSync(folder).map((name) => [name, Fs.readFileSync(join(folder, name))] as const)
      mount("-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", folder)
      for (const [name, bytes] of names) Fs.writeFileSync(join(folder, name), bytes, { mode: 0o600 })
      mount("-o", "remount,ro", folder)
    }),
    () => Effect.sync(() => unmount(folder))
  )
