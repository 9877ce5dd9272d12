// All the places where an app can see a value, a log record, a span or a metric, each under its name.
// Decided here: what is printed of a value and how, and which loggers, spans and metrics are kept. A response that an
// app was given is its own: what it prints of that is not kept. Not here: which secrets are looked for (`Canary.ts`).
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Formatter from "effect/Formatter"
import * as Logger from "effect/Logger"
import type { LogLevel } from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { format, inspect } from "node:util"

type Sighting = readonly [where: string, text: string]

const attempt = (print: () => unknown): string => {
  try {
    return String(print())
  } catch (error) {
    // A complaint about a value is seen like the value itself.
    return String(error)
  }
}

type Ways = Readonly<Record<string, (value: unknown) => unknown>>

/** The ways in which every value is printed, also one inside of another: a cause, an error of several. */
const inside: Ways = {
  String: (value) => String(value),
  "JSON.stringify": (value) => JSON.stringify(value),
  "util.inspect in full": (value) => inspect(value, { depth: 20, showHidden: true, maxStringLength: null })
}

/** The further ways in which an app prints what it was given. */
const outside: Ways = {
  "util.inspect": (value) => inspect(value),
  "util.inspect with getters": (value) => inspect(value, { depth: 6, getters: true }),
  "console.log": (value) => format(value),
  "Formatter.format": (value) => Formatter.format(value),
  "Formatter.formatJson": (value) => Formatter.formatJson(value),
  structuredClone: (value) => inspect(structuredClone(value), { depth: 20, showHidden: true })
}

/** All that is seen of a value when it is printed, by the way it is printed in. */
export const print = (value: unknown, path = "", depth = 0): ReadonlyArray<Sighting> => {
  const named = (how: string, text: string): Sighting => [`${path}${how}`, text]
  // The search knows every form that the other ways would give a text.
  if (typeof value === "string") return [named("String", value)]
  const ways = depth === 0 ? { ...inside, ...outside } : inside
  const seen = Object.entries(ways).map(([how, way]) =>
    named(
      how,
      attempt(() => way(value))
    )
  )
  if (depth > 8) return seen
  if (value instanceof Error) {
    seen.push(named("message", value.message), named("stack", String(value.stack)))
    if (value.cause !== undefined) seen.push(...print(value.cause, `${path}cause.`, depth + 1))
    // What an error of ours says of itself is not all that it may hold.
    if (value instanceof AuthError.AuthError) {
      seen.push(named("all that it holds", inspect(value, { depth: 20, showHidden: true, customInspect: false })))
      seen.push(...print(value.reason, `${path}reason.`, depth + 1))
    }
    if (value instanceof AggregateError) seen.push(...print(value.errors, `${path}errors.`, depth + 1))
  }
  if (Exit.isExit(value) && Exit.isFailure(value)) seen.push(...print(value.cause, `${path}cause.`, depth + 1))
  if (Cause.isCause(value)) {
    seen.push(named("Cause.pretty", Cause.pretty(value)))
    for (const error of Cause.prettyErrors(value)) seen.push(...print(error, `${path}prettyErrors.`, depth + 1))
    for (const reason of value.reasons) {
      seen.push(...print(Reflect.get(reason, "error") ?? Reflect.get(reason, "defect"), `${path}reason.`, depth + 1))
    }
  }
  return seen
}

const formatted = {
  simple: Logger.formatSimple,
  logfmt: Logger.formatLogFmt,
  json: Logger.formatJson,
  structured: Logger.formatStructured
}

const onConsole = {
  "pretty in colours": Logger.consolePrettyTty(),
  "pretty for browsers": Logger.consolePrettyBrowser(),
  logfmt: Logger.consoleLogFmt,
  json: Logger.consoleJson,
  structured: Logger.consoleStructured
}

