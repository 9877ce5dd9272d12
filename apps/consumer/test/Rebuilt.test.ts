// Two builds of the same sources: of what is there, and of a copy in another folder.
// Decided here: that they are compared by what tar lists (names, order, modes, times) and by the bytes of each file, so
// that a path of this machine would show. Of package.json the members are compared: the order in which pnpm writes
// workspace dependencies differs from run to run. Not here: which files a tarball holds (`Packed.test.ts`).
import { readdirSync } from "node:fs"
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { manifest, names, pack, root, run } from "./Pack.ts"

let folder = ""

/** Links every package of a node_modules folder; those of the workspace to their copies. */
const link = async (from: string, to: string) => {
  for (const name of readdirSync(from).filter((entry) => !entry.startsWith("."))) {
    if (name.startsWith("@") && basename(from) === "node_modules") await link(join(from, name), join(to, name))
    else {
      await mkdir(to, { recursive: true })
      const isOurs = basename(from) === "@vendor-auth"
      await symlink(isOurs ? join(folder, "packages", name) : await realpath(join(from, name)), join(to, name))
    }
  }
}

beforeAll(async () => {
  // The copy is a workspace of its own, as deep below its top folder as this one.
  folder = await realpath(await mkdtemp(join(tmpdir(), "vendor-auth-rebuilt-")))
  for (const file of ["tsconfig.base.json", "pnpm-workspace.yaml", "LICENSE", "package.json"]) {
    await cp(join(root, file), join(folder, file))
  }
  await link(join(root, "node_modules"), join(folder, "node_modules"))
  const isSource = (path: string) => !["dist", "node_modules", ".turbo"].includes(basename(path))
  for (const name of names) {
    const [from, to] = [join(root, "packages", name), join(folder, "packages", name)]
    await cp(from, to, { recursive: true, filter: isSource })
    await link(join(from, "node_modules"), join(to, "node_modules"))
  }
}, 60_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Each after those that it is built against. */
const inOrder = async (): Promise<ReadonlyArray<string>> => {
  const done: Array<string> = []
  const visit = async (name: string): Promise<void> => {
    const { references } = await manifest(join(root, "packages", name, "tsconfig.build.json"))
    for (const { path } of references) await visit(basename(dirname(path)))
    if (!done.includes(name)) done.push(name)
  }
  for (const name of names) await visit(name)
  return done
}

/** What a package's tarball holds: tar's line for each file, and the file's bytes. */
const unpack = async (source: string, name: string, into: string): Promise<ReadonlyMap<string, Buffer>> => {
  const to = join(folder, into, name)
  await mkdir(to, { recursive: true })
  const tarball = await pack(source, to)
  await run(to, "tar", "-xzf", tarball)
  const lines = (await run(to, "tar", "--full-time", "-tvzf", tarball)).trim().split("\n")
  const files = lines.map(async (line) => {
    const file = line.slice(line.indexOf("package/"))
    if (file !== "package/package.json") return [line, await readFile(join(to, file))] as const
    const { devDependencies, ...members } = await manifest(join(to, file))
    const sorted = { ...members, devDependencies: Object.entries(devDependencies).toSorted() }
    // Its length is the same; so is its line.
    return [line, Buffer.from(JSON.stringify(sorted))] as const
  })
  return new Map(await Promise.all(files))
}

describe("K. Supply chain", () => {
  it("K2: two builds are byte-equal, file by file, wherever they are made", { timeout: 300_000 }, async () => {
    for (const name of await inOrder()) {
      const copy = join(folder, "packages", name)
      const { scripts } = await manifest(join(copy, "package.json"))
      for (const command of (scripts.build as string).split(" && ")) {
        const [tool, ...args] = command.split(" ")
        await run(copy, join(root, "node_modules/.bin", tool!), ...args)
      }
      const [first, second] = await Promise.all([
        unpack(join(root, "packages", name), name, "first"),
        unpack(copy, name, "second")
      ])
      assert.isAbove(first.size, 5)
      assert.deepStrictEqual([...first.keys()], [...second.keys()])
      const differing = [...first].filter(([line, bytes]) => !bytes.equals(second.get(line)!))
      assert.deepStrictEqual(
        differing.map(([line]) => line),
        [],
        `${name} differs between two builds`
      )
    }
  })
})
