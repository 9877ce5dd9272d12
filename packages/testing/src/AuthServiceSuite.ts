/**
 * The state machine's table as sentences, for any vendor: run against the vendor's own layer over its simulator, on the
 * TestClock, counting requests.
 *
 * Decided here: what every vendor owes its users, by chapter. Not here: a vendor's peculiarities, which its own tests
 * have, and the wire's faults (the tests of `TokenEndpoint`).
 */
import { describe } from "@effect/vitest"
import type { Simulator } from "./Simulator.ts"
import * as OneOfMany from "./suite/OneOfMany.ts"
import * as Calls from "./suite/Calls.ts"
import * as Exchanges from "./suite/Exchanges.ts"
import * as Sentence from "./suite/Sentence.ts"
import * as States from "./suite/States.ts"

/** What a vendor brings to its suite. */
export type Vendor<Self, S extends Simulator> = Sentence.Vendor<Self, S>

/** Runs the sentences for a vendor; to be called at the top of a test file. */
export const suite = <Self, S extends Simulator>(name: string, vendor: Vendor<Self, S>): void => {
  const sentences = Sentence.make(vendor)
  describe(name, () => {
    States.run(sentences)
    Exchanges.run(sentences)
    Calls.run(sentences)
  })
}

/** What a vendor of many accounts brings to its suite. */
export type ManyVendor<Self, S extends Simulator> = OneOfMany.ManyVendor<Self, S>

/** Runs the same sentences for one account of many. */
export const suiteOfMany = <Self, S extends Simulator>(name: string, vendor: ManyVendor<Self, S>): void =>
  suite(`${name}, one of many`, OneOfMany.vendor(vendor))
