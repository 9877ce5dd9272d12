/**
 * Wrong versions of the store in a database: its compare-and-set, its sealing, its file.
 *
 * Decided here: which faults of the store the tests must notice. Not here: the protocol that stands on it (`Protocol`),
 * and stores that break it under chaos, which are a suite of their own.
 */
import type { Sabotage } from "../Sabotage.ts"

const source = (name: string) => `packages/store-sql/src/${name}.ts`
const tests = (name: string) => [`packages/store-sql/test/${name}.test.ts`]

export const store: ReadonlyArray<Sabotage> = [
  {
    title: "a record is replaced whatever its version",
    file: source("Register"),
    find: "        updated_at = ${now}\n      WHERE id = ${id} AND version = ${version} RETURNING",
    replace: "        updated_at = ${now}\n      WHERE id = ${id} AND version >= ${version - version} RETURNING",
    tests: tests("Sqlite")
  },
  {
    title: "all accounts are sealed with one key",
    file: source("Sealing"),
    find: "info: encode(purpose, id),",
    replace: "info: encode(purpose),",
    tests: tests("Sealing")
  },
  {
    title: "a record in plaintext is read where keys are set",
    file: source("Sealing"),
    find: `if (keyId === null) return yield* refused("the record is in plaintext,`,
    replace:
      "if (keyId === null) return record\n" +
      `      if (keyId === "") return yield* refused("the record is in plaintext,`,
    tests: tests("Sealing")
  },
  {
    title: "each record is sealed with the same nonce",
    file: source("Sealing"),
    find: "const nonce = yield* random.randomBytes(nonceLength)",
    replace: "const nonce = (yield* random.randomBytes(nonceLength)).fill(0)",
    tests: tests("Sealing")
  },
  {
    title: "another account's record is taken for this one's",
    file: source("Envelope"),
    find: "if ((yield* TokenStore.fingerprint(content.account)) !== id) {",
    replace: `if ((yield* TokenStore.fingerprint(content.account)) === "") {`,
    tests: tests("Sealing")
  },
  {
    title: "the sweep undoes what a process wrote meanwhile",
    file: source("Register"),
    find: "WHERE id = ${id} AND version = ${version} RETURNING ${durably} AS durable`)\n",
    replace: "WHERE id = ${id} AND version >= ${version - version} RETURNING ${durably} AS durable`)\n",
    tests: tests("Rotation")
  },
  {
    title: "a full disk is told as a lost race",
    file: source("Register"),
    find: `({ reason }) => reason._tag === "SerializationError",`,
    replace: `({ reason }) => reason._tag === "SerializationError" || reason._tag === "UnknownError",`,
    tests: tests("SqliteFaults")
  },
  {
    title: "the file's permissions are what the umask leaves",
    file: source("SqliteFile"),
    find: "    Fs.fchmodSync(file, 0o600)\n",
    replace: "",
    tests: tests("SqliteFile")
  },
  {
    title: "a file that SQLite opened for reading alone is kept",
    file: source("SqliteClient"),
    find: " && !isTransaction() && close()",
    replace: " && false",
    tests: tests("SqliteFaults")
  },
  {
    title: "a disk that gives no answer counts as a folder that does not exist",
    file: source("SqliteFile"),
    find: "if (!isThere(folder)) return",
    replace: "if (!Fs.existsSync(folder)) return",
    tests: tests("guarantees/DiskCalls")
  }
]
