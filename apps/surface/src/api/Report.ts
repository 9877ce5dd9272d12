// A package's public surface as a text that people review: every declaration that can be imported from it.
// Decided here: that the report is made from the built declarations, without comments, one section a module, sorted, so
// that moving code changes nothing; that a module which no entry opens is shown as far as its names stand in what is
// open. Not here: which modules those are (`Published`), and what happens when a report differs (`main`).
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import type { Entry, Package } from "../Published.ts"

interface Section {
  readonly title: string
  readonly file: string
  /** Which declarations are shown: all that are exported, or those that others name. */
  readonly names: Set<string> | undefined
}

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/** The report of one package. */
export const report = ({ entries, name }: Package, folder: string): string => {
  const open = new Map(entries.map((entry) => [entry.types, entry]))
  const sections = new Map<string, Section>()
  for (const { specifier, types } of entries) sections.set(types, { title: specifier, file: types, names: undefined })
  const bodies = new Map<string, string>()

  // A section that is shown in part grows while others name more of it: until nothing new is named.
  for (let size = -1; size !== measure(sections);) {
    size = measure(sections)
    for (const section of sections.values()) bodies.set(section.file, body(section, sections, folder, open))
  }

  const shown = [...sections.values()].toSorted((a, b) => (a.title < b.title ? -1 : 1))
  const [public_, named] = [shown.filter((section) => section.names === undefined), shown.filter(({ names }) => names)]
  const text = (section: Section) => `### ${section.title}\n\n\`\`\`ts\n${bodies.get(section.file)}\n\`\`\`\n`
  return [
    `# What can be imported from ${name}\n`,
    "Made from the built declarations by `pnpm api`. A change here is a change for users: it wants a changeset.\n",
    ...public_.map(text),
    ...(named.length === 0 ? [] : ["## Named by the above, and not to be imported\n", ...named.map(text)])
  ].join("\n")
}

const measure = (sections: ReadonlyMap<string, Section>): number =>
  [...sections.values()].reduce((sum, { names }) => sum + 1 + (names?.size ?? 0), 0)

const body = (
  { file, names }: Section,
  sections: Map<string, Section>,
  folder: string,
  open: ReadonlyMap<string, Entry>
): string => {
  const source = ts.createSourceFile(file, ts.sys.readFile(file)!, ts.ScriptTarget.ES2022, true)
  const target = (specifier: string) => join(dirname(file), specifier.replace(/\.(ts|js)$/, ".d.ts"))
  const isOurs = (node: ts.Expression | undefined): node is ts.StringLiteral =>
    node !== undefined && ts.isStringLiteral(node) && node.text.startsWith(".")
  const section = (path: string, isWhole: boolean): Section => {
    const known = sections.get(path)
    if (known !== undefined && (known.names === undefined || !isWhole)) return known
    const title = relative(folder, path).replace(/\.d\.ts$/, "")
    const made = { title, file: path, names: isWhole ? undefined : new Set<string>() }
    sections.set(path, made)
    return made
  }

  const namespaces = new Map<string, string>()
  const named = new Map<string, readonly [string, string]>()
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !isOurs(statement.moduleSpecifier)) continue
    const path = target(statement.moduleSpecifier.text)
    const bindings = statement.importClause?.namedBindings
    if (bindings !== undefined && ts.isNamespaceImport(bindings)) namespaces.set(bindings.name.text, path)
    if (bindings !== undefined && ts.isNamedImports(bindings)) {
      for (const { name, propertyName } of bindings.elements) named.set(name.text, [path, (propertyName ?? name).text])
    }
  }

  const local = new Map<string, Array<ts.Statement>>()
  for (const statement of source.statements) {
    for (const declared of namesOf(statement)) local.set(declared, [...(local.get(declared) ?? []), statement])
  }
  const shown = new Set<ts.Statement>()
  const queue = source.statements.filter((statement) =>
    names === undefined ? isExported(statement) : namesOf(statement).some((declared) => names.has(declared))
  )
  const mention = (path: string, what: string) => {
    section(path, false).names?.add(what)
  }
  const follow = (node: ts.Node): void => {
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && node.qualifier !== undefined) {
      const argument = node.argument.literal
      if (isOurs(argument as ts.Expression)) {
        mention(target((argument as ts.StringLiteral).text), node.qualifier.getText().split(".")[0]!)
      }
    }
    const pair = ts.isQualifiedName(node)
      ? [node.left, node.right]
      : ts.isPropertyAccessExpression(node)
        ? [node.expression, node.name]
        : undefined
    if (pair !== undefined && ts.isIdentifier(pair[0]!) && namespaces.has(pair[0].text)) {
      mention(namespaces.get(pair[0].text)!, pair[1]!.getText())
    }
    if (ts.isIdentifier(node)) {
      const imported = named.get(node.text)
      if (imported !== undefined) mention(...imported)
      queue.push(...(local.get(node.text) ?? []))
    }
    ts.forEachChild(node, follow)
  }
  for (let statement = queue.shift(); statement !== undefined; statement = queue.shift()) {
    if (shown.has(statement)) continue
    shown.add(statement)
    if (ts.isExportDeclaration(statement)) {
      if (!isOurs(statement.moduleSpecifier)) continue
      const path = target(statement.moduleSpecifier.text)
      const clause = statement.exportClause
      if (open.has(path)) continue
      if (clause !== undefined && ts.isNamedExports(clause)) {
        for (const { name, propertyName } of clause.elements) mention(path, (propertyName ?? name).text)
      } else section(path, true)
    } else follow(statement)
  }
  return [...shown]
    .map((statement) => {
      const text = printer.printNode(ts.EmitHint.Unspecified, statement, source)
      return { text, key: namesOf(statement)[0] ?? text }
    })
    .filter(({ text }) => text !== "export {};")
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join("\n")
}

const isExported = (statement: ts.Statement): boolean =>
  ts.isExportDeclaration(statement) ||
  (ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false))

const namesOf = (statement: ts.Statement): ReadonlyArray<string> => {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText())
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  return isNamed && statement.name !== undefined ? [statement.name.text] : []
}
