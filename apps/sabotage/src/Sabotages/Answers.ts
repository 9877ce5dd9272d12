/**
 * Wrong versions of reading answers, and of where requests may go.
 *
 * Decided here: which faults of contents and destinations the tests must notice. Not here: faults of transport
 * (`Wire`), and what is one vendor's own (`Vendors`).
 */
import type { Sabotage } from "../Sabotage.ts"

const jsonFile = "packages/core/src/JsonText.ts"
const onceFile = "packages/core/src/SendOnce.ts"

const contents = ["apps/house/test/contents/Contents.test.ts"]
const guarantee = (name: string) => [`packages/testing/test/guarantees/${name}.test.ts`]

export const answers: ReadonlyArray<Sabotage> = [
  {
    title: "of a key that is said twice the last one is taken",
    file: jsonFile,
    find: "() => !hasDuplicateKey(text)",
    replace: "() => true",
    tests: ["packages/core/test/JsonText.test.ts"]
  },
  {
    title: "a key that is said twice, in objects apart, is an error",
    file: jsonFile,
    find: 'isKey = depth === 1\n        break\n      case ":"',
    replace: 'isKey = depth >= 1\n        break\n      case ":"',
    tests: contents
  },
  {
    title: "a token answer that is not UTF-8 is repaired",
    file: jsonFile,
    find: "fatal: isExact",
    replace: "fatal: false",
    tests: ["packages/core/test/JsonText.test.ts"]
  },
  {
    title: "a token of any type passes for a bearer",
    file: "packages/core/src/Issuer.ts",
    find: `value.toLowerCase() === "bearer"`,
    replace: `value !== ""`,
    tests: contents
  },
  {
    title: "a client with a base URL of its own takes a password elsewhere",
    file: onceFile,
    find: "throw new Misdirected()",
    replace: "hasLeft = false",
    tests: guarantee("Destinations")
  },
  {
    title: "a token request may go to another scheme of the same host",
    file: onceFile,
    find: "new URL(leaving.url).origin !== new URL(request.url).origin",
    replace: "new URL(leaving.url).host !== new URL(request.url).host",
    tests: guarantee("Destinations")
  },
  {
    title: "the bearer goes to another port or scheme of the API's host",
    file: "packages/core/src/AuthHttpClient.ts",
    find: "url.startsWith(prefix) || originOf(url) === origin",
    replace: "new URL(url).hostname === new URL(origin).hostname",
    tests: guarantee("DestinationsRedirects")
  },
  {
    title: "what an answer says besides tokens is stored, however deep",
    file: "packages/logisense/src/LogiSenseDetails.ts",
    find: `typeof body[key] === "object" ? null : `,
    replace: "",
    tests: ["apps/house/test/contents/Sequences.test.ts"]
  }
]
