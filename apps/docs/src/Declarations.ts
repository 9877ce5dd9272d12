// The API of a package, from its sources: what can be imported, with its docstring and its declared type.
// Decided here: that the compiler's declarations are shown (TypeScript 6, since 7 has no API for programs), without the
// comment that stands above them, which is the text. Not here: pages (`ApiPages`).
import { globSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import ts from "typescript"
import * as Repository from "./Repository.ts"

/** One thing that can be imported from a module. */
export interface Declaration {
  readonly name: string
  readonly kind: "class" | "interface" | "type" | "value"
  /** Its docstring, as Markdown. */
  readonly text: string
  readonly code: string
  /** Where it is written, from the top folder. */
  readonly path: string
  readonly line: number
}

/** One module of a package. */
export interface Module {
  readonly name: string
  /** How it is imported. */
  readonly imported: string
  readonly path: string
  /** The comment that the file begins with. */
  readonly text: string
  readonly declarations: ReadonlyArray<Declaration>
}

const options = (): ts.CompilerOptions => {
  const file = join(Repository.root, "tsconfig.base.json")
  const { config } = ts.readConfigFile(file, (path) => ts.sys.readFile(path))
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file), { types: ["node"] }, file)
  return { ...parsed.options, declaration: true, declarationMap: false, emitDeclarationOnly: true, noEmit: false }
}

/** Declares every source of all packages at once: gives a source's declarations by its path. */
export const declare = (): ReadonlyMap<string, string> => {
  const sources = globSync("packages/*/src/**/*.ts", { cwd: Repository.root }).map((path) =>
    join(Repository.root, path)
  )
  const program = ts.createProgram(sources, options())
  const declared = new Map<string, string>()
  program.emit(
    undefined,
    (_, text, __, ___, from) => declared.set(relative(Repository.root, from![0]!.fileName), text),
    undefined,
    true
  )
  return declared
}

/** The text of a comment, without its stars. */
const uncomment = (comment: string): string =>
  comment
    .replace(/^\/\*\*?|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*(\*|\/\/) ?/, ""))
    .join("\n")
    .trim()

const header = (source: string): string => uncomment(/^\/\*\*[^]*?\*\//.exec(source)?.[0] ?? "")

const kindOf = (statement: ts.Statement): Declaration["kind"] | undefined => {
  if (ts.isClassDeclaration(statement)) return "class"
  if (ts.isInterfaceDeclaration(statement)) return "interface"
  if (ts.isTypeAliasDeclaration(statement)) return "type"
  return ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement) ? "value" : undefined
}

const nameOf = (statement: ts.Statement): string | undefined => {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]?.name.getText()
  return kindOf(statement) === undefined ? undefined : (statement as ts.DeclarationStatement).name?.text
}

const isExported = (statement: ts.Statement): boolean =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)

const declarationsOf = (
  path: string,
  declared: ReadonlyMap<string, string>,
  names?: ReadonlySet<string>
): ReadonlyArray<Declaration> => {
  const text = declared.get(path)!
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const lines = Repository.read(path).split("\n")
  const bases = new Map<string, ts.Statement>()
  for (const statement of source.statements) {
    const name = nameOf(statement)
    if (name?.endsWith("_base")) bases.set(name, statement)
  }
  return source.statements.flatMap((statement): ReadonlyArray<Declaration> => {
    if (ts.isExportDeclaration(statement)) {
      const from = statement.moduleSpecifier
      const clause = statement.exportClause
      if (from === undefined || !ts.isStringLiteral(from) || clause === undefined || !ts.isNamedExports(clause))
        return []
      const target = join(dirname(path), from.text)
      if (!from.text.startsWith(".") || !declared.has(target)) return []
      return clause.elements.flatMap(({ name, propertyName }) =>
        declarationsOf(target, declared, new Set([(propertyName ?? name).text])).map((found) => ({
          ...found,
          name: name.text
        }))
      )
    }
    const kind = kindOf(statement)
    const name = nameOf(statement)
    if (kind === undefined || name === undefined || !isExported(statement)) return []
    if (names !== undefined && !names.has(name)) return []
    const docs = (ts.getLeadingCommentRanges(text, statement.pos) ?? []).map(({ end, pos }) => text.slice(pos, end))
    const base = bases.get(`${name}_base`)
    const shown = [...(base === undefined ? [] : [base]), statement].map((one) =>
      text
        .slice(one.getStart(source), one.end)
        .replace(/^export (declare )?/, "")
        .replace(/^declare /, "")
    )
    const at = lines.findIndex((line) =>
      new RegExp(`^export (const|class|interface|type|function) ${name}\\b`).test(line)
    )
    const doc = docs.at(-1)
    return [
      {
        name,
        kind,
        text: doc?.startsWith("/**") ? uncomment(doc) : "",
        code: shown.join("\n").replace(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 2)),
        path,
        line: at + 1
      }
    ]
  })
}

/** A type and a value of one name are one thing to whoever imports it. */
const merged = (declarations: ReadonlyArray<Declaration>): ReadonlyArray<Declaration> => {
  const names = [...new Set(declarations.map(({ name }) => name))]
  return names.map((name) => {
    const same = declarations.filter((declared) => declared.name === name)
    return {
      ...same[0]!,
      text: same.find(({ text }) => text !== "")?.text ?? "",
      code: same.map(({ code }) => code).join("\n")
    }
  })
}

/** The modules of a package that can be imported, by its `exports`. */
export const modules = (name: string, declared: ReadonlyMap<string, string>): ReadonlyArray<Module> => {
  const folder = `packages/${name}`
  const { exports, name: published } = JSON.parse(Repository.read(`${folder}/package.json`))
  const found = new Map<string, string>()
  for (const [key, target] of Object.entries<string | null>(exports)) {
    if (target === null || !target.endsWith(".ts")) continue
    if (target.includes("*")) {
      for (const path of declared.keys()) {
        const [before, after] = join(folder, target).split("*") as [string, string]
        const middle = path.slice(before.length, path.length - after.length)
        const isClosed = exports[key.replace("*", middle)] === null
        if (!path.startsWith(before) || middle.includes("/") || middle === "index" || isClosed) continue
        if (found.has(path)) continue
        found.set(path, join(published, key.replace("*", middle)))
      }
      continue
    }
    const index = join(folder, target)
    for (const [, as, from] of Repository.read(index).matchAll(/^export (?:\* as (\w+)|type \{.*\}) from "(.*)"$/gm)) {
      found.set(
        join(dirname(index), from!),
        as === undefined ? join(published, basename(from!, ".ts")) : join(published, key)
      )
    }
  }
  return [...found]
    .map(([path, imported]) => ({
      name: basename(path, ".ts"),
      imported,
      path,
      text: header(Repository.read(path)),
      declarations: merged(declarationsOf(path, declared))
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
