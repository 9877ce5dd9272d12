/**
 * What each button does to a simulated vendor, for real.
 *
 * Decided here: the buttons, their words, and that what meets the next exchange is followed by one, as if somebody
 * asked for a new token, so that it is seen at once. Not here: what is seen of it; the simulator and the library
 * decide.
 */
import * as Simulator from "@vendor-auth/testing/Simulator"
import { Effect, Redacted } from "effect"
import type * as News from "./News.ts"
import type { Place, Press, Seat } from "./Seat.ts"

/** What the buttons of a vendor act on. */
export interface Hands {
  readonly simulator: Simulator.Simulator & { readonly unlock?: Effect.Effect<void> }
  readonly place: Place
  /** The switches that are on; changed here. */
  readonly on: Set<string>
  readonly password: Redacted.Redacted<string> | undefined
  readonly lives: { readonly usual: Effect.Effect<void>; readonly short: Effect.Effect<void> }
  readonly signIn: Effect.Effect<void> | undefined
  readonly pressed: (label: string) => Effect.Effect<void>
}

interface Button extends News.Action {
  readonly press: Press
}

/** Switches of which one can be on: the token endpoint has one fault at a time. */
const faults = {
  outage: Simulator.answer(503),
  slow: Simulator.delay("3 seconds"),
  throttle: Simulator.throttle(8)
}

/** Callers at once. */
export const crowd = 1_000

/** API calls that are refused. */
const refusedCalls = 20

/** A vendor's seat with all its buttons. */
export const seat = (vendor: { readonly id: string; readonly name: string }, account: string, hands: Hands): Seat => {
  const buttons = all(hands)
  return {
    told: {
      id: vendor.id,
      name: vendor.name,
      account,
      actions: buttons.map(({ group, hint, id, isSwitch, label }) => ({ id, label, hint, group, isSwitch })),
      absence: undefined
    },
    presses: new Map(
      buttons.map(({ id, isSwitch, label, press }): [string, Press] => [
        id,
        (isOn) =>
          Effect.andThen(hands.pressed(isSwitch ? `${label}: ${isOn ? "on" : "off"}` : label), () => {
            if (isSwitch && isOn) hands.on.add(id)
            if (isSwitch && !isOn) hands.on.delete(id)
            return press(isOn)
          })
      ])
    )
  }
}

const all = ({ lives, on, password, place, signIn, simulator }: Hands): ReadonlyArray<Button> => {
  const button = (
    group: News.Action["group"],
    id: string,
    [label, hint]: readonly [string, string],
    press: Effect.Effect<unknown>
  ): Button => ({ id, group, label, hint, isSwitch: false, press: () => Effect.asVoid(press) })

  const fault = (id: keyof typeof faults, [label, hint]: readonly [string, string]): Button => ({
    id,
    group: "endpoint",
    label,
    hint,
    isSwitch: true,
    press: (isOn) => {
      for (const other of Object.keys(faults)) if (other !== id) on.delete(other)
      // The first one may join a slow exchange that is on its way, and only the second one shows that it is over.
      return Effect.andThen(
        simulator.outage(isOn ? faults[id] : undefined),
        place.refresh(id === "slow" && !isOn ? 2 : 1)
      )
    }
  })

  return [
    button("token", "revoke", ["Revoke the access token", "the next call heals its 401"], simulator.revokeAccessTokens),
    button(
      "token",
      "kill",
      ["Kill the refresh token", password === undefined ? "the session is over" : "one login takes its place"],
      Effect.andThen(simulator.revokeRefreshTokens, place.refresh())
    ),
    button(
      "token",
      "reject",
      ["API refuses all", `the next ${refusedCalls} answers are 401`],
      simulator.failNext(Simulator.answer(401), { kind: "api", times: refusedCalls })
    ),
    {
      id: "shorten",
      group: "token",
      label: "Shorten lives",
      hint: "tokens of six seconds",
      isSwitch: true,
      press: (isOn) => Effect.andThen(isOn ? lives.short : lives.usual, place.refresh())
    },
    fault("outage", ["Outage", "exchanges are answered 503"]),
    fault("slow", ["Slow endpoint", "exchanges take 3 s"]),
    fault("throttle", ["Throttle", "429, Retry-After 8"]),
    button(
      "endpoint",
      "lose",
      ["Lose an answer", password === undefined ? "was it spent? nobody knows" : "the exchange stays unresolved"],
      Effect.andThen(
        simulator.failNext(Simulator.drop({ carriedOut: true }), { kind: ["login", "refresh"] }),
        place.refresh()
      )
    ),
    button(
      "callers",
      "callers",
      ["1,000 callers at once", "none has a token: one exchange"],
      Effect.gen(function* () {
        const auth = place.auth()
        const status = yield* auth.status
        // Only a token that is at hand can be lost; asking for one would begin an exchange.
        if (status._tag === "Fresh" || status._tag === "Due")
          yield* Effect.ignore(Effect.flatMap(auth.token, auth.invalidate))
        yield* place.callers(crowd)
      })
    ),
    ...(password === undefined
      ? []
      : [
          {
            id: "password",
            group: "account",
            label: "Change the password",
            hint: "at the vendor; its sessions end",
            isSwitch: true,
            press: (isOn: boolean) =>
              isOn
                ? Effect.all([
                    simulator.setPassword(Redacted.make("another password")),
                    simulator.revokeRefreshTokens,
                    simulator.revokeAccessTokens
                  ])
                : Effect.andThen(simulator.setPassword(password), simulator.unlock ?? Effect.void)
          } as const
        ].map((action) => ({ ...action, press: (isOn: boolean) => Effect.asVoid(action.press(isOn)) }))),
    button(
      "account",
      "signOut",
      ["Sign out", "forgets session and refusal"],
      Effect.suspend(() => Effect.ignore(place.auth().signOut))
    ),
    ...(signIn === undefined
      ? []
      : [button("account", "signIn", ["Sign in again", "brings a new refresh token"], signIn)])
  ]
}
