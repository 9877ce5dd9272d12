// The search for secrets: the forms that a secret may take, and all the places where an app can see one.
// Decided here: what is printed of a value, a log line, a span and a metric. Not here: which secrets there are and what
// is done with them (`Secrets.test.ts`).
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"

/** The forms in which a secret may turn up: as it is, encoded, and its two ends. */
export const forms = (secret: string): ReadonlyArray<string> => {
  const base64 = [0, 1, 2].flatMap((skip) => {
    const bytes = Buffer.concat([Buffer.alloc(skip), Buffer.from(secret)])
    // What neighbours cannot change, whatever stands before and after the secret.
    return (["base64", "base64url"] as const).map((encoding) => bytes.toString(encoding).slice(skip === 0 ? 0 : 4, -4))
  })
  const form = new URLSearchParams({ a: secret }).toString().slice(2)
  const ends = [secret.slice(0, 8), secret.slice(-8)]
  const jwt = secret.split(".").length === 3 ? secret.split(".").slice(1) : []
  const json = [secret, ...ends].flatMap((text) => [
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text)).slice(3, -3)
  ])
  const all = [secret, ...base64, form, encodeURIComponent(secret), encodeURI(secret), ...jwt, ...json, ...ends]
  // Every JWT of a vendor begins alike.
  return all.filter((text) => text === secret || !secret.startsWith("eyJ") || !secret.startsWith(text))
}

/** All that is seen of a value when it is printed. */
export const print = (value: unknown, depth = 0): string => {
  const json = (() => {
    try {
      return JSON.stringify(value)
    } catch (error) {
      return String(error)
    }
  })()
  const parts = [String(value), json, inspect(value, { depth: 20, showHidden: true }), inspect(value)]
  if (value instanceof Error)
    parts.push(value.message, String(value.stack), depth < 8 ? print(value.cause, depth + 1) : "")
  if (Exit.isExit(value) && Exit.isFailure(value)) {
    parts.push(Cause.pretty(value.cause), ...Cause.prettyErrors(value.cause).map((error) => print(error, depth + 1)))
    parts.push(...value.cause.reasons.map((reason) => print("error" in reason ? reason.error : reason, depth + 1)))
  }
  return parts.join("\n")
}

/** Collects what an app can see: printed values, log lines, spans and metrics. */
export const makeWatch = () => {
  const [seen, spans]: [Array<string>, Array<Tracer.NativeSpan>] = [[], []]
  const loggers = [Logger.formatSimple, Logger.formatLogFmt, Logger.formatJson, Logger.formatStructured]
  const logger = Logger.make((options) => {
    seen.push(
      ...loggers.map((logger) => print(logger.log(options as never))),
      print(options.message),
      print(options.cause)
    )
  })
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return {
    see: (...values: ReadonlyArray<unknown>) => void seen.push(...values.map((value) => print(value))),
    everything: Effect.map(Metric.snapshot, (metrics) =>
      [
        ...seen,
        ...metrics.map((metric) => print(metric)),
        ...spans.map((span) =>
          print([span.name, [...span.attributes], span.events.map(([name, , more]) => [name, more])])
        ),
        // Of a span's end an exporter writes the failure: a response is not ours to print.
        ...spans.flatMap(({ status }) =>
          status._tag === "Ended" && Exit.isFailure(status.exit)
            ? Cause.prettyErrors(status.exit.cause).map(({ message, name, stack }) => [name, message, stack].join(" "))
            : []
        )
      ].join("\n")
    ),
    attributes: () => new Set(spans.flatMap((span) => [...span.attributes.keys()])),
    isBusy: () => seen.length > 0 && spans.length > 0,
    during: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.provideService(Tracer.Tracer, tracer)
      )
  }
}
