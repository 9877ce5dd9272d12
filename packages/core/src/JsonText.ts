/**
 * Reads a JSON object from the bytes of an answer.
 *
 * Decided here: which texts are one. An object that says a key twice is none, since readers differ on which of them
 * holds; a token answer is UTF-8 without a byte order mark, as RFC 8259 section 8.1 has it, while an error answer is
 * read as far as it can be, or its one useful word were lost. Not here: how many bytes are read, and what the members
 * mean (`TokenEndpoint`).
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The members of an object. */
export type Members = Readonly<Record<string, Schema.Json>>

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** What JSON's own reader gives is JSON, and is not looked through again: a MiB of brackets is deep. */
const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The members, or what is at fault. `isExact` is for a token answer. */
export const read = (bytes: Uint8Array, isExact: boolean): Result.Result<Members, "(body)" | "(duplicate key)"> =>
  Result.try({
    try: () => new TextDecoder("utf-8", { fatal: isExact, ignoreBOM: isExact }).decode(bytes),
    catch: () => "(body)" as const
  }).pipe(
    Result.flatMap((text) =>
      decode(text).pipe(
        Result.mapError(() => "(body)" as const),
        Result.filterOrFail(isObject, () => "(body)" as const),
        Result.filterOrFail(
          () => !hasDuplicateKey(text),
          () => "(duplicate key)" as const
        )
      )
    )
  )

/** Whether the text of an object has a key twice, in whatever spelling: `JSON.parse` would take the last one. */
const hasDuplicateKey = (text: string): boolean => {
  const keys = new Set<string>()
  let depth = 0
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        isKey = ++depth === 1
        break
      case "}":
      case "]":
        depth--
        break
      case ",":
        isKey = depth === 1
        break
      case ":":
        isKey = false
        break
      case '"': {
        const from = at
        while (text[++at] !== '"') if (text[at] === "\\") at++
        if (!isKey) break
        const written = text.slice(from, at + 1)
        const key = written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1)
        if (keys.has(key)) return true
        keys.add(key)
      }
    }
  }
  return false
}
