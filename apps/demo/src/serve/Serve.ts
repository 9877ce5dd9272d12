/**
 * `pnpm demo serve`: the vendors, their watch and the page's server, composed.
 *
 * Decided here: that it listens on 127.0.0.1 alone, and that it goes at once when it is told to, whoever still reads.
 * Not here: the vendors (`Simulated`, `Real`), and the routes (`Server`).
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import * as Real from "./Real.ts"
import * as Server from "./Server.ts"
import * as Simulated from "./Simulated.ts"
import * as Watch from "./Watch.ts"

/** Where the page is served, and what of. */
export interface Options {
  /** 0 takes any free one. */
  readonly port: number
  /** The variables that are set, for the live vendors; undefined for the simulated ones. */
  readonly environment: ReadonlySet<string> | undefined
  /** How many times as fast as usual the simulated world goes. @default 1 */
  readonly pace?: number | undefined
}

/** Serves until the scope closes; gives the page's address. */
export const serve = Effect.fnUntraced(function* ({ environment, pace = 1, port }: Options) {
  const routes = Layer.unwrap(
    Effect.gen(function* () {
      const { seats, watch } = yield* environment === undefined ? simulated(pace) : real(environment)
      yield* Effect.forkScoped(watch.run)
      return yield* Server.routes(environment === undefined ? "simulated" : "live", seats, watch)
    })
  )
  const server = NodeHttpServer.layerServer(createServer, {
    port,
    host: "127.0.0.1",
    // Readers of the news never end by themselves.
    gracefulShutdownTimeout: 0
  })
  const context = yield* Layer.build(
    HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(Layer.provideMerge(server))
  )
  return yield* Effect.provideContext(
    HttpServer.addressFormattedWith((address) => Effect.succeed(address)),
    context
  )
})

const simulated = Effect.fnUntraced(function* (pace: number) {
  const plans = Simulated.plans()
  const watch = yield* Watch.make(plans.map(({ watched }) => watched))
  return { watch, seats: yield* Effect.forEach(plans, ({ seat }) => seat(watch, { pace })) }
})

const real = Effect.fnUntraced(function* (environment: ReadonlySet<string>) {
  const plans = Real.plans(environment)
  const watch = yield* Watch.make(plans.map(({ watched }) => watched))
  return { watch, seats: yield* Effect.forEach(plans, ({ seat }) => seat(watch)) }
})
