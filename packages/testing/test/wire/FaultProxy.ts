// A TCP proxy between a client and a token endpoint, both on this machine, that does to bytes what a bad network does
// to them, and that writes down which of them it saw: what class a fault belongs to is proven by that.
// Decided here: a fault is met by one exchange, in the order in which faults were given, and by all if it is given for
// good. Not here: TLS (`Certificates`), a machine that drops every SYN (`BlackHole`), any expectation.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, createServer, type AddressInfo, type Socket } from "node:net"

/** What happens to one exchange. Times are milliseconds, amounts are bytes. */
export type Fault =
  /** Each piece is late, in both directions. */
  | { readonly _tag: "Latency"; readonly millis: number }
  /** The vendor's answer arrives a few bytes at a time. */
  | { readonly _tag: "Drip"; readonly bytes: number; readonly every: number }
  /** Nothing reaches the vendor; the connection ends once so much of the request was read, 0 for none, or all of it. */
  | { readonly _tag: "Cut"; readonly after: number | "request"; readonly by: "reset" | "fin" }
  /** The request is read and goes no further; no answer comes. */
  | { readonly _tag: "Silence" }
  /** The vendor carries it out, and its answer is held back for ever. */
  | { readonly _tag: "Hold" }
  /** The vendor carries it out, and the connection is reset in the place of its answer. */
  | { readonly _tag: "Drop" }
  /** So much of the vendor's answer arrives, or its head, and then the connection ends. */
  | { readonly _tag: "Truncate"; readonly after: number | "head"; readonly by: "reset" | "fin" }
  /** The vendor is not asked; these pieces arrive, so far apart, and then the connection ends or is left as it is. */
  | {
      readonly _tag: "Instead"
      readonly pieces: Iterable<string | Uint8Array>
      readonly every: number
      readonly end: "fin" | "open"
    }

/** What was seen of one exchange. */
export interface Seen {
  /** The request, as far as it was read. */
  readonly request: string
  readonly isWhole: boolean
  /** Bytes that went on to the vendor, and bytes of an answer that went back. */
  readonly passed: number
  readonly answered: number
}

export interface Proxy {
  readonly origin: string
  readonly port: number
  /** Faults for the next exchanges, one each. */
  readonly next: (...faults: ReadonlyArray<Fault>) => void
  /** A fault for every exchange for which none is queued, until it is taken away. */
  readonly always: (fault: Fault | undefined) => void
  /** Exchanges of which at least one byte came, in order. */
  readonly seen: ReadonlyArray<Seen>
  /** Connections accepted so far, and those that are open now. */
  readonly accepted: () => number
  readonly open: () => number
  /** From now on, and until `up`, connections are refused; those that are open are reset. */
  readonly down: Effect.Effect<void>
  readonly up: Effect.Effect<void>
}

type Writable<A> = { -readonly [K in keyof A]: A[K] }

/** So long a reset waits for the bytes before it to arrive: it overtakes what is still on its way. */
const settling = 20

/**
 * While a FIN is on its way libuv refuses to reset a connection (EINVAL), and Node then keeps its handle and never says
 * "close". It may be this side's own FIN, or the one with which Node answers the other side's.
 */
const reset = (socket: Socket): void => void (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy())

