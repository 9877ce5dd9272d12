// A throw-away PostgreSQL for tests: on loopback, on a free port, in a folder of its own, as a user who is not root.
// Decided here: where a server is looked for, how it is started, crashed and started again, and that it ends with the
// process that started it, however that one ends: a shell holds the server and stops it when its input closes. It syncs
// to the disk like a real one. From a command line: `node test/Postgres.ts psql` runs a command beside a server, whose
// address stands in DATABASE_URL. Not here: what is asked of the server.
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import * as Scratch from "./Scratch.ts"

/** A running server. */
export interface Server {
  readonly port: number
  readonly url: string
  /** Stops it as a power failure would: nothing is written out. */
  readonly crash: () => Promise<void>
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** The folder of the server's programs; undefined where none is installed. */
export const programs: string | undefined = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...(existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql")
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => `/usr/lib/postgresql/${version}/bin`)
    : [])
]
  .filter((folder) => folder !== "" && existsSync(join(folder, "postgres")))
  .map((folder) => dirname(realpathSync(join(folder, "postgres"))))
  .find((folder) => ["initdb", "pg_isready"].every((program) => existsSync(join(folder, program))))

/** Says why nothing of PostgreSQL ran, where nobody can overlook it. */
export const missing = "PostgreSQL is NOT TESTED: no `postgres` on PATH nor in /usr/lib/postgresql/*/bin"

/** Root may not run it: then it is the package's own user, or nobody. */
const user = (() => {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"))
  const [, , uid = "65534", gid = "65534"] = line?.split(":") ?? []
  return { uid: Number(uid), gid: Number(gid) }
})()

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** `$1` programs, `$2` data, `$3` port; the rest are settings. Answers each word of its input with a line. */
const keeper = `
bin=$1; data=$2; port=$3; shift 3
while read -r word; do
  case $word in
    start)
      "$bin/postgres" -D "$data" -p "$port" "$@" < /dev/null > "$data/log" 2>&1 & server=$!
      tries=0
      until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
        tries=$((tries + 1))
        if [ $tries -gt 600 ] || ! kill -0 $server 2> /dev/null; then echo failed; cat "$data/log" >&2; exit 1; fi
        sleep 0.05
      done ;;
    crash) kill -QUIT $server; wait $server ;;
  esac
  echo "done"
done
kill -QUIT $server 2> /dev/null && wait $server
rm -rf "$data"
`

/** Starts a server with these settings. */
export const start = async (settings: Readonly<Record<string, string>> = {}): Promise<Server> => {
  if (programs === undefined) throw new Error(missing)
  const data = Scratch.folder("pg")
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid)
  const made = spawnSync(
    join(programs, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...user, cwd: data, encoding: "utf8", timeout: 60_000 }
  )
  if (made.status !== 0) {
    rmSync(data, { recursive: true, force: true })
    throw new Error(`initdb failed: ${made.stderr}`)
  }
  const port = await freePort()
  const all = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    shared_buffers: "16MB",
    max_wal_size: "64MB",
    min_wal_size: "32MB",
    max_connections: "60",
    ...settings
  }
  const child = spawn(
    "sh",
    [
      "-c",
      keeper,
      "keeper",
      programs,
      data,
      String(port),
      ...Object.entries(all).flatMap(([k, v]) => ["-c", `${k}=${v}`])
    ],
    { ...user, cwd: tmpdir(), stdio: ["pipe", "pipe", "inherit"] }
  )
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const say = conversation(child)
  const stop = async () => {
    child.stdin!.end()
    await ended
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await say("start")
  } catch (cause) {
    await stop()
    throw cause
  }
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    crash: () => say("crash"),
    start: () => say("start"),
    stop
  }
}

/** Says a word and waits for the answer. */
const conversation = (child: ChildProcess) => {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return async (word: string) => {
    child.stdin!.write(`${word}\n`)
    const { value } = await lines.next()
    if (value !== "done") throw new Error(`PostgreSQL did not ${word}`)
  }
}

if (import.meta.main) {
  const [command = "psql", ...rest] = process.argv.slice(2)
  const server = await start()
  const child = spawn(command, rest, { stdio: "inherit", env: { ...process.env, DATABASE_URL: server.url } })
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(127))
    child.once("close", (status) => resolve(status ?? 1))
  })
  await server.stop()
  process.exitCode = code
}
