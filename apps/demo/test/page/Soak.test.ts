/**
 * A page that is left open: at six times the usual pace neither the server nor the page grows. Seconds of it each time,
 * ten minutes at night.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Browser } from "playwright-core"
import * as Known from "../../page/Known.js"
import * as History from "../../src/serve/History.ts"
import { counter, executable, launch, open } from "./Browser.ts"
import * as Served from "./Served.ts"

const isNight = process.env["NIGHTLY"] !== undefined
const minutes = isNight ? 10 : 0.15
/** What is kept is full after the time that it is kept. */
const warmUp = isNight ? Math.max(History.longest, Known.longest) + 30_000 : 3_000
const samples = isNight ? 12 : 4
/** Mebibytes between the first three samples and the last three. The short run is not warm. */
const allowed = isNight ? { server: 2, page: 1 } : { server: 16, page: 12 }

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

const mean = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

describe.skipIf(executable === undefined)("a page that is left open", () => {
  let browser: Browser
  let served: Served.Served
  beforeAll(async () => {
    ;[browser, served] = await Promise.all([launch(), Served.serve({ pace: 6 })])
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await served.close()
  })

  it(
    "has a bounded history and a flat heap, in the page and in the server, at six times the usual pace",
    { timeout: minutes * 60_000 + 60_000 },
    async () => {
      const { check, page } = await open(browser, served.address)
      const cdp = await page.context().newCDPSession(page)
      const sample = async () => {
        await cdp.send("HeapProfiler.collectGarbage")
        const { usedSize } = await cdp.send("Runtime.getHeapUsage")
        const { nodes } = await cdp.send("Memory.getDOMCounters")
        collect()
        const reader = await Served.read(served.address)
        const { news } = await reader.until(() => true)
        await reader.close()
        return {
          page: usedSize / 2 ** 20,
          server: process.memoryUsage().heapUsed / 2 ** 20,
          nodes,
          kept: news.entries.length,
          last: Math.max(0, ...news.entries.map(({ seq }) => seq))
        }
      }
      const begun = await counter(page, "logisense", "API calls")
      await page.waitForTimeout(warmUp)
      const taken: Array<Awaited<ReturnType<typeof sample>>> = []
      for (let index = 0; index < samples; index++) {
        taken.push(await sample())
        await page.waitForTimeout((minutes * 60_000 - warmUp) / samples)
      }
      if (isNight) console.table(taken)
      // Two callers with 500 and 700 ms between two calls, six times as often, of which a half has to have come.
      const calls = (await counter(page, "logisense", "API calls")) - begun
      assert.isAbove(calls, ((minutes * 60_000) / 500) * 3)
      assert.isTrue(taken.every(({ kept }) => kept <= History.most))
      const growth = (of: "page" | "server" | "nodes") =>
        mean(taken.slice(-3).map((each) => each[of])) - mean(taken.slice(0, 3).map((each) => each[of]))
      assert.isBelow(growth("server"), allowed.server)
      assert.isBelow(growth("page"), allowed.page)
      if (isNight) assert.isBelow(growth("nodes"), 500)
      await check()
    }
  )
})
