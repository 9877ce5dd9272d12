// The reasons of an AuthError are a closed set, and handlers are checked against it.
// Decided here: which names a handler may have, and what is left of an error when all of them are handled. Not here:
// when an error has which reason.
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "tstyche"

declare const call: Effect.Effect<string, AuthError.AuthError>
const give = () => Effect.succeed("handled")

describe("reasons", () => {
  test("are these eleven", () => {
    expect<AuthError.Reason["_tag"]>().type.toBe<
      | "InvalidCredentials"
      | "ReauthenticationRequired"
      | "Throttled"
      | "Unreachable"
      | "RequestRefused"
      | "MalformedResponse"
      | "UnresolvedExchange"
      | "StoreFailure"
      | "InvalidOptions"
      | "InsecureEndpoint"
      | "AccountUnavailable"
    >()
  })

  const every = {
    InvalidCredentials: give,
    ReauthenticationRequired: give,
    Throttled: give,
    Unreachable: give,
    RequestRefused: give,
    MalformedResponse: give,
    UnresolvedExchange: give,
    StoreFailure: give,
    InvalidOptions: give,
    InsecureEndpoint: give,
    AccountUnavailable: give
  }

  test("are exhaustive in a switch: one that is left out is named by the compiler", () => {
    const advise = (reason: AuthError.Reason): string => {
      switch (reason._tag) {
        case "InvalidCredentials":
        case "ReauthenticationRequired":
        case "UnresolvedExchange":
        case "InvalidOptions":
        case "InsecureEndpoint":
          return "final"
        case "RequestRefused":
        case "MalformedResponse":
        case "Throttled":
        case "Unreachable":
        case "StoreFailure":
        case "AccountUnavailable":
          return "try again"
      }
    }
    expect(advise).type.toBeCallableWith(new AuthError.Throttled({}))
    const short = (reason: Exclude<AuthError.Reason, AuthError.StoreFailure>) => reason
    // @ts-expect-error 'StoreFailure' is not assignable
    short(new AuthError.StoreFailure({ problem: "Corrupt" }) as AuthError.Reason)
  })

  test("are exhaustive in catchReasons: what is left for others is nothing, or the one that was left out", () => {
    Effect.catchReasons(call, "AuthError", every, (reason) => {
      expect(reason).type.toBe<never>()
      return give()
    })
    const { StoreFailure: _, ...rest } = every
    Effect.catchReasons(call, "AuthError", rest, (reason) => {
      expect(reason).type.toBe<AuthError.StoreFailure>()
      return give()
    })
  })

  // A name that is no reason is refused by `catchReason`; among the names of `catchReasons` Effect 4.1 lets it pass.
  test("are handled by their names", () => {
    Effect.catchReason(call, "AuthError", "Throttled", give)
    // @ts-expect-error not assignable
    Effect.catchReason(call, "AuthError", "Tired", give)
    // @ts-expect-error not assignable
    Effect.catchReason(call, "VendorError", "Throttled", give)
  })

  test("come to their handlers with what they hold", () => {
    Effect.catchReasons(call, "AuthError", {
      Throttled: (reason) => {
        expect(reason).type.toBe<AuthError.Throttled>()
        return give()
      },
      Unreachable: (reason) => {
        expect(reason.outcome).type.toBe<"NotSent" | "Unknown" | "Answered">()
        return give()
      }
    })
  })

  test("are closed: a reason of another's making is none", () => {
    expect(AuthError.AuthError).type.not.toBeConstructableWith({ vendor: "Acme", reason: { _tag: "Throttled" } })
    expect(AuthError.AuthError).type.toBeConstructableWith({ vendor: "Acme", reason: new AuthError.Throttled({}) })
    expect(AuthError.AuthError).type.not.toBeConstructableWith({ reason: new AuthError.Throttled({}) })
    expect(AuthError.Unreachable).type.not.toBeConstructableWith({ outcome: "Perhaps" })
  })
})
