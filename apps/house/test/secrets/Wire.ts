// A vendor on a socket of this machine, whose requests may meet a fault instead.
// Decided here: that every request passes the vendor's simulator unless a fault is set, and that every token it issues
// is a canary from then on. Not here: which faults there are (`Faults.ts`).
import type * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type { Canary } from "./Canary.ts"
import type { Fault } from "./Faults.ts"

/** The kinds of request that a fault may meet. */
export type Meets = "tokens" | "api"

export interface Wire {
  readonly baseUrl: string
  /** Every secret that is known to the vendor: what it was given at first, and what it issued since. */
  readonly canaries: ReadonlyArray<Canary>
  /** From now on requests of a kind meet this; undefined: none. */
  readonly meet: (fault: Fault | undefined, meets?: Meets) => void
  /** How many requests met a fault. */
  readonly met: () => number
  /** Addresses of all requests. */
  readonly urls: ReadonlyArray<string>
}

/** A simulator that keeps each token that it issues. */
export const watched = (
  simulator: Simulator.Simulator,
  canaries: Array<Canary>
): Pick<Simulator.Simulator, "handle"> => ({
  handle: (request) =>
    Effect.tap(simulator.handle(request), (response) =>
      Effect.promise(async () => {
        const body: unknown = await response
          .clone()
          .json()
          .catch(() => undefined)
        for (const [key, value] of Object.entries(body ?? {})) {
          const isToken = /token$/i.test(key) && typeof value === "string" && value.length > 20
          if (isToken && !canaries.some(({ text }) => text === value)) {
            canaries.push({ name: `${key} ${canaries.length}`, text: value })
          }
        }
      })
    )
})

const toRequest = (incoming: IncomingMessage, body: string, origin: string) =>
  new Request(new URL(incoming.url!, origin), {
    method: incoming.method!,
    headers: Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: body === "" ? null : body
  })

/** Serves a simulator until the scope closes. */
export const serve = Effect.fnUntraced(function* (
  simulator: Simulator.Simulator,
  known: ReadonlyArray<Canary>
): Effect.fn.Return<Wire, never, Scope.Scope> {
  const canaries = [...known]
  const { handle } = watched(simulator, canaries)
  const urls: Array<string> = []
  let [met, fault, meets]: [number, Fault | undefined, Meets] = [0, undefined, "tokens"]
  let origin = ""
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    const answer = async () => {
      urls.push(incoming.url!)
      const body = await text(incoming)
      if (fault !== undefined && (incoming.method === "POST") === (meets === "tokens")) {
        met++
        // The API's answers belong to the app: they say nothing back, so that what is found is the client's.
        const secret = meets === "tokens" ? canaries.at(-1)!.text : "nothing"
        const request = meets === "tokens" ? incoming : Object.assign(incoming, { rawHeaders: [] })
        return fault.act({ request, body, secret }, incoming.socket)
      }
      const response = await Effect.runPromise(handle(toRequest(incoming, body, origin)))
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    }
    // A connection that the simulator drops, or an answer that breaks off, is a lost connection.
    answer().catch(() => incoming.socket.destroy())
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    baseUrl: origin,
    canaries,
    urls,
    met: () => met,
    meet: (next, at = "tokens") => {
      fault = next
      meets = at
    }
  }
})

/** An address of this machine where nobody listens any more. */
export const nowhere: Effect.Effect<string> = Effect.callback((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${port}`)))
  })
})
