// A table of Markdown, as oxfmt would write it.
// Decided here: the first column is text and stands left, all others are figures and stand right; columns are as wide
// as their widest cell, so that the formatter has nothing to change. Not here: what is in the cells.

export type Cell = string | number

/** Lines of a table. */
export const table = (head: ReadonlyArray<Cell>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string => {
  const lines = [head, ...rows].map((row) => head.map((_, column) => String(row[column] ?? "").replaceAll("|", "/")))
  const widths = head.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]!.length)))
  const write = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(" | ")} |`
  const rules = widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  const rule = `| ${rules.join(" | ")} |`
  return [write(lines[0]!), rule, ...lines.slice(1).map(write)].join("\n")
}
