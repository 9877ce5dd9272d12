/**
 * Wrong versions of calls of the API: where the bearer goes, and what a 401 costs.
 *
 * Decided here: which faults of sending, repeating and healing the tests must notice. Not here: what a new token is got
 * by (`Lifecycle`, `Protocol`), and requests for tokens (`Wire`).
 */
import type { Sabotage } from "../Sabotage.ts"

const clientFile = "packages/core/src/AuthHttpClient.ts"
const healingFile = "packages/core/src/Healing.ts"

const testing = (...names: ReadonlyArray<string>) => names.map((name) => `packages/testing/test/${name}.test.ts`)

export const calls: ReadonlyArray<Sabotage> = [
  {
    title: "the bearer goes to an origin that begins like the API's",
    file: clientFile,
    find: "url.startsWith(prefix) || originOf(url) === origin",
    replace: "originOf(url)?.startsWith(origin) === true",
    tests: testing("AuthHttpClientOrigins")
  },
  {
    title: "the bearer goes to an address that begins with the letters of the API's origin",
    file: clientFile,
    find: "url.startsWith(prefix)",
    replace: "url.startsWith(origin)",
    tests: testing("AuthHttpClientOrigins")
  },
  {
    title: "the bearer goes to an address that holds the API's host anywhere",
    file: clientFile,
    find: "url.startsWith(prefix) || originOf(url) === origin",
    replace: "URL.canParse(url) && new URL(url).href.includes(new URL(service.api).host)",
    tests: testing("AuthHttpClientOrigins")
  },
  {
    title: "a call is sent bare when no token can be had",
    file: clientFile,
    find: "? authenticated(request)\n",
    replace: "? Effect.catch(authenticated(request), () => client.postprocess(Effect.succeed(request)))\n",
    tests: testing("AuthHttpClientOrigins")
  },
  {
    title: "a 403 refreshes",
    file: clientFile,
    find: "if (response.status === 401) return Effect.succeed(",
    replace: "if (response.status === 403 || response.status === 401) return Effect.succeed(",
    tests: testing("AuthHttpClient")
  },
  {
    title: "a 401 that speaks of the request's scope refreshes",
    file: clientFile,
    find: `return Effect.succeed(!isAboutTheRequest(response.headers["www-authenticate"]))`,
    replace: "return Effect.succeed(true)",
    tests: testing("AuthHttpClient", "guarantees/Resource")
  },
  {
    title: "a 401 of another host burns the token",
    file: clientFile,
    find: "if (!isOwn) return Effect.succeed(false)",
    replace: "if (response.status === 0) return Effect.succeed(isOwn)",
    tests: testing("AuthHttpClientWire")
  },
  {
    title: "every 401 refreshes: no pause after a healing that did not help",
    file: healingFile,
    find: "!suspect.isProven && isAhead(suspect.until, now)",
    replace: "!suspect.isProven && isAhead(suspect.until - longPause, now)",
    tests: testing("AuthHttpClient")
  },
  {
    title: "a body that is a stream is repeated",
    file: clientFile,
    find: `case "Stream":\n      return false`,
    replace: `case "Stream":\n      return true`,
    tests: testing("AuthHttpClient")
  },
  {
    title: "the body of a refused call is left unread",
    file: clientFile,
    find: "    yield* drain(first.response)\n",
    replace: "    if (first.response.status === 0) yield* drain(first.response)\n",
    tests: testing("AuthHttpClientWire")
  },
  {
    title: "a request's own Authorization header is overwritten",
    file: clientFile,
    find: ` && request.headers["authorization"] === undefined`,
    replace: "",
    tests: testing("AuthHttpClient")
  },
  {
    title: "a healing that cost a login is repeated after a minute, as any other",
    file: healingFile,
    find: "(costly.has(token) ? longPause : pause)",
    replace: "(costly.has(token) ? pause : pause)",
    tests: testing("guarantees/Permanence")
  },
  {
    title: "one endpoint that refuses everything costs a refresh a call",
    file: healingFile,
    find: "if (vain.times >= vainTimes && isAhead(vain.until, now)) return true",
    replace: "if (vain.times < 0) return true",
    tests: testing("guarantees/Resource")
  },
  {
    title: "a stale token of another process passes for one that was issued to heal",
    file: healingFile,
    find: "if (DateTime.toEpochMillis(token.issuedAt) >= now) suspect",
    replace: "if (DateTime.toEpochMillis(token.issuedAt) >= -now) suspect",
    tests: testing("guarantees/Resource")
  }
]
