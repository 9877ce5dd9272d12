/**
 * The page's server as any client sees it: who is answered, what is told, and what is never told.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { request } from "node:http"
import { text } from "node:stream/consumers"
import * as Guard from "../../src/serve/Guard.ts"
import type * as News from "../../src/serve/News.ts"
import * as Served from "./Served.ts"

/** A request whose Host and Origin are the test's to choose, which `fetch` does not allow. */
const ask = (port: number, path: string, headers: Record<string, string>, body?: string) =>
  new Promise<{ readonly status: number; readonly headers: Record<string, unknown> }>((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method: body === undefined ? "GET" : "POST", headers },
      (incoming) => {
        incoming.resume()
        resolve({ status: incoming.statusCode!, headers: incoming.headers })
      }
    )
    outgoing.on("error", reject)
    outgoing.end(body)
  })

describe("the page's server", () => {
  /** All that must not be told: bearers, and whatever a token endpoint took or gave. */
  const secrets = new Set<string>()
  const bearers = new Set<string>()
  const collect = (text: string) => {
    for (const word of text.match(/[\w.~+/=-]{24,}/g) ?? []) if (!word.startsWith("http")) secrets.add(word)
  }
  const listening = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.transform(client, (effect, sent) => {
        const bearer = /^Bearer (.+)$/.exec(sent.headers["authorization"] ?? "")?.[1]
        if (bearer !== undefined) bearers.add(bearer)
        if (sent.method === "GET") return effect
        return Effect.flatMap(effect, (response) =>
          Effect.map(response.text, (text) => {
            const parsed = JSON.parse(text === "" ? "{}" : text) as Record<string, unknown>
            for (const [name, value] of Object.entries(parsed)) {
              if (/token$/i.test(name) && typeof value === "string") collect(value)
            }
            return HttpClientResponse.fromWeb(
              sent,
              new Response(text, { status: response.status, headers: response.headers })
            )
          })
        )
      })
    )
  ).pipe(Layer.provide(NodeHttpClient.layerUndici))

  let served: Served.Served
  beforeAll(async () => {
    served = await Served.serve({}, listening)
  })
  afterAll(() => served.close())

  it("listens on 127.0.0.1 alone", async () => {
    assert.strictEqual(new URL(served.address).hostname, "127.0.0.1")
    const refused = await new Promise((resolve) => {
      const outgoing = request({ host: "::1", port: served.port }, () => resolve(false))
      outgoing.on("error", () => resolve(true))
      outgoing.end()
    })
    assert.isTrue(refused)
  })

  it.each([
    ["another name that leads here", "rebound.example", undefined],
    ["another name with the right port", "rebound.example:4400", undefined],
    ["an address that begins like ours", "127.0.0.1.example", undefined],
    ["a page of another origin", undefined, "https://elsewhere.example"],
    ["a page of another port", undefined, "http://127.0.0.1:1"],
    ["a page without an origin of its own", undefined, "null"]
  ])("%s gets 403 and nothing else, for the page, the news and the buttons", async (_, host, origin) => {
    const headers = { host: host ?? `127.0.0.1:${served.port}`, ...(origin === undefined ? {} : { origin }) }
    for (const path of ["/", "/events", "/page/Main.js"]) {
      assert.strictEqual((await ask(served.port, path, headers)).status, 403)
    }
    const pressed = JSON.stringify({ vendor: "logisense", action: "revoke", on: true })
    const json = { "content-type": "application/json" }
    assert.strictEqual((await ask(served.port, "/press", { ...json, ...headers }, pressed)).status, 403)
  })

  it("a request that names no server is not answered", () => {
    assert.isDefined(Guard.complaint({ method: "GET", headers: {} }))
    assert.isDefined(Guard.complaint({ method: "GET", headers: { host: "" } }))
    assert.isUndefined(Guard.complaint({ method: "GET", headers: { host: "localhost:4400" } }))
  })

  it("a button is pressed by the page alone, with JSON, and only one that there is", async () => {
    const headers = { host: `127.0.0.1:${served.port}`, "content-type": "application/json" }
    const own = { ...headers, origin: served.address }
    const pressed = JSON.stringify({ vendor: "logisense", action: "callers", on: true })
    const status = async (headers: Record<string, string>, body: string) =>
      (await ask(served.port, "/press", headers, body)).status
    assert.strictEqual(await status(own, pressed), 204)
    assert.strictEqual(await status(headers, pressed), 403)
    assert.strictEqual(await status({ ...own, "content-type": "text/plain" }, pressed), 403)
    assert.strictEqual(await status(own, "{"), 400)
    assert.strictEqual(await status(own, JSON.stringify({ vendor: "logisense" })), 400)
    assert.strictEqual(await status(own, JSON.stringify({ vendor: "acme", action: "callers", on: true })), 404)
    assert.strictEqual(await status(own, JSON.stringify({ vendor: "logisense", action: "toString", on: true })), 404)
  })

  it("every answer carries the strict policy, whatever was asked for", async () => {
    const host = { host: `127.0.0.1:${served.port}` }
    for (const [path, status] of [
      ["/", 200],
      ["/page/Main.js", 200],
      ["/node_modules/lit-html/lit-html.js", 200],
      ["/page/..%2fsrc%2fmain.ts", 404],
      ["/package.json", 404]
    ] as const) {
      const answer = await ask(served.port, path, host)
      assert.strictEqual(answer.status, status, path)
      for (const [name, value] of Object.entries(Guard.headers)) assert.strictEqual(answer.headers[name], value, path)
    }
    const policy = Guard.headers["content-security-policy"]!
    assert.include(policy, "default-src 'none'")
    assert.notMatch(policy, /unsafe|https?:|\*|data:/)
  })

  it("tells all that is kept at first, then what comes, and what was missed to a reader who comes back", async () => {
    const reader = await Served.read(served.address)
    assert.include(reader.response.headers.get("content-type"), "text/event-stream")
    const first = await reader.until(() => true)
    assert.deepStrictEqual(
      first.news.seats?.map(({ name }) => name),
      ["LogiSense", "LRS Connect", "ItemPath"]
    )
    await reader.until(({ now }) => now.every(({ state }) => state === "Fresh"))
    const left = reader.told.at(-1)!
    await Served.press(served.address, "itempath", "revoke")
    await reader.until(({ entries }) => entries.some((entry) => entry._tag === "Calls" && entry.healed > 0))
    await reader.close()

    const again = await Served.read(served.address, left.id)
    const missed = await again.until(() => true)
    await again.close()
    assert.isUndefined(missed.news.seats)
    assert.isTrue(missed.news.entries.every(({ seq }) => seq > Number(left.id.split("-")[1])))
    assert.include(
      missed.news.entries.map(({ _tag }) => _tag),
      "Pressed"
    )

    // Of another server's numbers nothing follows.
    const stranger = await Served.read(served.address, `1${left.id}`)
    assert.isDefined((await stranger.until(() => true)).news.seats)
    await stranger.close()
  })

  it("the effect of each button is seen within a second", { timeout: 60_000 }, async () => {
    const reader = await Served.read(served.address)
    const seen: Record<string, number> = {}
    type Effect = (entry: News.Entry) => boolean
    const exchange: Effect = ({ _tag }) => _tag === "Exchange"
    const trouble =
      (kind: News.Kind): Effect =>
      (entry) =>
        entry._tag === "Trouble" && entry.kind === kind
    const steps: ReadonlyArray<readonly [vendor: string, action: string, on: boolean, effect: Effect]> = [
      ["logisense", "revoke", true, (entry) => entry._tag === "Calls" && entry.healed > 0],
      ["logisense", "kill", true, (entry) => entry._tag === "Exchange" && entry.kind === "login"],
      ["itempath", "outage", true, trouble("outage")],
      ["itempath", "outage", false, ({ _tag }) => _tag === "Token"],
      ["lrs-connect", "throttle", true, trouble("throttled")],
      ["lrs-connect", "throttle", false, ({ _tag }) => _tag === "Token"],
      ["itempath", "shorten", true, ({ _tag }) => _tag === "Token"],
      ["itempath", "shorten", false, ({ _tag }) => _tag === "Token"],
      ["itempath", "lose", true, trouble("unresolved")],
      ["lrs-connect", "callers", true, exchange],
      ["logisense", "password", true, trouble("refused")],
      ["itempath", "reject", true, (entry) => entry._tag === "Calls" && entry.rejected > 0]
    ]
    for (const [vendor, action, on, effect] of steps) {
      const from = reader.told.length
      const begun = performance.now()
      await Served.press(served.address, vendor, action, on)
      await reader.until(({ entries }) => entries.some((entry) => entry.vendor === vendor && effect(entry)), from)
      seen[`${action} ${on}`] = performance.now() - begun
    }
    await reader.close()
    // A machine that is busy with other tests may be late for one of them.
    const late = Object.entries(seen).filter(([, millis]) => millis > 1_000)
    assert.isAtMost(late.length, 2, JSON.stringify(seen))
    assert.isTrue(Object.values(seen).every((millis) => millis < 10_000))
  })

  it("a slow exchange is told while it is on its way", async () => {
    const reader = await Served.read(served.address)
    await Served.press(served.address, "lrs-connect", "slow")
    await reader.until((news) => Served.of(news, "lrs-connect")?.flying !== undefined)
    const { news } = await reader.until((news) => Served.of(news, "lrs-connect")?.trouble?.kind === "slow")
    assert.isDefined(Served.of(news, "lrs-connect")?.flying)
    await Served.press(served.address, "lrs-connect", "slow", false)
    await reader.close()
  })

  it("tells fingerprints of tokens, and never a token, a password or a piece of one", async () => {
    const reader = await Served.read(served.address)
    await reader.until(({ entries }) => entries.some(({ _tag }) => _tag === "Token"))
    const files = await Promise.all(
      ["/", "/page/Main.js"].map(async (path) => (await fetch(served.address + path)).text())
    )
    const told = reader.raw() + files.join("")
    await reader.close()
    assert.isAtLeast(bearers.size, 6)
    assert.isAtLeast(secrets.size, 8)
    const fingerprints = [...bearers].map((bearer) => createHash("sha256").update(bearer).digest("hex").slice(0, 8))
    assert.isTrue(fingerprints.some((fingerprint) => told.includes(fingerprint)))
    const pieces = [...secrets, ...bearers, "correct horse", "another password"].flatMap((secret) => [
      secret,
      ...(secret.length > 40 ? [secret.slice(-16), secret.slice(-32, -8)] : []),
      Buffer.from(secret).toString("base64").slice(0, 20),
      encodeURIComponent(secret)
    ])
    assert.deepStrictEqual(
      pieces.filter((piece) => told.includes(piece)).map((piece) => piece.length),
      []
    )
  })
})

