// Medians and quantiles, and how a figure is written.
// Decided here: a quantile lies between two values in proportion; a ratio of two lists is the median of the ratios of
// each round, so that both figures of a ratio come from the same moment; where the centre of some values lies is told
// by signed ranks, which one outlier hardly moves, and which ask nothing of their distribution but that it lies evenly
// around its centre. Not here: what is compared.

/** A part of the way, 0 to 1, from the least to the greatest. */
export const quantile = (values: ReadonlyArray<number>, part: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const low = sorted[Math.floor(at)] ?? NaN
  return low + ((sorted[Math.ceil(at)] ?? NaN) - low) * (at - Math.floor(at))
}

export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** The mean of the middle half. */
export const middle = (values: ReadonlyArray<number>): number => {
  const cut = Math.floor(values.length / 4)
  const kept = values.toSorted((a, b) => a - b).slice(cut, values.length - cut)
  return kept.reduce((sum, value) => sum + value, 0) / kept.length
}

/** How many of the least and of the greatest pairs lie outside of an interval of 95 per cent: Wilcoxon's table. */
const outside = (size: number): number => {
  // In how many of the 2 ** size ways to sign them the ranks of a sign have a sum.
  let ways = [1]
  for (let rank = 1; rank <= size; rank++) {
    const without = ways
    ways = Array.from({ length: without.length + rank }, (_, sum) => (without[sum] ?? 0) + (without[sum - rank] ?? 0))
  }
  let cut = 0
  for (let tail = ways[0]!; 2 * tail <= 0.05 * 2 ** size; tail += ways[cut]!) cut++
  return cut
}

/** The centre of some values, and where it lies with 95 per cent: infinite for fewer than six, which cannot say so. */
export const centre = (
  values: ReadonlyArray<number>
): { readonly at: number; readonly low: number; readonly high: number } => {
  const pairs = values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2)).toSorted((a, b) => a - b)
  const cut = outside(values.length)
  const isKnown = cut > 0
  return {
    at: median(pairs),
    low: isKnown ? pairs[cut - 1]! : -Infinity,
    high: isKnown ? pairs[pairs.length - cut]! : Infinity
  }
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
