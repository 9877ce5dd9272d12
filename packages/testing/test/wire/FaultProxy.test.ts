// What the tests of the wire rest on: the proxy ends a connection the way its fault says, once, and loses none of them.
// Node never says "close" of a connection that is reset while its FIN is on its way (libuv answers EINVAL), so what the
// proxy counts as open would never end. Decided here: the orders in which that could happen, each forced by an event
// loop that is held up. Not here: what a client makes of a fault (TransportFaults.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, createServer, type AddressInfo } from "node:net"
import * as FaultProxy from "./FaultProxy.ts"
import * as Wire from "./Wire.ts"

const request = "GET / HTTP/1.1\r\n\r\n"
const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"

/** Longer than a reset waits: all timers of the proxy are over at once. */
const holdUp = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)

/** A vendor that answers, and ends the connection in the same breath; it says so when the proxy has seen that. */
const vendor = (onEnded: () => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((socket) => {
          socket.on("error", () => {}).on("close", () => setImmediate(onEnded))
          socket.once("data", () => socket.end(answer))
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => (server.address() as AddressInfo).port
  )

/** Sends one request; gives what a client sees of its end. */
const ask = (port: number) =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request))
    let error: NodeJS.ErrnoException | undefined
    socket.resume()
    socket.on("error", (raised) => (error = raised))
    socket.on("close", () => resume(Effect.succeed(error?.code ?? "FIN")))
  })

describe("the fault proxy", () => {
  for (const [when, onEnded] of [
    ["", () => {}],
    [", however late it is", holdUp]
  ] as const) {
    it.live(`resets where a reset was due, though the vendor ends its side before it${when}`, () =>
      Effect.gen(function* () {
        const proxy = yield* FaultProxy.make(yield* vendor(onEnded))
        const ends: Array<string> = []
        for (let i = 0; i < 5; i++) {
          proxy.next({ _tag: "Truncate", after: "head", by: "reset" })
          ends.push(yield* ask(proxy.port))
        }
        assert.isTrue(yield* Wire.settled(() => proxy.open() === 0, 1), "a connection is left open")
        assert.deepStrictEqual(ends, Array(5).fill("ECONNRESET"))
      })
    )
  }

  it.live("loses no connection that is reset by `down` while its FIN is on its way", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make(yield* vendor(() => {}))
      const pieces = function* () {
        yield "HTTP/1.1 200 OK\r\n\r\n"
        // Right after the end that follows the last piece, and before the FIN of it is sent.
        process.nextTick(() => Effect.runFork(proxy.down))
      }
      proxy.next({ _tag: "Instead", pieces: pieces(), every: 0, end: "fin" })
      yield* ask(proxy.port)
      assert.isTrue(yield* Wire.settled(() => proxy.open() === 0, 1), "a connection is left open")
    })
  )
})
