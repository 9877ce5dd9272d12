// The examples in READMEs, guides and docstrings, compiled as a reader would compile them: each a module of its own,
// against the packages by their names.
// Decided here: what an example is (a `ts` fence), where they are looked for, how a complaint finds its way back to file
// and line, and how an example becomes a module that can be run. An unused name is no fault in an example. Not here:
// what running means (`Examples.test.ts`).
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Tree from "./Tree.ts"

/** An example, and the line of the file at which its first line stands. */
export interface Fence {
  readonly path: string
  readonly line: number
  readonly code: string
}

/** The examples of one file; in a source only those of its doc comments. */
export const fencesOf = (path: string, text: string): ReadonlyArray<Fence> => {
  const margin = path.endsWith(".ts") ? /^\s*\* ?/ : /^/
  const fences: Array<Fence> = []
  let open: { readonly line: number; readonly indent: string; readonly code: Array<string> } | undefined
  for (const [index, raw] of text.split("\n").entries()) {
    const isInside = path.endsWith(".ts") === false || margin.test(raw)
    const line = isInside ? raw.replace(margin, "") : raw
    if (open === undefined) {
      const indent = isInside ? /^(\s*)```(?:ts|typescript)\b/.exec(line)?.[1] : undefined
      if (indent !== undefined) open = { line: index + 2, indent, code: [] }
    } else if (line.trim() === "```") {
      fences.push({ path, line: open.line, code: `${open.code.join("\n")}\n` })
      open = undefined
    } else {
      open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  return fences
}

/** Every example that people read: in READMEs, in the guides, and in the docstrings of sources. */
export const ofTree = (): ReadonlyArray<Fence> => {
  const documents = Tree.files.filter((path) => /^((packages|apps)\/[\w-]+\/)?README\.md$|^docs\/.*\.md$/.test(path))
  const sources = [...Tree.packages, ...Tree.apps].flatMap((pkg) => pkg.sources)
  const texts = [...documents.map((path) => ({ path, text: Tree.read(path) })), ...sources]
  return texts.flatMap(({ path, text }) => fencesOf(path, text))
}

const folderOf = (use: "compiled" | "run"): string => {
  const folder = join(Tree.root, "apps/house/.fences", use)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes examples down as modules that export all that stands at their top level. */
export const modules = (fences: ReadonlyArray<Fence>) => {
  const folder = folderOf("run")
  return fences.map((fence, index) => {
    const file = join(folder, `fence${index}.ts`)
    const names = Array.from(fence.code.matchAll(/^(?:const|class) (\w+)/gm), ([, name]) => name)
    writeFileSync(file, `${fence.code}\nexport { ${names.join(", ")} }\n`)
    return { fence, file }
  })
}

/** How many specs and suites an example declares. */
export const specs = ({ code }: Fence): number => code.match(/^(?:it\.effect|it|\w+Suite\.suite)\(/gm)?.length ?? 0

/** Compiles examples together; gives the compiler's complaints, each with the place of the example's line. */
export const complaints = (fences: ReadonlyArray<Fence>): ReadonlyArray<string> => {
  const folder = folderOf("compiled")
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../../tsconfig.base.json",
      compilerOptions: { noEmit: true, types: ["node"], noUnusedLocals: false, noUnusedParameters: false },
      include: ["*.ts"]
    })
  )
  for (const [index, { code }] of fences.entries()) writeFileSync(join(folder, `fence${index}.ts`), code)
  const tsc = join(Tree.root, "node_modules/.bin/tsc")
  const { error, status, stdout } = spawnSync(tsc, ["-p", "tsconfig.json", "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32"
  })
  if (error !== undefined) throw error
  if (status === 0) return []
  return (
    stdout
      .trim()
      .split("\n")
      // Faults of the packages' own sources are for their `check`, and indented lines say the same again at length.
      .filter((said) => !/^(\s|\.\.\/)/.test(said))
      .map((said) =>
        said.replace(/^fence(\d+)\.ts\((\d+),\d+\)/, (_, index, line) => {
          const fence = fences[Number(index)]!
          return `${fence.path}:${fence.line + Number(line) - 1}`
        })
      )
  )
}
