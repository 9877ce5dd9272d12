/**
 * What the demo prints: one line as each thing happens, and tables.
 *
 * Decided here: how a line looks, in colour on a terminal and plain elsewhere (`NO_COLOR` is honoured). Not here: what
 * there is to tell.
 */
import { Clock, Console, Context, Effect, Layer } from "effect"
import { styleText } from "node:util"

/** How a line is meant: something went well, went wrong as it should, or is just said. */
export type Tone = "good" | "trouble" | "plain"

/** Prints what happens. */
export class Narrator extends Context.Service<
  Narrator,
  {
    /** One line: seconds since the start, who, what. */
    readonly say: (who: string, tone: Tone, what: string) => Effect.Effect<void>
    /** A table whose columns are as wide as they need. */
    readonly table: (rows: ReadonlyArray<ReadonlyArray<string>>) => Effect.Effect<void>
  }
>()("@vendor-auth/demo/Narrator") {
  static readonly layer = (options: { readonly isTerminal: boolean }): Layer.Layer<Narrator> =>
    Layer.effect(
      Narrator,
      Effect.map(Clock.currentTimeMillis, (begun) => {
        const style = (format: Parameters<typeof styleText>[0], text: string) =>
          options.isTerminal ? styleText(format, text) : text
        return {
          say: (who, tone, what) =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => {
              const seconds = `${((now - begun) / 1_000).toFixed(1)} s`.padStart(7)
              const mark = { good: style("green", "+"), trouble: style("yellow", "!"), plain: style("dim", "-") }[tone]
              return Console.log(`${style("dim", seconds)}  ${style("bold", who.padEnd(11))} ${mark} ${what}`)
            }),
          table: (rows) => {
            const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
            const lines = rows.map((row, index) => {
              const line = row.map((cell, column) =>
                column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
              )
              return index === 0 ? style("bold", line.join("   ")) : line.join("   ")
            })
            return Console.log(`\n${lines.join("\n")}`)
          }
        }
      })
    )
}
