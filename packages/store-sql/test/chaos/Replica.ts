/**
 * One of the replicas: many accounts in one layer over a shared store, and nobody who asks for any of them.
 *
 * Decided here: that it ends in good order when it is told to, and says then what it has cost. Not here: when it is
 * ended otherwise (`Replicas`).
 */
import { TokenStore } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { asker } from "./Families.ts"
import { sabotages } from "./Sabotages.ts"
import * as Stores from "./Stores.ts"
import { passwordOf } from "./Vendor.ts"

/** What a replica is started with. */
export interface Orders {
  readonly name: string
  readonly origin: string
  readonly store: Stores.Address
  /** Milliseconds that an exchange may take. */
  readonly patience: number
  readonly sabotage: string | undefined
}

/** What a replica tells: that it runs, and at its end how long processors worked for it, in milliseconds. */
export type Report = { readonly _tag: "Ready" } | { readonly _tag: "Ended"; readonly worked: number }

const orders = JSON.parse(process.argv[2]!) as Orders

const tell = (report: Report) =>
  Effect.callback<void>((resume) => void process.send!(report, () => resume(Effect.void)))

const store = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) =>
    orders.sabotage === undefined ? store : sabotages[orders.sabotage]!(store)
  )
).pipe(Layer.provide(Stores.layer(orders.store)))

const client = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.setHeader(asker, orders.name)))
).pipe(Layer.provide(FetchHttpClient.layer))

const accounts = LrsConnectAuth.layerMany({
  account: (id) =>
    Effect.succeed({
      baseUrl: orders.origin,
      credentials: { userName: id, password: Redacted.make(passwordOf(id)) },
      policy: { timeout: orders.patience }
    })
})

const program = Effect.andThen(tell({ _tag: "Ready" }), Effect.never).pipe(
  Effect.provide(accounts),
  Effect.provide([store, client, Logger.layer([])])
)

// A parent that is gone wants nothing any more.
process.on("disconnect", () => process.exit())
const running = Effect.runFork(
  Effect.onExit(program, (exit) =>
    Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)
      ? Console.error(`a replica ended: ${Cause.pretty(exit.cause)}`)
      : Effect.void
  )
)
process.once("message", () => {
  const { system, user } = process.cpuUsage()
  Effect.runFork(
    Effect.andThen(Fiber.interrupt(running), tell({ _tag: "Ended", worked: (user + system) / 1_000 })).pipe(
      Effect.andThen(Effect.sync(() => process.exit()))
    )
  )
})
