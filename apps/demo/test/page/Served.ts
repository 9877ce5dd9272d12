/**
 * The page's server in the test's own process, and a reader of its news.
 *
 * Decided here: that each server has a client and a scope of its own, so that closing one leaves nothing behind. Not
 * here: what is expected of it.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { ConfigProvider, Effect, Exit, Layer, Logger, ManagedRuntime, Scope } from "effect"
import type { HttpClient } from "effect/http"
import type * as News from "../../src/serve/News.ts"
import * as Serve from "../../src/serve/Serve.ts"

/** Serves until it is closed. */
export const serve = async (
  options: Partial<Serve.Options> = {},
  client: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndici,
  variables: Record<string, string> = {}
) => {
  const configured = ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables }))
  const runtime = ManagedRuntime.make(Layer.mergeAll(client, configured, Logger.layer([])))
  const scope = Scope.makeUnsafe()
  const address = await runtime.runPromise(
    Serve.serve({ port: 0, environment: undefined, ...options }).pipe(Scope.provide(scope))
  )
  return {
    address,
    port: Number(new URL(address).port),
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await runtime.dispose()
    }
  }
}

/** A server that is up. */
export type Served = Awaited<ReturnType<typeof serve>>

/** Presses a button as the page does. */
export const press = (address: string, vendor: string, action: string, on = true) =>
  fetch(`${address}/press`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: address },
    body: JSON.stringify({ vendor, action, on })
  })

/** Reads the news until it is closed. */
export const read = async (address: string, lastEventId?: string) => {
  const abort = new AbortController()
  const response = await fetch(`${address}/events`, {
    signal: abort.signal,
    headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId }
  })
  const told: Array<{ readonly id: string; readonly news: News.News }> = []
  let raw = ""
  let waiting: Array<() => void> = []
  const reading = (async () => {
    let rest = ""
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      raw += chunk
      const parts = (rest + chunk).split("\n\n")
      rest = parts.pop()!
      for (const part of parts) {
        const [, id, data] = /^id: (.*)\ndata: (.*)$/.exec(part) ?? []
        if (data !== undefined) told.push({ id: id!, news: JSON.parse(data) })
      }
      for (const resume of waiting.splice(0)) resume()
    }
  })().catch(() => undefined)
  return {
    response,
    told,
    raw: () => raw,
    /** The first news, from now on or so far, of which something is true. */
    until: async (matches: (news: News.News) => boolean, from = 0) => {
      for (let at = from; ; at++) {
        while (at >= told.length) await new Promise<void>((resume) => waiting.push(resume))
        if (matches(told[at]!.news)) return told[at]!
      }
    },
    close: async () => {
      abort.abort()
      await reading
    }
  }
}

/** How a vendor stands in a piece of news. */
export const of = (news: News.News, vendor: string): News.Now | undefined => news.now.find(({ id }) => id === vendor)
