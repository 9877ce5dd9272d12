// A port on this machine that drops every SYN, as a machine that is gone does: its backlog is full, and nobody accepts.
// Decided here: the listener lives in a thread that stands still, since an event loop would accept; the kernel holds
// what the backlog holds, and drops what comes after. Not here: any expectation.
import * as Effect from "effect/Effect"
import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"

const listener = `
  const { parentPort } = require("node:worker_threads")
  const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`

/** Its port; it ends with the scope. */
export const make = Effect.map(
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => Promise<unknown> }>((resume) => {
      const worker = new Worker(listener, { eval: true })
      const filling: Array<Socket> = []
      const close = () => {
        filling.forEach((socket) => socket.destroy())
        return worker.terminate()
      }
      worker.once("message", (port: number) => {
        let held = 0
        // A backlog of one holds two; the others are dropped from the beginning.
        for (let i = 0; i < 8; i++) {
          const socket = connect(port, "127.0.0.1", () => {
            if (++held === 2) resume(Effect.succeed({ port, close }))
          })
          filling.push(socket.on("error", () => {}))
        }
      })
    }),
    ({ close }) => Effect.promise(close)
  ),
  ({ port }) => port
)
