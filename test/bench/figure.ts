/** One measured figure: what `npm run bench -- --json` prints, a line each. */
export interface Figure {
  readonly name: string
  readonly unit: string
  /** One value per run, in the order of the runs. */
  readonly runs: readonly number[]
  /** What it should be at least; undefined: nobody has said. */
  readonly target?: number
}

export interface Summary {
  readonly name: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
  readonly target?: number
}

export function summaryOf({ name, unit, runs, target }: Figure): Summary {
  const sorted = [...runs].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return {
    name,
    unit,
    median: rounded((low + high) / 2),
    min: rounded(sorted[0] ?? Number.NaN),
    max: rounded(sorted.at(-1) ?? Number.NaN),
    runs: runs.length,
    ...(target === undefined ? {} : { target }),
  }
}

/** Four significant digits: more would be noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

/** A figure of a comparison: the values of one divided by those of the other, run by run. */
export function ratioOf(name: string, of: Figure, to: Figure, target?: number): Figure {
  const runs = of.runs.map((value, run) => value / (to.runs[run] ?? Number.NaN))
  return { name, unit: 'ratio', runs, ...(target === undefined ? {} : { target }) }
}

/** A group of figures that are measured together. */
export interface BenchGroup {
  /** Figures' names begin with it. */
  readonly prefix: string
  /** Measures; `wants` says whether a figure was asked for, so that nothing is measured for nobody. */
  measure(wants: (name: string) => boolean, runs: number): Promise<readonly Figure[]>
}
