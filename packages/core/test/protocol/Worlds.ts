// The worlds that are walked: two processes that share an account, and what they begin with.
//
// Decided here: how much of each is walked on every change, and how much at night. Not here: what can happen in a world
// (`World`).
import type { World } from "./World.ts"

/** A session whose access token is expired, and credentials that are good. */
const two: World = {
  calls: [["token"], ["token"]],
  credentials: ["old", "old"],
  good: "old",
  holds: "expired",
  faults: 2,
  expiries: 1
}

export const worlds = {
  "a shared session and good credentials": { ...two, calls: [["token", "token"], ["token"]] },
  "no session and good credentials": { ...two, holds: "nothing" },
  "no session and a password that is wrong": {
    ...two,
    calls: [["token", "token"], ["token"]],
    holds: "nothing",
    good: "new"
  },
  "an outage that fills the latch, and five minutes": {
    ...two,
    calls: [["token", "token"], ["token"]],
    holds: "nothing",
    good: "new",
    reopenings: 1,
    without: ["password", "401", "signOut", "kill"]
  },
  "a rolling deploy with two passwords, of which the older is wrong": {
    ...two,
    credentials: ["old", "new"],
    good: "new"
  },
  "a process without credentials beside one that has them": { ...two, credentials: ["old", undefined] },
  "a refresh token that may be used many times": { ...two, use: "many" },
  "no credentials and a token that may be presented again": {
    ...two,
    credentials: [undefined, undefined],
    onUnresolved: "presentAgain"
  },
  "a configured refresh token": { ...two, credentials: [undefined, undefined], holds: "nothing", seed: 0 },
  "a configured refresh token and credentials": { ...two, holds: "nothing", seed: 0 },
  "a forced refresh of a good token": { ...two, calls: [["refresh"], ["token"]], holds: "fresh" },
  "a refresh that nobody waits for": { ...two, calls: [["background"], ["token"]] }
} satisfies Record<string, World>

export const isNightly = Boolean(process.env["NIGHTLY"])

/** As it is walked at night: with more calls, and with one fault more. */
export const atNight = (world: World): ReadonlyArray<World> => [
  { ...world, calls: world.calls.map(([call]) => [call!, "token"]) },
  { ...world, calls: world.calls.map(([call]) => [call!]), faults: 3 }
]
