import { describe, expect, it } from 'vitest'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { decimalBytes } from '../src/table/binlog-column.ts'
import { readDecimal } from '../src/row/decimal-value.ts'
import * as output from '../src/row/image-output.ts'
import * as temporal from '../src/row/temporal-value.ts'

/** What was written, and nothing around it. */
function written(write: (t: Buffer, o: number) => number): Buffer {
  const target = Buffer.alloc(64, 0xaa)
  const end = write(target, 5)
  expect([target[4], target[end]]).toEqual([0xaa, 0xaa])
  return target.subarray(5, end)
}

describe('values of the binary protocol as images', () => {
  it('decimals of every precision and scale are read back as they were printed', () => {
    const draw = new SeededDraw(11)
    const digitsOf = (count: number): string => Array.from({ length: count }, () => draw.below(10)).join('')
    for (let n = 0; n < 3000; n++) {
      const precision = 1 + draw.below(65)
      const scale = draw.below(Math.min(precision, 38) + 1)
      const whole = digitsOf(draw.below(precision - scale + 1)).replace(/^0+/, '') || '0'
      const fraction = scale === 0 ? '' : `.${digitsOf(scale)}`
      const sign = draw.below(2) === 1 && /[1-9]/.test(whole + fraction) ? '-' : ''
      const text = sign + whole + fraction
      const b = Buffer.from(`#${text}#`)
      const image = written((t, o) => output.decimal(t, o, b, 1, text.length, precision, scale))
      expect(image.length).toBe(decimalBytes(precision - scale) + decimalBytes(scale))
      expect(readDecimal(image, precision, scale)).toBe(text)
    }
  })

  it('decimals that are filled with zeros, or have fewer of them than a log has, are the same numbers', () => {
    for (const [text, expected] of [
      ['000000000000001.50000', '1.50000'],
      ['0.50000', '0.50000'],
      ['-0.00001', '-0.00001'],
    ] as const) {
      const b = Buffer.from(text)
      expect(
        readDecimal(
          written((t, o) => output.decimal(t, o, b, 0, b.length, 20, 5)),
          20,
          5,
        ),
      ).toBe(expected)
    }
  })

  it('timestamps of every day are the seconds that they are in UTC', () => {
    for (let day = 0; day < 49_710; day += 1) {
      const ms = day * 86_400_000 + (day % 86_400) * 1000
      const date = new Date(ms)
      const b = Buffer.alloc(12)
      b[0] = 7
      b.writeUInt16LE(date.getUTCFullYear(), 1)
      b.set(
        [date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()],
        3,
      )
      expect(written((t, o) => output.timestamp(t, o, b, 0, 0)).readUInt32BE()).toBe(ms / 1000)
    }
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('times and dates with %i digits are printed as they came', (digits) => {
    const micros = Math.floor(987_654 / 10 ** (6 - digits)) * 10 ** (6 - digits)
    const tail = digits === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`
    const clock = Buffer.alloc(13)
    clock.set([12, 1])
    clock.writeUInt32LE(34, 2)
    clock.set([22, 59, 59], 6)
    clock.writeUInt32LE(micros, 9)
    const time = written((t, o) => output.time(t, o, clock, 0, digits))
    expect(temporal.timeText(time, digits)).toBe(`-838:59:59${tail}`)
    const moment = Buffer.alloc(12)
    moment[0] = 11
    moment.writeUInt16LE(9999, 1)
    moment.set([12, 31, 23, 59, 58], 3)
    moment.writeUInt32LE(micros, 8)
    const datetime = written((t, o) => output.datetime(t, o, moment, 0, digits))
    expect(temporal.datetimeText(datetime, digits)).toBe(`9999-12-31 23:59:58${tail}`)
    const zero = Buffer.alloc(1)
    expect(
      temporal.timeText(
        written((t, o) => output.time(t, o, zero, 0, digits)),
        digits,
      ),
    ).toMatch(/^00:00:00/)
    expect(
      temporal.datetimeText(
        written((t, o) => output.datetime(t, o, zero, 0, digits)),
        digits,
      ),
    ).toMatch(/^0000-00-00 00/)
  })
})