/** Collects what an app can see while an effect runs. */
export const makeWatch = () => {
  const seen = new Map<string, string>()
  const spans: Array<Tracer.NativeSpan> = []
  const counts = { lines: 0, spans: 0 }
  // Each watch counts for itself.
  const registry: Metric.MetricRegistry = new Map()
  const note = (sightings: Iterable<Sighting>, at: string) => {
    for (const [where, text] of sightings) if (!seen.has(text)) seen.set(text, `${at}: ${where}`)
  }

  const record = Logger.make((options) => {
    counts.lines++
    for (const [name, logger] of Object.entries(formatted)) {
      note(print(logger.log(options as never)), `a log line, ${name}`)
    }
    note(print(options.message), "a log record's message")
    note(print(options.cause), "a log record's cause")
    note(print(options.fiber.getRef(References.CurrentLogAnnotations)), "a log record's annotations")
    note(print(options.fiber.getRef(References.CurrentLogSpans)), "a log record's spans")
  })
  const loggers = [record, Logger.tracerLogger, ...Object.values(onConsole)]

  /** What a logger of Effect's own writes to the console. */
  const console = new Proxy({} as Console.Console, {
    get:
      (_, method) =>
      (...args: ReadonlyArray<unknown>) =>
        note([[`console.${String(method)}`, format(...args)], ...args.flatMap((arg) => print(arg))], "the console")
  })

  const tracer = Tracer.make({
    span: (options) => {
      counts.spans++
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })

  const spansSeen = function* (): Iterable<Sighting> {
    for (const { attributes, events, links, name, status } of spans) {
      yield [`the span ${name}'s name`, name]
      const kept = { attributes: [...attributes], events: events.map(([event, , more]) => [event, more]), links }
      for (const [part, value] of Object.entries(kept)) {
        if (value.length === 0) continue
        yield [`the span ${name}'s ${part}`, `${inspect(value, { depth: 6 })} ${attempt(() => JSON.stringify(value))}`]
      }
      if (status._tag !== "Ended" || Exit.isSuccess(status.exit)) continue
      // Of a span's end an exporter writes the failure.
      for (const [how, text] of print(status.exit)) yield [`the span ${name}'s end: ${how}`, text]
    }
  }

  return {
    /** Shows values to it, as an app would print them. */
    see: (at: string, ...values: ReadonlyArray<unknown>) => {
      for (const value of values) note(print(value), at)
    },
    /** All that was seen so far, and the metrics as they stand. */
    everything: Effect.map(Effect.all([Metric.snapshot, Metric.dump]), ([metrics, dump]): ReadonlyArray<Sighting> => {
      note(spansSeen(), "a trace")
      note([["Metric.dump", dump]], "the metrics")
      for (const metric of metrics) note(print(metric), `the metric ${metric.id}`)
      return [...seen].map(([text, where]) => [where, text])
    }).pipe(Effect.provideService(Metric.MetricRegistry, registry)),
    /** The names of the attributes of all spans. */
    attributes: () => new Set(spans.flatMap((span) => [...span.attributes.keys()])),
    spans: (): ReadonlyArray<Tracer.NativeSpan> => spans,
    /** How many log records and spans there were: a search among none finds none. */
    counts: (): Readonly<typeof counts> => counts,
    /** Runs an effect, with a log level of which it sees all. */
    during: <A, E, R>(effect: Effect.Effect<A, E, R>, level: LogLevel = "All") =>
      effect.pipe(
        Effect.provide(Logger.layer(loggers)),
        Effect.provideService(Console.Console, console),
        Effect.provideService(References.MinimumLogLevel, level),
        Effect.provideService(Tracer.Tracer, tracer),
        Effect.provideService(Metric.MetricRegistry, registry)
      )
  }
}

/** The reason that an effect failed with, or how else it ended. */
export const reasonOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (error !== undefined) return String(Reflect.get(Object(Reflect.get(Object(error), "reason")), "_tag") ?? error)
  return Cause.hasInterruptsOnly(exit.cause) ? "Interrupted" : "Died"
}
