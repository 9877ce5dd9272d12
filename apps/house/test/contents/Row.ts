// A row of the table of hostile contents: what a token endpoint says, and what is due.
// Decided here: the shorthands in which the rows are written. Not here: the rows (`Bodies`, `Fields`), and how one is
// tried (`Contents.test.ts`).
import { type Changes, type Contents, json, members, type Vendor } from "./Vendors.ts"

export type Field = "access" | "refresh" | "life" | "type"

/** What a service is to make of it. */
export type Due =
  /** `MalformedResponse` with these paths: a field by the vendor's name, or what is said in its place. */
  | { readonly malformed: ReadonlyArray<Field | "(body)" | "(duplicate key)" | "access.exp"> }
  /** A token, and its life in seconds: the stated hour if nothing is said, or what the vendor documents. */
  | { readonly access?: unknown; readonly life?: number | "documented" }
  /** Another reason, as its tag and its members in JSON. */
  | { readonly login: string; readonly refresh: string }

export interface Row {
  readonly title: string
  /** Undefined where the vendor has no such field. */
  readonly contents: (vendor: Vendor) => Contents | undefined
  readonly due: Due
}

export const row = (title: string, body: Contents["body"] | Contents, due: Due): Row => ({
  title,
  contents: () => (typeof body === "string" || body instanceof Uint8Array ? { body } : body),
  due
})

/** A good answer but for some members. */
export const changed = (title: string, changes: Changes, due: Due, more: Omit<Contents, "body"> = {}): Row => ({
  title,
  contents: (vendor) =>
    ("life" in changes && vendor.fields.life === undefined) || ("type" in changes && vendor.fields.type === undefined)
      ? undefined
      : { body: json(members(vendor, changes)), ...more },
  due
})

/** A good answer's text, changed by the vendor's names. */
export const written = (
  title: string,
  write: (good: string, vendor: Vendor) => Contents["body"] | undefined,
  due: Due
): Row => ({
  title,
  contents: (vendor) => {
    const body = write(json(members(vendor)), vendor)
    return body === undefined ? undefined : { body }
  },
  due
})

export const malformed = (...paths: Extract<Due, { readonly malformed: unknown }>["malformed"]): Due => ({
  malformed: paths
})
export const accepted: Due = {}
