/**
 * A simulator on 127.0.0.1, for the demo and for people's own tools.
 * Decided here: any free port; a dropped exchange is a destroyed socket, before the answer or in the middle of it; a
 * client that goes away does not stop the vendor's work; everything is closed with the scope.
 * Not decided here: what the simulator answers. Time is the Clock of whoever serves it: a TestClock holds delays back.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import type { Simulator } from "./Simulator.ts"

const webRequest = async (incoming: IncomingMessage, origin: string): Promise<Request> => {
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
  }
  const body = await buffer(incoming)
  return new Request(new URL(incoming.url ?? "/", origin), {
    method: incoming.method ?? "GET",
    headers,
    body: body.byteLength === 0 ? null : new Uint8Array(body)
  })
}

const reply = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body !== null) {
    for await (const chunk of response.body) {
      // Each piece is on its way before the next is asked for: a body that breaks off keeps its beginning.
      await new Promise<void>((resolve) => outgoing.write(chunk, () => resolve()))
    }
  }
  outgoing.end()
}

/** Serves a simulator at a free port until the scope closes; gives its origin, `http://127.0.0.1:<port>`. */
export const serve = Effect.fnUntraced(function* (simulator: Simulator): Effect.fn.Return<string, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  let origin = ""
  const server = createServer((incoming, outgoing) => {
    const lose = Effect.sync(() => incoming.socket.destroy())
    run(
      Effect.tryPromise(() => webRequest(incoming, origin)).pipe(
        Effect.flatMap(simulator.handle),
        Effect.flatMap((response) => Effect.tryPromise(() => reply(response, outgoing))),
        // Dropped, a request that never came whole, a body that breaks off: all of them look alike from outside.
        Effect.catchCause(() => lose)
      )
    )
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return origin
})
