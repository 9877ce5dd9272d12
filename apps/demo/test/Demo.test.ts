/**
 * The demo as a person runs it: a process of its own, on the real clock, whose output is what the README shows.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { text } from "node:stream/consumers"

/** Runs the demo; what is configured where the tests run does not reach it. */
const demo = async (args: ReadonlyArray<string>, environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, ["src/main.ts", ...args], {
    cwd: new URL("..", import.meta.url),
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")])
  return { stdout, stderr, code: code as number }
}

/** The seconds at which lines come, and the order of two vendors within them, differ from run to run. */
const story = (output: string, vendor: string) =>
  output
    .split("\n")
    .map((line) => line.replace(/^ *\d+\.\d s {2}/, ""))
    .filter((line) => line.startsWith(vendor))

const vendors = ["LogiSense", "LRS Connect", "ItemPath"]

describe("the demo", () => {
  it("tells the story that the README shows, in plain lines, and ends by itself with exit code 0", async () => {
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8")
    const shown = /```text\n([\s\S]*?)```/.exec(readme)![1]!
    const { code, stderr, stdout } = await demo([])
    assert.deepStrictEqual([code, stderr], [0, ""])
    assert.notInclude(stdout, "\u001b")
    for (const vendor of vendors) assert.deepStrictEqual(story(stdout, vendor), story(shown, vendor))
  }, 40_000)

  it("shows one vendor when asked", async () => {
    const { code, stdout } = await demo(["--vendor", "itempath"])
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(
      vendors.map((vendor) => story(stdout, vendor).length > 0),
      [false, false, true]
    )
  }, 40_000)

  it("leaves out live vendors with nothing set, and says so", async () => {
    const { code, stdout } = await demo(["--live"])
    assert.strictEqual(code, 0)
    assert.strictEqual(stdout.match(/left out/g)?.length, 3)
  })

  it("names the variable that a live vendor misses, and the option that cannot be used", async () => {
    const { code, stdout } = await demo(["--live"], {
      LRS_USERNAME: "somebody",
      ITEMPATH_BASE_URL: "http://itempath.example",
      ITEMPATH_APPLICATION_TOKEN: "h.p.s"
    })
    assert.strictEqual(code, 1)
    assert.include(stdout, "LRS_PASSWORD is not set")
    assert.include(stdout, "option baseUrl is http to another machine")
  })

  it("says which vendors there are when it is asked for another one", async () => {
    const { code, stderr, stdout } = await demo(["--vendor", "acme"])
    assert.notStrictEqual(code, 0)
    assert.include(stdout + stderr, '"logisense" | "lrs-connect" | "itempath"')
  })

  it("shares one account among three processes: one is killed, each life is one exchange, no token comes twice", async () => {
    const { code, stderr, stdout } = await demo(["--replicas", "3"])
    assert.deepStrictEqual([code, stderr], [0, ""])
    assert.match(stdout, /replica \d +! is killed/)
    const count = (what: string) => Number(new RegExp(`^${what} +(\\d+)$`, "m").exec(stdout)?.[1])
    assert.strictEqual(count("logins"), 1)
    assert.strictEqual(count("refreshes"), count("lives of a token") - 1)
    assert.strictEqual(count("refresh tokens presented twice"), 0)
  }, 60_000)

  it("keeps many tenants fresh in one process: each logs in once, is refreshed unasked, and no token comes twice", async () => {
    const { code, stderr, stdout } = await demo(["--tenants", "500"])
    assert.deepStrictEqual([code, stderr], [0, ""])
    const told = (what: string) => new RegExp(`^${what} {3,}(.*)$`, "m").exec(stdout)?.[1]
    assert.deepStrictEqual([told("tenants"), told("logins"), told("API calls answered")], ["500", "500", "1,000"])
    assert.strictEqual(told("refresh tokens presented twice"), "0")
    const [, fewest, most] = /^(\d+)(?: to (\d+))?$/.exec(told("refreshes per tenant") ?? "")!
    assert.isAtLeast(Number(fewest), 2)
    assert.isAtLeast(Number(told("refreshes")!.replace(",", "")), 500 * Number(fewest))
    assert.isAtMost(Number(told("refreshes")!.replace(",", "")), 500 * Number(most ?? fewest))
    // On a busy machine, what is under way weighs with it: how much it is, is for `pnpm bench` to say.
    assert.match(told("memory per tenant") ?? "", /^-?[\d.]+ KiB$/)
    assert.match(told("time") ?? "", /^[\d.]+ s$/)
  }, 90_000)

  it("refuses a number of processes, or of tenants, that makes no sense", async () => {
    for (const [flag, count, range] of [
      ["--replicas", "1", "2 to 9"],
      ["--tenants", "99", "100 to 10,000"]
    ] as const) {
      const { code, stderr, stdout } = await demo([flag, count])
      assert.notStrictEqual(code, 0)
      assert.include(stdout + stderr, range)
    }
  })
})
