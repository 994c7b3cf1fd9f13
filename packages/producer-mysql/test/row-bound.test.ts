import fc from 'fast-check'
import { type RecordField } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { columnConversion } from '../src/row/column-conversion.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { RowBound } from '../src/row/row-bound.ts'
import { compileRowScanner } from '../src/row/row-scanner.ts'
import { compileRowWriter } from '../src/row/row-writer.ts'
import { columnsOf, fieldsOf, imageOf, prefixed, type Sample, SAMPLES } from './row-samples.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20261128
const FIXED_BYTES_MAX = 100

interface Measured {
  readonly writtenBytes: number
  readonly roughBytes: number
  readonly closeBytes: number
  readonly slackBytes: number
}

function measure(samples: readonly Sample[], values: readonly (Buffer | null)[]): Measured {
  const columns = columnsOf(samples, true)
  const image = imageOf(values)
  const at = new Int32Array(columns.length)
  const end = compileRowScanner(columns, Buffer.alloc((columns.length + 7) >> 3, 0xff))(image, 3, at)
  const fields = fieldsOf(columns)
  const write = compileRowWriter(columns.map((column, i) => columnConversion('d.t', column, fields[i] as RecordField)))
  const bound = new RowBound(columns)
  const roughBytes = bound.rough(end - 3, image, at)
  const { bytesMax: closeBytes, slackBytes } = bound.close(image, at)
  return { writtenBytes: write(Buffer.alloc(roughBytes + 64), 0, image, at), roughBytes, closeBytes, slackBytes }
}

const large = (prefixBytes: number, unit: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  prefixed(
    prefixBytes,
    fc
      .tuple(unit, fc.integer({ min: 3000, max: 60_000 }))
      .map(([text, times]) => Buffer.from(text.repeat(times), 'latin1')),
  )

/** The columns that hold large values, and whether they come out as they are. */
const LARGE: readonly (readonly [Sample, boolean])[] = [
  [{ mapped: { type: ColumnType.BLOB, meta: 4, collation: 63 }, image: large(4, fc.constantFrom('\0', 'ab')) }, true],
  [{ mapped: { type: ColumnType.BLOB, meta: 3, collation: 45 }, image: large(3, fc.constantFrom('x', 'Ã¤')) }, true],
  [{ mapped: { type: ColumnType.GEOMETRY, meta: 4 }, image: large(4, fc.constant('g')) }, true],
  [
    { mapped: { type: ColumnType.BLOB, meta: 4, collation: 8 }, image: large(4, fc.constantFrom('a', '\x80', 'é')) },
    false,
  ],
  [
    {
      mapped: { type: ColumnType.BLOB, meta: 4, collation: 35 },
      image: large(4, fc.constantFrom('\x20\xac', '\x00a')),
    },
    false,
  ],
]

describe('the bounds of a row', () => {
  it('are never less than what is written, for any row of any columns', () => {
    const reached = { withJson: 0, withNull: 0 }
    const row = fc
      .array(fc.nat(SAMPLES.length - 1), { minLength: 1, maxLength: 12 })
      .map((picks) => picks.map((pick) => SAMPLES[pick]).filter((sample) => sample !== undefined))
      .chain((samples) => fc.tuple(fc.constant(samples), fc.tuple(...samples.map(({ image }) => fc.option(image)))))
    assertProperty(
      fc.property(row, ([samples, values]) => {
        const { writtenBytes, roughBytes, closeBytes } = measure(samples, values)
        if (samples.some(({ mapped }) => mapped.type === ColumnType.JSON)) reached.withJson++
        if (values.includes(null)) reached.withNull++
        expect(writtenBytes).toBeLessThanOrEqual(closeBytes)
        expect(closeBytes).toBeLessThanOrEqual(roughBytes)
      }),
      { seed: SEED, numRuns: 1000, reached, atLeast: 50 },
    )
  })

  it('are, column by column, no more above it than what the columns in other character sets may grow by', () => {
    const reached = { beside: 0 }
    const row = fc
      .subarray([...LARGE], { minLength: 1 })
      .chain((picks) =>
        fc.tuple(fc.constant(picks), fc.tuple(...picks.map(([{ image }]) => fc.option(image, { freq: 9 })))),
      )
    assertProperty(
      fc.property(row, ([picks, values]) => {
        const samples = picks.map(([sample]) => sample)
        const { writtenBytes, closeBytes, slackBytes } = measure(samples, values)
        expect(writtenBytes).toBeLessThanOrEqual(closeBytes)
        expect(closeBytes - slackBytes).toBeLessThanOrEqual(writtenBytes + picks.length * FIXED_BYTES_MAX)
        const foreign = values.reduce((sum, value, i) => sum + (picks[i]?.[1] === false ? (value?.length ?? 0) : 0), 0)
        expect(slackBytes).toBeLessThanOrEqual(3 * foreign)
        if (foreign > 0 && closeBytes - slackBytes > 3000) reached.beside++
      }),
      { seed: SEED, numRuns: 300, reached, atLeast: 50 },
    )
  })
})
