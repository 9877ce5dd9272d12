/**
 * The live vendors of the page, as the environment configures them, with the buttons that harm no account.
 *
 * Decided here: that a vendor with nothing set is left out and says so, and which buttons are harmless: a call that
 * only reads, and many who ask for a token that is at hand. Not here: which variables a vendor reads (its `config`).
 */
import { Effect } from "effect"
import * as Live from "../Live.ts"
import { itemPath, logiSense, lrsConnect, type Vendor } from "../Vendors.ts"
import { crowd } from "./Buttons.ts"
import type * as News from "./News.ts"
import * as Seat from "./Seat.ts"
import type { Watch, Watched } from "./Watch.ts"

const plan = <Self>(vendor: Vendor<Self>, environment: ReadonlySet<string>) => {
  const watched: Watched = { id: vendor.id, name: vendor.name, on: () => [] }
  const absent = (absence: string): Seat.Seat => ({
    told: { id: vendor.id, name: vendor.name, account: "", actions: [], absence },
    presses: new Map()
  })
  const seat = Effect.fnUntraced(function* (watch: Watch) {
    if (!Live.isConfigured(vendor, environment))
      return absent(`Nothing begins with ${vendor.prefix} in the environment.`)
    const place = yield* Seat.open(vendor, watch, vendor.live)
    // The first read logs in; from then on the schedule runs.
    yield* Effect.forkScoped(place.callers(1))
    const buttons: ReadonlyArray<readonly [News.Action, Effect.Effect<void>]> = [
      [
        { id: "call", group: "callers", label: "Make one call", hint: `GET ${vendor.path}`, isSwitch: false },
        place.call
      ],
      [
        { id: "callers", group: "callers", label: "1,000 callers at once", hint: "one token for all", isSwitch: false },
        place.callers(crowd)
      ]
    ]
    return {
      told: {
        id: vendor.id,
        name: vendor.name,
        account: "as the environment configures it",
        actions: buttons.map(([action]) => action),
        absence: undefined
      },
      presses: new Map(
        buttons.map(([{ id, label }, press]): [string, Seat.Press] => [
          id,
          () => Effect.andThen(watch.pressed(vendor.id, label), press)
        ])
      )
    } satisfies Seat.Seat
  })
  return {
    watched,
    seat: (watch: Watch) => Effect.catch(seat(watch), (error) => Effect.succeed(absent(Live.describe(error))))
  }
}

/** The vendors that these variables configure, and the others with the reason why they are left out. */
export const plans = (environment: ReadonlySet<string>) => [
  plan(logiSense, environment),
  plan(lrsConnect, environment),
  plan(itemPath, environment)
]
