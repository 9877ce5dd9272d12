// Faults of the wire between a client and a token endpoint, on fetch, node:http and undici: which class each one is put
// in, that it ends by its deadline, and that no socket is left. Servers are raw sockets on 127.0.0.1, so that they can
// do what no HTTP server does.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import type * as Issuer from "@vendor-auth/core/Issuer"
import * as OAuth2 from "@vendor-auth/core/OAuth2"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { gzipSync } from "node:zlib"
import * as Wire from "./wire/Wire.ts"

// No name leaves this machine, not even one that does not exist.
Wire.withoutNames()

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["node:http", NodeHttpClient.layerNodeHttp],
  ["undici", NodeHttpClient.layerUndici]
]

type OnSocket = (socket: Socket, whole: (onRequest: () => void) => void) => void

/** A server that speaks by hand; `whole` waits for the end of the request's body. */
const serve = (onSocket: OnSocket) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly url: string
      readonly open: Set<Socket>
      readonly seen: Array<string>
      readonly close: () => void
    }>((resume) => {
      const [open, seen] = [new Set<Socket>(), [] as Array<string>]
      const server = createServer((socket) => {
        open.add(socket)
        const at = seen.push("") - 1
        socket.on("error", () => {})
        socket.on("close", () => open.delete(socket))
        const waiting: Array<() => void> = []
        socket.on("data", (chunk) => {
          seen[at] += chunk.toString("latin1")
          const [head, body] = seen[at]!.split("\r\n\r\n")
          const length = Number(/content-length: (\d+)/i.exec(head!)?.[1] ?? 0)
          if (body !== undefined && body.length >= length) waiting.splice(0).forEach((next) => next())
        })
        onSocket(socket, (next) => waiting.push(next))
      })
      const close = () => {
        server.close()
        open.forEach((socket) => socket.destroy())
      }
      server.listen(0, "127.0.0.1", () => {
        resume(
          Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, open, seen, close })
        )
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const endpoint = (url: string) =>
  Effect.map(TokenEndpoint.make, (send) =>
    OAuth2.make({
      send,
      encode: TokenEndpoint.form,
      url,
      spelling: OAuth2.rfc6749,
      common: {},
      defaultLife: Duration.hours(1)
    })
  )

const refresh = (url: string) =>
  Effect.flatMap(endpoint(url), ({ refresh }) => refresh(Redacted.make("the-refresh-token")))

const settled = (condition: () => boolean) =>
  Effect.gen(function* () {
    for (let i = 0; i < 200 && !condition(); i++) yield* Effect.sleep("10 millis")
    return condition()
  })

/** A connection on which nothing came, as undici opens one after a lost one, is no request. */
const requests = (seen: ReadonlyArray<string>): number => seen.join("").split("POST ").length - 1

const line = ({ outcome, reason }: Issuer.ExchangeFailure): string =>
  [
    outcome,
    reason._tag,
    ...("status" in reason && reason.status !== undefined ? [reason.status] : []),
    ...("paths" in reason ? reason.paths : [])
  ].join(" ")

const head = (...lines: ReadonlyArray<string>) =>
  ["HTTP/1.1 200 OK", "content-type: application/json", ...lines, "", ""].join("\r\n")
const body = JSON.stringify({ access_token: "at", refresh_token: "rt", expires_in: 60 })

const mebibytes = (count: number) => Buffer.alloc(count * 1_048_576, 97)
const reply =
  (bytes: Buffer, ...lines: ReadonlyArray<string>): OnSocket =>
  (socket, whole) =>
    whole(() => {
      socket.write(head(`content-length: ${bytes.byteLength}`, ...lines))
      socket.write(bytes)
    })

/** Title, what the server does, and the class and reason that are due. */
const faults: ReadonlyArray<readonly [string, OnSocket, string]> = [
  ["a reset before the request is read", (socket) => void socket.resetAndDestroy(), "Unknown Unreachable"],
  ["a reset after the request", (socket, whole) => whole(() => socket.resetAndDestroy()), "Unknown Unreachable"],
  ["a FIN instead of an answer", (socket, whole) => whole(() => socket.end()), "Unknown Unreachable"],
  [
    "an answer that is not HTTP",
    (socket, whole) => whole(() => socket.end("gibberish\r\n\r\n")),
    "Unknown Unreachable"
  ],
  [
    "a reset after the headers",
    (socket, whole) =>
      whole(() => socket.write(head("content-length: 90"), () => setTimeout(() => socket.resetAndDestroy(), 30))),
    "Unknown Unreachable 200"
  ],
  [
    "a reset in the body",
    (socket, whole) =>
      whole(() =>
        socket.write(`${head("content-length: 90")}{"access`, () => setTimeout(() => socket.resetAndDestroy(), 30))
      ),
    "Unknown Unreachable 200"
  ],
  [
    "a FIN short of Content-Length",
    (socket, whole) => whole(() => socket.end(`${head(`content-length: ${body.length + 1}`)}${body}`)),
    "Unknown Unreachable 200"
  ],
  [
    "chunks without an end",
    (socket, whole) =>
      whole(() => socket.end(`${head("transfer-encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n`)),
    "Unknown Unreachable 200"
  ],
  ["a body over 1 MiB", reply(mebibytes(2)), "Unknown MalformedResponse (body over 1 MiB)"],
  [
    "a body over 1 MiB with 401",
    (socket, whole) =>
      whole(() => {
        socket.write(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${2 * 1_048_576}\r\n\r\n`)
        socket.write(mebibytes(2))
      }),
    "Unknown MalformedResponse (body over 1 MiB)"
  ],
  [
    "chunks for ever",
    (socket, whole) =>
      whole(() => {
        socket.write(head("transfer-encoding: chunked"))
        const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, 97), Buffer.from("\r\n")])
        const more = () => void (socket.destroyed || socket.write(chunk, more))
        more()
      }),
    "Unknown MalformedResponse (body over 1 MiB)"
  ]
]

for (const [name, layer] of clients) {
  describe(name, () => {
    it.live("an answer that comes whole is taken, one byte at a time too", () =>
      Effect.gen(function* () {
        const server = yield* serve((socket, whole) =>
          whole(() => {
            const text = `${head(`content-length: ${body.length}`)}${body}`
            let at = 0
            const timer = setInterval(() => (at < text.length ? socket.write(text[at++]!) : clearInterval(timer)), 1)
            socket.on("close", () => clearInterval(timer))
          })
        )
        assert.strictEqual(Redacted.value((yield* refresh(server.url)).accessToken), "at")
      }).pipe(Effect.provide(layer))
    )

    it.live("a refused connection was not sent", () =>
      Effect.gen(function* () {
        const server = yield* serve(() => {})
        server.close()
        assert.strictEqual(line(yield* Effect.flip(refresh(server.url))), "NotSent Unreachable")
        const port = new URL(server.url).port
        assert.strictEqual(line(yield* Effect.flip(refresh(`http://[::1]:${port}/token`))), "NotSent Unreachable")
        assert.strictEqual(line(yield* Effect.flip(refresh(`http://localhost:${port}/token`))), "NotSent Unreachable")
      }).pipe(Effect.provide(layer))
    )

    it.live("a name that does not exist was not sent", () =>
      Effect.gen(function* () {
        assert.strictEqual(
          line(yield* Effect.flip(refresh("http://no-such-host.invalid/token"))),
          "NotSent Unreachable"
        )
      }).pipe(Effect.provide(layer))
    )

    for (const [title, onSocket, expected] of faults) {
      it.live(`${title} is ${expected}, sent once, and leaves no socket`, () =>
        Effect.gen(function* () {
          const server = yield* serve(onSocket)
          assert.strictEqual(line(yield* Effect.flip(refresh(server.url))), expected)
          assert.isTrue(yield* settled(() => server.open.size === 0), "a socket was left open")
          assert.isAtMost(requests(server.seen), 1)
        }).pipe(Effect.provide(layer))
      )
    }

    it.live("a gzip bomb is MalformedResponse and costs little memory", () =>
      Effect.gen(function* () {
        const bomb = gzipSync(mebibytes(64))
        const server = yield* serve(reply(bomb, "content-encoding: gzip"))
        const before = process.memoryUsage().arrayBuffers
        const failure = yield* Effect.flip(refresh(server.url))
        assert.strictEqual(`${failure.outcome} ${failure.reason._tag}`, "Unknown MalformedResponse")
        assert.isBelow(process.memoryUsage().arrayBuffers - before, 32 * 1_048_576)
      }).pipe(Effect.provide(layer))
    )

    const slow: ReadonlyArray<readonly [string, OnSocket]> = [
      ["silence", () => {}],
      ["headers and then silence", (socket, whole) => whole(() => socket.write(head("content-length: 90")))],
      [
        "dripped headers",
        (socket, whole) =>
          whole(() => {
            socket.write("HTTP/1.1 200 OK\r\n")
            const timer = setInterval(() => socket.write("x-more: 1\r\n"), 20)
            socket.on("close", () => clearInterval(timer))
          })
      ],
      [
        "a dripped body",
        (socket, whole) =>
          whole(() => {
            socket.write(head("content-length: 90000"))
            const timer = setInterval(() => socket.write(" "), 20)
            socket.on("close", () => clearInterval(timer))
          })
      ]
    ]
    for (const [title, onSocket] of slow) {
      it.live(`${title} ends by the deadline of the policy, and its socket is closed`, () =>
        Effect.gen(function* () {
          const server = yield* serve(onSocket)
          const { login, refresh } = yield* endpoint(server.url)
          const { shape } = yield* TokenEngine.make(
            {
              vendor: "made up",
              api: "http://127.0.0.1/api",
              account: [],
              refreshTokenUse: "once",
              login: { exchange: login({ username: "u", password: Redacted.make("p") }), secrets: [] },
              refresh
            },
            { policy: { timeout: "400 millis" } }
          )
          const [took, { reason }] = yield* Effect.timed(Effect.flip(shape.token))
          assert(reason._tag === "Unreachable")
          assert.strictEqual(reason.outcome, "Unknown")
          assert.isBelow(Duration.toMillis(took), 900)
          assert.isTrue(yield* settled(() => server.open.size === 0), "a socket was left open")
          assert.strictEqual(requests(server.seen), 1)
        }).pipe(Effect.provide(layer), Effect.provideService(References.MinimumLogLevel, "None"))
      )
    }
  })
}
