// What the tests of the wire share: the three clients, a vendor on this machine behind the fault proxy, an account of it
// whose outcomes are written down, and names that are looked up nowhere else.
// Not here: any fault (`FaultProxy`), any expectation.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import Undici from "@effect/platform-node/Undici"
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as Issuer from "@vendor-auth/core/Issuer"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import dns from "node:dns"
import { connect, type AddressInfo } from "node:net"
import tls from "node:tls"
import { afterAll, beforeAll, vi } from "vitest"
import * as Acme from "../guarantees/Acme.ts"
import * as Certificates from "./Certificates.ts"
import * as FaultProxy from "./FaultProxy.ts"

export interface Client {
  readonly name: "fetch" | "node:http" | "undici"
  readonly layer: Layer.Layer<HttpClient.HttpClient>
  /** The same, but for 300 ms and not 10 s in which a connection has to stand, where the client has such a limit. */
  readonly impatient: Layer.Layer<HttpClient.HttpClient>
  /** The same, but that it keeps connections where it does not do so by itself. */
  readonly keeping: Layer.Layer<HttpClient.HttpClient>
}

const impatience = { connect: { timeout: 300 } }

/** Node's fetch takes a pool of another release of undici through this wrapper. */
const impatientFetch = Layer.provide(
  FetchHttpClient.layer,
  Layer.effect(
    FetchHttpClient.RequestInit,
    Effect.map(NodeHttpClient.makeDispatcherOptions(impatience), (dispatcher) => {
      const init = { dispatcher: new Undici.Dispatcher1Wrapper(dispatcher) }
      return init as RequestInit
    })
  )
)

const [fetch, nodeHttp, undici] = [FetchHttpClient.layer, NodeHttpClient.layerNodeHttp, NodeHttpClient.layerUndici]

export const clients: ReadonlyArray<Client> = [
  { name: "fetch", layer: fetch, impatient: impatientFetch, keeping: fetch },
  {
    name: "node:http",
    layer: nodeHttp,
    impatient: nodeHttp,
    keeping: NodeHttpClient.layerNodeHttpOptions({ keepAlive: true })
  },
  { name: "undici", layer: undici, impatient: NodeHttpClient.layerUndiciOptions(impatience), keeping: undici }
]

/** In this file only this machine exists, and no server of names is asked: all three clients look names up here. */
export const withoutNames = (): ReadonlyArray<string> => {
  const asked: Array<string> = []
  const { lookup } = dns
  beforeAll(() => {
    const stub = (name: string, options: unknown, done?: unknown) => {
      if (name === "localhost" || name === "127.0.0.1") return Reflect.apply(lookup, dns, [name, options, done])
      asked.push(name)
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" })
      const callback = (done ?? options) as (error: Error) => void
      setImmediate(() => callback(error))
    }
    vi.spyOn(dns, "lookup").mockImplementation(stub as typeof dns.lookup)
  })
  afterAll(() => void vi.restoreAllMocks())
  return asked
}

/** In this file the tests' own authority is trusted, and no other one. */
export const withAuthority = () => {
  const certificates = Certificates.make()
  const trusted = tls.getCACertificates("default")
  beforeAll(() => tls.setDefaultCACertificates([certificates.authority]))
  afterAll(() => tls.setDefaultCACertificates(trusted))
  return certificates
}

/** A strict vendor that rotates its refresh tokens, behind a proxy. */
export const world = Effect.gen(function* () {
  const sim = yield* Acme.simulator
  const origin = yield* Loopback.serve(sim)
  return { sim, proxy: yield* FaultProxy.make(Number(new URL(origin).port)) }
})

/** Takes TLS off what goes to a port of this machine; gives its own port. */
export const terminate = (to: number, certificate: { readonly cert: string; readonly key: string }) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<tls.Server>((resume) => {
        const open = new Set<tls.TLSSocket>()
        const server = tls.createServer(certificate, (socket) => {
          open.add(socket)
          const onwards = connect(to, "127.0.0.1")
          for (const end of [socket, onwards]) {
            end.on("error", () => {})
            end.on("close", () => [socket, onwards].forEach((each) => each.destroy()))
          }
          socket.on("close", () => open.delete(socket))
          socket.pipe(onwards).pipe(socket)
        })
        server.on("tlsClientError", () => {})
        server.on("close", () => open.forEach((socket) => socket.destroy()))
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => (server.address() as AddressInfo).port
  )

/** An issuer whose failures are written down, as far as a deadline lets them come. */
export const watched = (issuer: Issuer.Issuer) => {
  const failures: Array<Issuer.ExchangeFailure> = []
  const watch = (exchange: Issuer.Exchange): Issuer.Exchange =>
    Effect.tapError(exchange, (failure) => Effect.sync(() => failures.push(failure)))
  const { login, refresh } = issuer
  return {
    failures,
    issuer: {
      ...issuer,
      login: login && { ...login, exchange: watch(login.exchange) },
      refresh: (token) => watch(refresh(token))
    } satisfies Issuer.Issuer
  }
}

/** A reason in one line: its name, and what it holds of a status and of fields. */
export const line = (reason: AuthError.Reason): string =>
  [
    reason._tag,
    ...("status" in reason && reason.status !== undefined ? [reason.status] : []),
    ...("paths" in reason ? reason.paths : [])
  ].join(" ")

/** Waits on the real clock until something holds, 10 s at most if nothing is said. */
export const settled = (condition: () => boolean, seconds = 10) =>
  Effect.gen(function* () {
    for (let i = 0; i < seconds * 100 && !condition(); i++) yield* Effect.sleep("10 millis")
    return condition()
  })

/** TCP connections that this process has, both ends counted. */
export const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length
