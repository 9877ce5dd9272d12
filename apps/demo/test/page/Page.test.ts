/**
 * The page in a real browser: what a person sees, does and reaches.
 */
import { AxeBuilder } from "@axe-core/playwright"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Browser } from "playwright-core"
import { counter, executable, launch, open, type Opened, press, stands } from "./Browser.ts"
import * as Served from "./Served.ts"

/** A line has no area, and counts as hidden. */
const there = { state: "attached" } as const

describe.skipIf(executable === undefined)("the page in a browser", { timeout: 60_000 }, () => {
  let browser: Browser
  let served: Served.Served
  let opened: Opened
  beforeAll(async () => {
    ;[browser, served] = await Promise.all([launch(), Served.serve()])
    opened = await open(browser, served.address)
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await served.close()
  })

  it("shows each vendor with its state, its token's fingerprint, the seconds to expiry and its counters", async () => {
    const { page } = opened
    await stands(page, /All is well/)
    for (const [id, name] of [
      ["logisense", "LogiSense"],
      ["lrs-connect", "LRS Connect"],
      ["itempath", "ItemPath"]
    ] as const) {
      const card = page.locator(`#card-${id}`)
      assert.strictEqual(await card.getByRole("heading").innerText(), name)
      assert.match(await card.locator(".state").innerText(), /fresh\s+token \d+ [0-9a-f]{8}/)
      assert.match(await card.locator(".ahead").innerText(), /^\d+ s\s+to expiry$/)
      assert.isAtLeast(await counter(page, id, "exchanges"), 1)
      assert.strictEqual(await card.locator(".life.held").count(), 1)
      assert.strictEqual(await card.locator(".track .due").count(), 1)
    }
    await opened.check()
  })

  it("counts the seconds to expiry down", async () => {
    const { page } = opened
    const left = async () => Number.parseInt(await page.locator("#card-logisense .ahead b").innerText(), 10)
    const before = await left()
    await page.waitForFunction(
      (before) => {
        const now = Number.parseInt(document.querySelector("#card-logisense .ahead b")!.textContent!, 10)
        return now > 0 && now < before
      },
      before,
      { timeout: 30_000 }
    )
  })

  it("a revoked token heals on screen", async () => {
    const { page } = opened
    const before = await counter(page, "logisense", "401s healed")
    const marks = await page.locator("#card-logisense .track .healed").count()
    const fingerprint = await page.locator("#card-logisense .state code").innerText()
    await press(page, "logisense", "revoke")
    await page.locator(`#card-logisense .track .healed >> nth=${marks}`).waitFor(there)
    await page.locator(`#card-logisense .state code:not(:text-is("${fingerprint}"))`).waitFor()
    assert.isAbove(await counter(page, "logisense", "401s healed"), before)
    await opened.check()
  })

  it("1,000 callers at once are one exchange", async () => {
    const { page } = opened
    // Its token is due by the schedule when 7 s are left, which would be an exchange more.
    await page.waitForFunction(
      () => Number.parseInt(document.querySelector("#card-lrs-connect .ahead b")!.textContent!, 10) > 10
    )
    const before = await counter(page, "lrs-connect", "exchanges")
    const joined = await counter(page, "lrs-connect", "callers joined")
    await press(page, "lrs-connect", "callers")
    await page.locator("#card-lrs-connect .callers", { hasText: /^1,00\d callers$/ }).waitFor()
    // A caller is counted when it begins to wait, an exchange when it has ended.
    await page.waitForFunction(
      ([before, joined]) => {
        const shown = (name: string) =>
          Number(
            document.querySelector(`#card-lrs-connect [data-counter="${name}"] dd`)!.textContent!.replaceAll(",", "")
          )
        return shown("callers joined") >= joined! + 999 && shown("exchanges") > before!
      },
      [before, joined],
      { timeout: 10_000 }
    )
    assert.strictEqual(await counter(page, "lrs-connect", "exchanges"), before + 1)
  })

  it("an outage shows, on the timeline and in the line, and it is over when the endpoint is back", async () => {
    const { page } = opened
    await press(page, "itempath", "outage")
    await stands(page, /ItemPath's token endpoint is down \(503\)\. It is tried again .*The good token is served/)
    await page.locator("#card-itempath .band.outage").waitFor(there)
    await page.locator("#card-itempath .track .mark.failed").first().waitFor(there)
    assert.strictEqual(await page.locator('[data-action="outage"]').getAttribute("aria-pressed"), "true")
    await press(page, "itempath", "outage")
    await stands(page, /All is well/)
    await opened.check()
  })

  it("an endpoint that asks for a pause is named, with what is being done", async () => {
    const { page } = opened
    await press(page, "itempath", "throttle")
    await stands(page, /ItemPath asks for a pause of 8s\. No request goes out before it is over/)
    await press(page, "itempath", "throttle")
    await stands(page, /All is well/)
  })

  it("a slow endpoint is named, with what is being done", async () => {
    const { page } = opened
    await press(page, "logisense", "slow")
    await page.locator("#card-logisense .flight.open").waitFor(there)
    await stands(page, /LogiSense's token endpoint takes its time\. .*do not wait/)
    await press(page, "logisense", "slow")
    await stands(page, /All is well/)
  })

  it("an unresolved exchange is named, and signing in again is the cure", async () => {
    const { page } = opened
    await press(page, "lrs-connect", "lose")
    await stands(page, /LRS Connect was sent a refresh token that may be used once.* is not sent again/)
    await page.locator("#card-lrs-connect .track .mark.unknown").first().waitFor(there)
    await page.getByRole("button", { name: "Sign in to LRS Connect again" }).click()
    await stands(page, /All is well/)
  })

  it("a session that is over is named, and signing in again is the cure", async () => {
    const { page } = opened
    await press(page, "lrs-connect", "kill")
    await stands(page, /LRS Connect's session is over, .*Nothing is sent until a person signs in again/)
    await page.getByRole("button", { name: "Sign in to LRS Connect again" }).click()
    await stands(page, /All is well/)
  })

  it("a refused login is named, sent once, and signing out is the cure once the password is right", async () => {
    const { page } = opened
    await press(page, "logisense", "password")
    await stands(page, /LogiSense refused the login\. It was sent once and is not sent again.*sign out/)
    await page.locator("#card-logisense .band.refused").waitFor(there)
    assert.strictEqual(await page.locator("#card-logisense .ahead").innerText(), "nothing is sent")
    const failures = await counter(page, "logisense", "failures")
    assert.isAtLeast(failures, 2)
    await press(page, "logisense", "password")
    const cure = page.getByRole("button", { name: "Sign out of LogiSense" })
    assert.strictEqual(await counter(page, "logisense", "failures"), failures)
    await cure.click()
    await stands(page, /All is well/)
    await opened.check()
  })

  it("an API that refuses new tokens too is named, with what is being done", async () => {
    const { page } = opened
    await press(page, "itempath", "reject")
    await stands(page, /ItemPath's API answers 401, to a new token too\. .*none is asked for, for a minute/)
    await page.locator("#card-itempath .track .mark.rejected").first().waitFor(there)
    await stands(page, /All is well/)
  })

  it("the same as the timeline is there as text", async () => {
    const { page } = opened
    await page.locator("#card-logisense summary").click()
    const text = page.locator("#card-logisense details")
    await text.locator("li").first().waitFor()
    assert.match(await text.innerText(), /token \d+ \([0-9a-f]{8}\), good until \d\d:\d\d:\d\d/)
    await page.locator("#card-logisense summary").click()
    assert.match(
      (await page.locator("#card-logisense .track").getAttribute("aria-label"))!,
      /LogiSense, the last minute/
    )
  })

  it("everything is reached and pressed by keyboard, and the focus is seen", async () => {
    const { page } = opened
    await page.locator(".choices input").first().focus()
    await page.keyboard.press("ArrowRight")
    assert.isTrue(await page.locator('.choices input[value="lrs-connect"]').isChecked())
    const count = await page.locator("button, summary").count()
    const reached = new Set<string>()
    await page.evaluate(() => document.querySelector<HTMLElement>(":focus")?.blur())
    for (let step = 0; step < count + 5; step++) {
      await page.keyboard.press("Tab")
      const found = await page.evaluate(() => {
        const { activeElement } = document
        if (activeElement === document.body) return { name: "", isSeen: true }
        const isSeen = activeElement !== null && getComputedStyle(activeElement).outlineStyle !== "none"
        const isRadio = activeElement instanceof HTMLInputElement
        const name = (activeElement?.closest("section")?.id ?? "") + activeElement?.textContent?.trim().slice(0, 20)
        return { name, isSeen: isSeen || isRadio }
      })
      assert.isTrue(found.isSeen, found.name)
      reached.add(found.name)
    }
    const wanted = await page.evaluate(() =>
      [...document.querySelectorAll("button, summary")].map(
        (element) => (element.closest("section")?.id ?? "") + element.textContent!.trim().slice(0, 20)
      )
    )
    assert.deepStrictEqual(
      wanted.filter((name) => !reached.has(name)),
      []
    )
    const before = await page.locator("#card-lrs-connect .state code").innerText()
    await page.locator('[data-action="revoke"]').focus()
    await page.keyboard.press("Enter")
    await page.locator(`#card-lrs-connect .state code:not(:text-is("${before}"))`).waitFor()
  })

  it("axe finds nothing serious, in light and dark, wide and narrow, well and in trouble", async () => {
    await Served.press(served.address, "lrs-connect", "kill")
    await Served.press(served.address, "itempath", "outage")
    const { check, close, page } = await open(browser, served.address, { reducedMotion: "reduce" })
    await stands(page, /LRS Connect's session is over/)
    await stands(page, /ItemPath's token endpoint is down/)
    await page.locator("#card-itempath summary").click()
    const looks = [
      ["light", 1280],
      ["dark", 390],
      ...(process.env["NIGHTLY"] === undefined
        ? []
        : ([
            ["light", 390],
            ["dark", 1280]
          ] as const))
    ] as const
    for (const [colorScheme, width] of looks) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 844 })
      const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze()
      assert.deepStrictEqual(
        violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`),
        [],
        `${colorScheme} ${width}`
      )
      assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth), width)
    }
    await check()
    await close()
    await Served.press(served.address, "lrs-connect", "signIn")
    await Served.press(served.address, "itempath", "outage", false)
    await stands(opened.page, /All is well/)
  })

  it("time passes in steps of a second for people who want less motion, and smoothly for others", async () => {
    const moves = async (reducedMotion: "reduce" | "no-preference") => {
      const { close, page } = await open(browser, served.address, { reducedMotion })
      const count = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const seen = new Set<string | null>()
            const begun = document.timeline.currentTime as number
            const look = (at: number) => {
              seen.add(document.querySelector("#card-logisense .moving")!.getAttribute("transform"))
              if (at - begun < 1_500) requestAnimationFrame(look)
              else resolve(seen.size)
            }
            requestAnimationFrame(look)
          })
      )
      await close()
      return count
    }
    const [less, full] = await Promise.all([moves("reduce"), moves("no-preference")])
    assert.isAtMost(less, 4)
    assert.isAbove(full, 5)
  })

  it("says that the server is away, and reads on by itself when it is back", async () => {
    const first = await Served.serve()
    const { check, close, page } = await open(browser, first.address)
    await press(page, "logisense", "revoke")
    await page.locator("#card-logisense .track .healed").first().waitFor(there)
    await first.close()
    await stands(page, /The demo's server does not answer\. This page tries again by itself/)
    await page.locator(".link", { hasText: "reconnecting" }).waitFor()
    const second = await Served.serve({ port: first.port })
    await stands(page, /All is well/)
    await page.locator(".link", { hasText: "connected" }).waitFor()
    // Nothing is left of the server that was, whose tokens and 401s were other ones.
    assert.strictEqual(await page.locator("#card-logisense .track .healed").count(), 0)
    await press(page, "logisense", "revoke")
    await page.locator("#card-logisense .track .healed").first().waitFor(there)
    await check({ isAway: true })
    await close()
    await second.close()
  })
})

// Made on demand, and no test: it takes a minute and writes two files.
const isDrawn = executable !== undefined && process.env["SCREENSHOT"] !== undefined

if (isDrawn)
  describe("the README's picture", () => {
    it("is made of a minute with some trouble", { timeout: 120_000 }, async () => {
      const [browser, served] = await Promise.all([launch(), Served.serve()])
      const pages = await Promise.all(
        (["light", "dark"] as const).map(async (colorScheme) => ({
          colorScheme,
          opened: await open(browser, served.address, { colorScheme })
        }))
      )
      const { page } = pages[0]!.opened
      const steps: ReadonlyArray<readonly [after: number, vendor: string, action: string, on?: boolean]> = [
        [14_000, "logisense", "revoke"],
        [4_000, "lrs-connect", "callers"],
        [5_000, "itempath", "kill"],
        [6_000, "logisense", "slow"],
        [6_000, "logisense", "slow", false],
        [4_000, "logisense", "lose"],
        [6_000, "itempath", "outage"]
      ]
      for (const [after, vendor, action, on] of steps) {
        await page.waitForTimeout(after)
        await Served.press(served.address, vendor, action, on)
      }
      await page.waitForTimeout(9_000)
      for (const { colorScheme, opened } of pages) {
        await opened.page.screenshot({
          path: new URL(`../../page-${colorScheme}.png`, import.meta.url).pathname,
          fullPage: true
        })
        await opened.check()
      }
      await browser.close()
      await served.close()
    })
  })