describe("the page over live vendors", () => {
  it("a configured vendor has harmless buttons alone; of another one it is said why it is left out", async () => {
    const vendor = await Effect.runPromise(ItemPathSimulator.make())
    const scope = Scope.makeUnsafe()
    const baseUrl = await Effect.runPromise(Scope.provide(Loopback.serve(vendor), scope))
    const configured = {
      ITEMPATH_BASE_URL: baseUrl,
      ITEMPATH_USERNAME: vendor.credentials.username,
      ITEMPATH_PASSWORD: Redacted.value(vendor.credentials.password),
      LRS_USERNAME: "somebody"
    }
    const served = await Served.serve({ environment: new Set(Object.keys(configured)) }, undefined, configured)
    const reader = await Served.read(served.address)
    const [{ news: first }, { news }] = [
      await reader.until(() => true),
      await reader.until((news) => Served.of(news, "itempath")?.state === "Fresh")
    ]
    assert.strictEqual(first.mode, "live")
    assert.deepStrictEqual(
      news.now.map(({ id }) => id),
      ["itempath"]
    )
    const [logiSense, lrsConnect, itemPath] = first.seats!
    assert.match(logiSense!.absence!, /begins with LOGISENSE_/)
    assert.match(lrsConnect!.absence!, /LRS_PASSWORD is not set/)
    assert.deepStrictEqual(
      itemPath!.actions.map(({ id }) => id),
      ["call", "callers"]
    )

    const exchanges = await Effect.runPromise(vendor.count("login"))
    for (const action of ["call", "callers"]) {
      assert.strictEqual((await Served.press(served.address, "itempath", action)).status, 204)
    }
    for (const action of ["revoke", "kill", "outage", "password", "signOut", "lose"]) {
      assert.strictEqual((await Served.press(served.address, "itempath", action)).status, 404, action)
    }
    assert.strictEqual(await Effect.runPromise(vendor.count("api")), 1)
    assert.deepStrictEqual([exchanges, await Effect.runPromise(vendor.count("login"))], [1, 1])
    assert.strictEqual(await Effect.runPromise(vendor.count("refresh")), 0)
    await reader.close()
    await served.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
})

describe("pnpm demo serve", () => {
  it("prints its address, serves, and ends at once when it is told to, though somebody reads the news", async () => {
    const child = spawn(process.execPath, ["src/main.ts", "serve", "--port", "0"], {
      cwd: new URL("../..", import.meta.url),
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    child.stderr.on("data", (chunk) => (output += chunk))
    const exit = once(child, "exit")
    const [printed] = (await once(child.stdout, "data")) as [Buffer]
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(String(printed))![0]
    const reader = await Served.read(address)
    await reader.until(({ now }) => now.length === 3)
    const begun = performance.now()
    child.kill("SIGINT")
    await exit
    assert.isBelow(performance.now() - begun, 10_000)
    assert.strictEqual(output, "")
    await reader.close()
  })

  it("says in a line that its port is taken, and which option to use", async () => {
    const served = await Served.serve()
    const child = spawn(process.execPath, ["src/main.ts", "serve", "--port", String(served.port)], {
      cwd: new URL("../..", import.meta.url),
      env: { PATH: process.env["PATH"] ?? "" },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")])
    assert.strictEqual(code, 1)
    assert.strictEqual(stderr, `The demo failed: port ${served.port} cannot be had: choose another one with --port\n`)
    await served.close()
  })
})
