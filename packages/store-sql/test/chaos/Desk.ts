/**
 * A vendor's door: an HTTP server on 127.0.0.1 at which token requests arrive.
 *
 * Decided here: the address, and that an answer may be lost on its way. Not here: what is answered (`Vendor`,
 * `Families`).
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"

/** What goes back; undefined: the connection breaks instead. */
export type Answer = { readonly status: number; readonly body: unknown } | undefined

/** Opens at a free port, until the scope closes; gives its origin. */
export const open = Effect.fnUntraced(function* (
  answer: (sent: Readonly<Record<string, unknown>>, headers: IncomingHttpHeaders) => Effect.Effect<Answer>
): Effect.fn.Return<string, never, Scope.Scope> {
  const serve = Effect.fnUntraced(function* (incoming: IncomingMessage, outgoing: ServerResponse) {
    const sent = (yield* Effect.promise(() => json(incoming))) as Record<string, unknown>
    const given = yield* answer(sent, incoming.headers)
    if (given === undefined) return void outgoing.socket?.destroy()
    outgoing.writeHead(given.status, { "content-type": "application/json" })
    outgoing.end(JSON.stringify(given.body))
  })

  const run = Effect.runForkWith(yield* Effect.context<never>())
  const server = createServer((incoming, outgoing) => {
    run(Effect.ignoreCause(serve(incoming, outgoing)))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
