// Guarantee B10 on the wire: an answer that is too long, packed or not, is `MalformedResponse` at 1 MiB, in bounded time
// and memory, on fetch, node:http and undici, and on undici with its interceptor that unpacks.
// node:http and undici by itself unpack nothing: a packed answer stays small there, and is no JSON.
// Limits of time and memory are measured in this process, which is the server too, with a margin.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib"
import * as Acme from "../guarantees/Acme.ts"
import * as Wire from "./Wire.ts"

Wire.withoutNames()

const mebibyte = 1_048_576
const zeros = Buffer.alloc(16 * mebibyte)
const repeat = (piece: string | Uint8Array, times: number): Iterable<string | Uint8Array> => ({
  *[Symbol.iterator]() {
    for (let i = 0; i < times; i++) yield piece
  }
})

/** A gibibyte each: gzip and zstd are read on where one piece follows another; brotli is one piece. */
const brotli = () => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 }
  return brotliCompressSync(Buffer.alloc(1_024 * mebibyte), { params })
}
const bombs: Record<string, () => Iterable<string | Uint8Array>> = {
  gzip: () => repeat(gzipSync(zeros, { level: 9 }), 64),
  br: () => [brotli()],
  zstd: () => repeat(zstdCompressSync(zeros), 64)
}

const chunk = Buffer.alloc(65_536, 97)
const chunked = Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")])

function* after(head: ReadonlyArray<string>, pieces: Iterable<string | Uint8Array>) {
  yield ["HTTP/1.1 200 OK", "content-type: application/json", ...head, "", ""].join("\r\n")
  yield* pieces
}

/** What is answered, and whether more than 1 MiB of it can be seen by a client that unpacks nothing. */
const answers: Record<string, { readonly make: () => Iterable<string | Uint8Array>; readonly isPacked: boolean }> = {
  "64 MiB, plain": {
    make: () => after([`content-length: ${64 * mebibyte}`], repeat(chunk, 1_024)),
    isPacked: false
  },
  "endless chunks": { make: () => after(["transfer-encoding: chunked"], repeat(chunked, Infinity)), isPacked: false },
  ...Object.fromEntries(
    Object.entries(bombs).map(([encoding, make]) => {
      let made: Iterable<string | Uint8Array> | undefined
      const pieces = () => after([`content-encoding: ${encoding}`, "connection: close"], (made ??= make()))
      return [`1 GiB, packed by ${encoding}`, { make: pieces, isPacked: true }]
    })
  )
}

const unpacking = Layer.provide(
  NodeHttpClient.layerUndiciNoDispatcher,
  Layer.effect(
    NodeHttpClient.Dispatcher,
    Effect.map(NodeHttpClient.makeDispatcher, (dispatcher) => dispatcher.compose(Undici.interceptors.decompress()))
  )
)

const clients = [
  ...Wire.clients.map(({ layer, name }) => ({ layer, name, unpacks: name === "fetch" })),
  { layer: unpacking, name: "undici with decompress", unpacks: true }
]

/** The most that the process grew while an effect ran, in MiB. */
const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const before = process.memoryUsage.rss()
    let most = before
    const look = () => (most = Math.max(most, process.memoryUsage.rss()))
    const timer = setInterval(look, 2)
    return Effect.map(effect, (value) => {
      clearInterval(timer)
      look()
      return [(most - before) / mebibyte, value] as const
    })
  })

describe("B. Token endpoint: transport faults", () => {
  for (const { layer, name, unpacks } of clients) {
    for (const [title, { isPacked, make }] of Object.entries(answers)) {
      it.live(`B10: on ${name}, a body of ${title} is MalformedResponse after 1 MiB at most, soon and cheaply`, () =>
        Effect.gen(function* () {
          const { proxy } = yield* Wire.world
          const issuer = yield* Acme.overHttp(proxy.origin)
          const exchange = Effect.suspend(() => {
            proxy.next({ _tag: "Instead", pieces: make(), every: 0, end: "fin" })
            return Effect.timed(Effect.flip(issuer.login!.exchange))
          })
          // The first one pays for what is loaded and made once.
          yield* exchange
          const [grown, took] = yield* growth(
            Effect.gen(function* () {
              const took = []
              for (let i = 0; i < 3; i++) {
                const [time, { outcome, reason }] = yield* exchange
                took.push(Duration.toMillis(time))
                assert.strictEqual(outcome, "Unknown")
                assert(reason._tag === "MalformedResponse")
                const paths = isPacked && !unpacks ? /^\(body(\)| over 1 MiB\))$/ : /^\(body over 1 MiB\)$/
                assert.match(reason.paths.join(), paths)
              }
              return Math.max(...took)
            })
          )
          // 1 s and 16 MiB, tenfold: much of what is measured is the client's window and the collector's delay.
          assert.isBelow(took, 10_000)
          assert.isBelow(grown, 160)
          // What is not read is not taken off the wire either, but for what the sockets' buffers hold.
          for (const { answered } of proxy.seen) assert.isBelow(answered, 16 * mebibyte)
          assert.isTrue(yield* Wire.settled(() => proxy.open() === 0), "the rest is still being read")
        }).pipe(Effect.provide(layer), Acme.silent)
      )
    }
  }
})
