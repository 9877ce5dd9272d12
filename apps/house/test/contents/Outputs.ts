// All that an app can print of a result, and the search for a mark in it.
// Decided here: the ways of printing, and a quick walk over everything that can be reached from a value, hidden members
// too, for tests that look at very many of them. Not here: what is printed when.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { inspect } from "node:util"

/** A result as an app may print it. */
export const print = (exit: Exit.Exit<unknown, unknown>): string => {
  const errors = Exit.isFailure(exit)
    ? exit.cause.reasons.map((reason) => ("error" in reason ? reason.error : reason))
    : []
  const all = [exit, ...errors].map((value) =>
    [String(value), JSON.stringify(value), inspect(value, { depth: 20, showHidden: true })].join("\n")
  )
  return [...all, ...(Exit.isFailure(exit) ? [Cause.pretty(exit.cause)] : [])].join("\n")
}

/** Collects log lines of every level while something runs. */
export const listen = () => {
  const lines: Array<string> = []
  const logger = Logger.make((options) => {
    lines.push(
      Logger.formatLogFmt.log(options as never),
      inspect(options.message, { depth: 20 }),
      inspect(options.cause)
    )
  })
  return {
    lines,
    during: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "All"))
  }
}

/** Whether some text that can be reached from a value holds another one. */
export const reaches = (value: unknown, text: string, seen = new Set<unknown>()): boolean => {
  if (typeof value === "string") return value.includes(text)
  if (typeof value !== "object" || value === null || seen.has(value)) return false
  seen.add(value)
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "string" ? key.includes(text) : String(key).includes(text)) return true
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
    if (descriptor !== undefined && "value" in descriptor && reaches(descriptor.value, text, seen)) return true
  }
  if (value instanceof Map || value instanceof Set) return reaches([...value], text, seen)
  return false
}