/** Stands before the vendor at this port, and ends with the scope. Everything is on 127.0.0.1. */
export const make = Effect.fnUntraced(function* (vendorPort: number): Effect.fn.Return<Proxy, never, Scope.Scope> {
  const seen: Array<Writable<Seen>> = []
  const sockets = new Set<Socket>()
  const queue: Array<Fault> = []
  let standing: Fault | undefined
  let accepted = 0
  let port = 0

  const take = () => queue.shift() ?? standing

  const onConnection = (socket: Socket) => {
    accepted++
    sockets.add(socket)
    const timers = new Set<NodeJS.Timeout>()
    const later = (millis: number, then: () => void) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        if (!socket.destroyed) then()
      }, millis)
      timers.add(timer)
    }
    let isEnding = false
    // Once: what a connection's end was to be is not changed by the vendor, who ends its own side meanwhile.
    const end = (by: "reset" | "fin", isEarly = false) => {
      if (isEnding) return
      isEnding = true
      if (by === "fin") return void socket.end()
      if (isEarly) return reset(socket)
      later(settling, () => reset(socket))
    }

    let vendor: Socket | undefined
    socket.on("error", () => {})
    socket.on("close", () => {
      sockets.delete(socket)
      timers.forEach((timer) => clearTimeout(timer))
      vendor?.destroy()
    })
    /** The exchange that is on, from the first byte of its request to the first byte of the next one. */
    let now: { readonly fault: Fault | undefined; readonly seen: Writable<Seen>; answer: Buffer } | undefined
    /** A fault that begins before any byte comes is taken when the connection is opened. */
    let early: Fault | undefined
    if ((queue[0] ?? standing)?._tag === "Cut") {
      early = take()
      if (early?._tag === "Cut" && early.after === 0) {
        // What is not read would hide that the client closes its side too.
        socket.resume()
        return end(early.by, true)
      }
    }

    const answer = (bytes: string | Uint8Array) => {
      now!.seen.answered += bytes.length
      socket.write(bytes)
    }

    const fromVendor = (piece: Buffer) => {
      if (now === undefined || socket.destroyed) return
      const { fault } = now
      switch (fault?._tag) {
        case "Hold":
          return
        case "Drop":
          return end("reset", true)
        case "Latency":
          return later(fault.millis, () => answer(piece))
        case "Drip": {
          const isIdle = now.answer.length === 0
          now.answer = Buffer.concat([now.answer, piece])
          const drip = () => {
            answer(now!.answer.subarray(0, fault.bytes))
            now!.answer = now!.answer.subarray(fault.bytes)
            if (now!.answer.length > 0) later(fault.every, drip)
          }
          return isIdle ? drip() : undefined
        }
        case "Truncate": {
          now.answer = Buffer.concat([now.answer, piece])
          const head = now.answer.indexOf("\r\n\r\n")
          const limit = fault.after === "head" ? (head < 0 ? Infinity : head + 4) : fault.after
          const before = now.seen.answered
          if (before < limit) answer(now.answer.subarray(before, limit))
          return before < limit && now.seen.answered >= limit ? end(fault.by) : undefined
        }
        default:
          answer(piece)
      }
    }

    const toVendor = (piece: Buffer) => {
      if (vendor === undefined) {
        vendor = connect(vendorPort, "127.0.0.1")
        vendor.on("data", fromVendor)
        vendor.on("error", () => {})
        vendor.on("close", () => {
          vendor = undefined
          if (now?.fault?._tag !== "Hold")
            later(now?.fault?._tag === "Latency" ? now.fault.millis : 0, () => end("fin"))
        })
      }
      now!.seen.passed += piece.length
      vendor.write(piece)
    }

    const speak = ({ end: by, every, pieces }: Extract<Fault, { readonly _tag: "Instead" }>) => {
      const left = pieces[Symbol.iterator]()
      const next = () => {
        const { done, value } = left.next()
        if (done) return by === "fin" ? end("fin") : undefined
        now!.seen.answered += value.length
        // A flood is as fast as it is read, and no faster.
        socket.write(value, () => later(every, next))
      }
      next()
    }

    socket.on("data", (piece) => {
      if (now === undefined || now.seen.answered > 0) {
        const begun = { request: "", isWhole: false, passed: 0, answered: 0 }
        seen.push(begun)
        now = { fault: early ?? take(), seen: begun, answer: Buffer.alloc(0) }
        early = undefined
      }
      const { fault, seen: one } = now
      one.request += piece.toString("latin1")
      one.isWhole = isWhole(one.request)
      switch (fault?._tag) {
        case "Cut":
          if (fault.after === "request" ? one.isWhole : one.request.length >= fault.after) end(fault.by, true)
          return
        case "Silence":
          return
        case "Instead":
          return one.isWhole ? speak(fault) : undefined
        case "Latency":
          return later(fault.millis, () => toVendor(piece))
        default:
          toVendor(piece)
      }
    })
  }

  let server = createServer(onConnection)
  const up = Effect.callback<void>((resume) => {
    if (server.listening) return resume(Effect.void)
    server = createServer(onConnection).listen(port, "127.0.0.1", () => {
      port = (server.address() as AddressInfo).port
      resume(Effect.void)
    })
  })
  const down = Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    sockets.forEach(reset)
  })
  yield* Effect.acquireRelease(up, () => down)

  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    next: (...faults) => void queue.push(...faults),
    always: (fault) => {
      standing = fault
    },
    seen,
    accepted: () => accepted,
    open: () => sockets.size,
    down,
    up
  }
})

/** Whether a request is here with all of its body. */
const isWhole = (request: string): boolean => {
  const at = request.indexOf("\r\n\r\n")
  if (at < 0) return false
  const length = /^content-length: *(\d+)/im.exec(request.slice(0, at))?.[1] ?? "0"
  return request.length - at - 4 >= Number(length)
}
