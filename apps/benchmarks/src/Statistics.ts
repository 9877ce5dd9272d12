// Medians and quantiles, and how a figure is written.
// Decided here: a quantile lies between two values in proportion; a ratio of two lists is the median of the ratios of
// each round, so that both figures of a ratio come from the same moment; where a median lies is told by the ranks of
// the values, which asks nothing of their distribution. Not here: what is compared.

/** A part of the way, 0 to 1, from the least to the greatest. */
export const quantile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const low = sorted[Math.floor(at)] ?? NaN
  return low + ((sorted[Math.ceil(at)] ?? NaN) - low) * (at - Math.floor(at))
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** Two of the values, between which the median lies with 95 per cent; infinite for fewer values than that takes. */
export const interval = (values: ReadonlyArray<number>): { readonly low: number; readonly high: number } => {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)) - 1
  return rank < 0 ? { low: -Infinity, high: Infinity } : { low: sorted[rank]!, high: sorted[sorted.length - 1 - rank]! }
}

export const best = (values: ReadonlyArray<number>): number => (values.length === 0 ? NaN : Math.min(...values))

/** The median of the ratios of each round. */
export const ratio = (values: ReadonlyArray<number>, floor: ReadonlyArray<number>): number =>
  median(values.map((value, round) => value / (floor[round] ?? NaN)).filter(Number.isFinite))

/** Three digits that count, `-` for none. */
export const figure = (value: number | null | undefined): string => {
  if (value === undefined || value === null || Number.isNaN(value)) return "-"
  const size = Math.abs(value)
  if (size >= 1000 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US")
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
