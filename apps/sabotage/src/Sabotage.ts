/**
 * One small wrong version of the code, as the list holds it.
 *
 * Decided here: what an entry says. A place is named by an excerpt that occurs exactly once in its file, so that an
 * entry that the code has outgrown is noticed and not passed over. Not here: the entries (`Sabotages`), and how they
 * are applied and judged (`Copy`, `Run`).
 */

/** An excerpt of a file, and what stands there instead. */
export interface Edit {
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A wrong version of the code, which at least one test must notice. */
export interface Sabotage extends Edit {
  /** What is wrong, as a plain sentence. */
  readonly title: string
  /** The file at fault, from the top folder. */
  readonly file: string
  /** Further places in the same file, for a fault that takes more than one. */
  readonly also?: ReadonlyArray<Edit>
  /** The test files that are run, from the top folder: few, so that it is quick. */
  readonly tests: ReadonlyArray<string>
}

/** The edits of a sabotage, in their order. */
export const edits = ({ also = [], find, replace }: Sabotage): ReadonlyArray<Edit> => [{ find, replace }, ...also]

/** The sabotaged text of a file, or what keeps the entry from being applied. */
export const apply = (
  text: string,
  all: ReadonlyArray<Edit>
): { readonly text: string } | { readonly fault: string } => {
  let changed = text
  for (const { find, replace } of all) {
    const count = changed.split(find).length - 1
    if (count !== 1) return { fault: `occurs ${count} times and not once: ${find.trim().split("\n")[0]!}` }
    changed = changed.replace(find, () => replace)
  }
  return { text: changed }
}
