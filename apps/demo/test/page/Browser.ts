/**
 * A real browser for the page: Chromium of the system, found on the PATH.
 *
 * Decided here: what makes a page faulty whatever a test looks at: an error on its console, a violation of its policy,
 * a request to another host. Not here: what the page shows.
 */
import { assert } from "@effect/vitest"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]

const isExecutable = (path: string) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The browser, or undefined where there is none. */
export const executable = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => names.map((name) => join(folder, name)))
  .find(isExecutable)

if (executable === undefined) {
  console.error(
    "\n!!! NO CHROMIUM ON THE PATH: the page is NOT tested in a browser. Debian: apt-get install chromium !!!\n"
  )
}

/** Starts it. */
export const launch = () =>
  chromium.launch({
    executablePath: executable!,
    // Chromium does not sandbox for root, who runs it in a container.
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-dev-shm-usage"]
  })

/** A page, and what was wrong with it so far. */
export interface Opened {
  readonly page: Page
  /** Fails if anything was. Errors of requests that a server gone away caused are allowed by `isAway`. */
  readonly check: (options?: { readonly isAway: boolean }) => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens the page in a context of its own, and waits until each vendor has a token. */
export const open = async (browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Opened> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const faults: Array<string> = []
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`)
  })
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== address) faults.push(`request: ${request.url()}`)
  })
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective}`))
  })
  await page.goto(address)
  for (const id of ["logisense", "lrs-connect", "itempath"]) await page.locator(`#card-${id}`).waitFor()
  return {
    page,
    check: async ({ isAway } = { isAway: false }) => {
      const left = isAway ? faults.filter((fault) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(fault)) : faults
      assert.deepStrictEqual(left, [])
    },
    close: () => context.close()
  }
}

/** A vendor's counter as the card shows it. */
export const counter = async (page: Page, vendor: string, name: string): Promise<number> =>
  Number((await page.locator(`#card-${vendor} [data-counter="${name}"] dd`).innerText()).replaceAll(",", ""))

/** Chooses a vendor and presses a button, as a person does. */
export const press = async (page: Page, vendor: string, action: string) => {
  await page.locator(`.choices label:has(input[value="${vendor}"])`).click()
  await page.locator(`[data-action="${action}"]`).click()
}

/** Waits until the line that says how things stand says so. */
export const stands = (page: Page, text: RegExp) => page.getByRole("status").filter({ hasText: text }).waitFor()
