/**
 * A tracer that listens: to the library's own spans of exchanges and of callers who wait, and to those that Effect's
 * HTTP client makes of every call.
 *
 * Decided here: which spans are listened to, and what is taken of them: names, kinds, outcomes, statuses. Not here:
 * what becomes of it (`Watch`). No span is kept.
 */
import type { AuthError } from "@vendor-auth/core"
import { Exit, Option, Tracer } from "effect"
import type { Exchange } from "./News.ts"

/** Who wants to know. */
export interface Listener {
  /** An exchange with a vendor begins. What is given back is told when it ends. */
  readonly exchange: (
    vendor: string,
    kind: Exchange["kind"]
  ) => (outcome: Exchange["outcome"], reason: AuthError.Reason | undefined) => void
  /** A caller begins to wait for a vendor's token. */
  readonly waiter: (vendor: string) => () => void
  /** The API call of this address was answered. */
  readonly call: (url: string, status: number) => void
}

class Span extends Tracer.NativeSpan {
  readonly listener: Listener
  onEnd: ((exit: Exit.Exit<unknown, unknown>) => void) | undefined

  constructor(listener: Listener, options: ConstructorParameters<typeof Tracer.NativeSpan>[0]) {
    super(options)
    this.listener = listener
    if (options.kind === "client" && !isPartOfExchange(options.parent)) {
      this.onEnd = () => {
        const [url, status] = [this.attributes.get("url.full"), this.attributes.get("http.response.status_code")]
        if (typeof url === "string" && typeof status === "number") listener.call(url, status)
      }
    }
  }

  override attribute(key: string, value: unknown): void {
    super.attribute(key, value)
    const vendor = this.attributes.get("vendor")
    if (this.onEnd !== undefined || typeof vendor !== "string") return
    if (this.name === "vendor-auth.token") this.onEnd = this.listener.waiter(vendor)
    const kind = this.attributes.get("kind")
    if (this.name === exchangeName && (kind === "login" || kind === "refresh")) {
      const ended = this.listener.exchange(vendor, kind)
      this.onEnd = (exit) => ended(this.attributes.get("outcome") as Exchange["outcome"], reasonOf(exit))
    }
  }

  override end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    // A span of an answer of 4xx is ended twice: the first time counts.
    const isFirst = this.status._tag === "Started"
    super.end(endTime, exit)
    if (isFirst) this.onEnd?.(exit)
  }
}

const exchangeName = "vendor-auth.exchange"

const isPartOfExchange = (parent: Option.Option<Tracer.AnySpan>): boolean =>
  Option.isSome(parent) &&
  parent.value._tag === "Span" &&
  (parent.value.name === exchangeName || isPartOfExchange(parent.value.parent))

/** The reason of a failed exchange, as the library's `ExchangeFailure` has it. */
const reasonOf = (exit: Exit.Exit<unknown, unknown>): AuthError.Reason | undefined => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return typeof error === "object" && error !== null && Reflect.get(error, "_tag") === "ExchangeFailure"
    ? (Reflect.get(error, "reason") as AuthError.Reason)
    : undefined
}

/** The tracer. */
export const tracer = (listener: Listener): Tracer.Tracer =>
  Tracer.make({ span: (options) => new Span(listener, options) })
