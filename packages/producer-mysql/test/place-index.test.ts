import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { newFolder } from '../../../test/support/test-folder.ts'
import { testLog } from '../../../test/support/test-log.ts'
import { formatBinlogScn } from '../src/log/binlog-scn.ts'
import { PLACE_EVERY_BYTES, PlaceIndex } from '../src/place/place-index.ts'
import { PlaceIndexFile } from '../src/place/place-index-file.ts'
import { type ResumePoint } from '../src/place/resume-point.ts'

const fileOf = (number: number): string => `mysql-bin.${String(number).padStart(6, '0')}`

function pointAt(file: number, position: number, more: Partial<ResumePoint> = {}): ResumePoint {
  const generation = more.generation ?? 0
  return {
    scn: formatBinlogScn(generation, file, position),
    file: fileOf(file),
    position,
    gtid: `0-1-${position}`,
    serverIdentity: '1/0',
    generation,
    ...more,
  }
}

class Rig {
  readonly path = join(newFolder('places'), 'places', 'shop')
  readonly warnings: string[] = []
  index = this.open()

  open(isNew = false): PlaceIndex {
    const log = testLog('index', (level, message) => level === 'warn' && this.warnings.push(message))
    return (this.index = new PlaceIndex(new PlaceIndexFile(this.path, log), isNew))
  }
  /** What a source does at each window. */
  window(point: ResumePoint, configuration = 'a'): void {
    if (point.file !== undefined && this.index.isDue({ file: point.file, position: point.position ?? 4 }))
      this.index.note(point, configuration)
  }
  at(scn: bigint, configuration = 'a', generation = 0): ResumePoint | undefined {
    const found = this.index.find(scn, { source: 'shop', generation, configuration })
    return found.kind === 'found' ? found.place.point : undefined
  }
  gone(scn: bigint, configuration = 'a', generation = 0): unknown[] {
    const found = this.index.find(scn, { source: 'shop', generation, configuration })
    return found.kind === 'found' ? [] : [found.prevScn, found.fault?.code]
  }
  get offsets(): string[] {
    return this.index.places.map(({ point: { file, position } }) => `${Number(file?.slice(-6))}:${position}`)
  }
}

describe('places that are kept of a log', () => {
  test('are where it begins, the beginning of each file, and each 64 MiB of one', () => {
    const rig = new Rig()
    rig.index.note(pointAt(3, 1000), 'a')
    for (let position = 1000; position < 3 * PLACE_EVERY_BYTES; position += PLACE_EVERY_BYTES / 8)
      rig.window(pointAt(3, position))
    rig.window(pointAt(4, 256))
    rig.window(pointAt(4, 300))
    const step = PLACE_EVERY_BYTES
    expect(rig.offsets).toEqual(['3:1000', `3:${1000 + step}`, `3:${1000 + 2 * step}`, '4:256'])
  })

  test('are none while an XA transaction waits, whose place comes again and again', () => {
    const rig = new Rig()
    rig.index.note(pointAt(3, 1000), 'a')
    for (const file of [4, 5]) rig.window(pointAt(3, 5000, { scn: formatBinlogScn(0, file, 900) }))
    expect(rig.offsets).toEqual(['3:1000'])
    rig.window(pointAt(5, 1000))
    expect(rig.offsets).toEqual(['3:1000', '5:1000'])
  })

  test('are found by SCN: the newest one all of whose windows lie at or before it', () => {
    const rig = new Rig()
    for (const point of [pointAt(1, 4), pointAt(2, 256), pointAt(3, 256)]) rig.index.note(point, 'a')
    expect(rig.at(pointAt(2, 255).scn)).toMatchObject({ file: fileOf(1), position: 4 })
    expect(rig.at(pointAt(2, 256).scn)).toMatchObject({ file: fileOf(2), position: 256 })
    expect(rig.at(pointAt(9, 9).scn)).toMatchObject({ file: fileOf(3) })
    expect([rig.at(pointAt(1, 3).scn), rig.gone(1n)]).toEqual([undefined, [pointAt(1, 4).scn, undefined]])
  })

  test('of two at one SCN the later one is taken: a log that began without a window', () => {
    const rig = new Rig()
    rig.index.note(pointAt(1, 500), 'a')
    rig.window(pointAt(2, 256, { scn: pointAt(1, 500).scn }))
    expect(rig.at(pointAt(1, 500).scn)).toMatchObject({ file: fileOf(2) })
  })

  test('are the same after a restart, and what is read again adds none', () => {
    const rig = new Rig()
    const points = [pointAt(1, 4), pointAt(2, 256, { ended: 3, log: { begunSeconds: 7 } }), pointAt(3, 256)]
    for (const point of points) rig.index.note(point, 'a')
    const before = [...rig.index.places]
    rig.open()
    for (const point of points) rig.window(point)
    rig.index.note(pointAt(2, 256), 'a')
    expect(rig.index.places).toEqual(before)
    expect(rig.open().places).toEqual(before)
    expect(rig.open(true).places).toEqual([])
    expect(rig.open().places).toEqual([])
  })

  test('of logs that are gone are forgotten', () => {
    const rig = new Rig()
    for (const point of [pointAt(1, 4), pointAt(2, 256), pointAt(3, 256)]) rig.index.note(point, 'a')
    rig.index.dropBefore(fileOf(2))
    expect([rig.offsets, rig.gone(pointAt(1, 9).scn)]).toEqual([
      ['2:256', '3:256'],
      [pointAt(2, 256).scn, undefined],
    ])
    rig.open()
    expect(rig.offsets).toEqual(['2:256', '3:256'])
  })

  test('of another configuration are refused by name, also when it is the one of before again', () => {
    const rig = new Rig()
    rig.index.note(pointAt(1, 4), 'a')
    rig.index.note(pointAt(2, 256), 'b')
    rig.index.note(pointAt(3, 256), 'a')
    rig.open()
    expect(rig.at(pointAt(3, 300).scn, 'a')).toMatchObject({ file: fileOf(3) })
    for (const scn of [pointAt(1, 300).scn, pointAt(2, 300).scn])
      expect(rig.gone(scn, 'a')).toEqual([pointAt(3, 256).scn, 'AESOP_MYSQL_LATE_CONFIGURATION'])
  })

  test('that another configuration reads again are those of it', () => {
    const rig = new Rig()
    for (const point of [pointAt(1, 4), pointAt(2, 256), pointAt(3, 256)]) rig.index.note(point, 'a')
    rig.open()
    rig.index.note(pointAt(2, 900), 'b')
    rig.window(pointAt(3, 256), 'b')
    expect(rig.offsets).toEqual(['1:4', '2:256', '2:900', '3:256'])
    expect(rig.at(pointAt(2, 950).scn, 'b')).toMatchObject({ position: 900 })
    expect(rig.open().places).toHaveLength(4)
  })

  test('of an older generation are those of another log, and say so', () => {
    const rig = new Rig()
    rig.index.note(pointAt(7, 4), 'a')
    rig.open()
    rig.index.opened(1)
    rig.window(pointAt(1, 300, { generation: 1 }))
    expect(rig.offsets).toEqual(['1:300'])
    const begin = pointAt(1, 300, { generation: 1 }).scn
    expect(rig.gone(pointAt(7, 9).scn, 'a', 1)).toEqual([begin, 'AESOP_MYSQL_LATE_GENERATION'])
    expect(rig.at(begin, 'a', 1)).toMatchObject({ file: fileOf(1) })
  })

  test('are kept at most 20,000 at a time: the oldest half makes room', () => {
    const index = new PlaceIndex(undefined, true)
    for (let file = 1; file <= 20_001; file++) index.note(pointAt(file, 4), 'a')
    expect([index.places.length, index.places[0]?.point.file]).toEqual([10_001, fileOf(10_001)])
  })

  test('before all that was read live are one for each log that was asked for, found after a restart, and in no way of the others', () => {
    const rig = new Rig()
    const [first, second, began] = [pointAt(3, 4), pointAt(5, 4), pointAt(7, 1000)]
    rig.index.note(began, 'a')
    for (const place of [second, first, second]) rig.index.noteBefore(place, 'a')
    expect(rig.offsets).toEqual(['3:4', '5:4', '7:1000'])
    rig.open()
    expect(rig.index.places.map(({ isBefore }) => isBefore)).toEqual([true, true, undefined])
    expect([first.scn, second.scn - 1n, second.scn, began.scn].map((scn) => rig.at(scn)?.position)).toEqual([
      4, 4, 4, 1000,
    ])
    rig.index.note(pointAt(8, 4), 'a')
    // Places of the live reading are dense: nothing lies between them.
    rig.index.noteBefore(pointAt(8, 500), 'a')
    expect(rig.offsets).toEqual(['3:4', '5:4', '7:1000', '8:4'])
  })

  test('before all that was read live go on at the oldest log that is left when theirs is purged', () => {
    const rig = new Rig()
    rig.index.note(pointAt(7, 1000), 'a')
    rig.index.noteBefore(pointAt(3, 4), 'a')
    rig.index.dropBefore(fileOf(5))
    expect([rig.offsets, rig.at(pointAt(6, 500).scn)]).toEqual([['5:4', '7:1000'], pointAt(5, 4)])
    expect(rig.gone(pointAt(4, 9).scn)).toEqual([pointAt(5, 4).scn, undefined])
    rig.open()
    expect(rig.index.places.map(({ isBefore }) => isBefore)).toEqual([true, undefined])
    // Nothing of the log that was read live is before it.
    rig.index.dropBefore(fileOf(7))
    expect(rig.offsets).toEqual(['7:4', '7:1000'])
    rig.index.dropBefore(fileOf(8))
    expect(rig.offsets).toEqual([])
  })

  test('before all that was read live go on so, too, before the live reading has kept its first', () => {
    const rig = new Rig()
    rig.index.noteBefore(pointAt(1, 4), 'a')
    rig.index.dropBefore(fileOf(5))
    rig.window(pointAt(7, 1000))
    expect([rig.offsets, rig.at(pointAt(6, 500).scn)]).toEqual([['5:4', '7:1000'], pointAt(5, 4)])
  })

  test('before those of another configuration are none: what was captured there can not be made again', () => {
    const rig = new Rig()
    rig.index.note(pointAt(7, 1000), 'a')
    rig.index.noteBefore(pointAt(3, 4), 'b')
    expect(rig.offsets).toEqual(['7:1000'])
    rig.index.note(pointAt(8, 4, { generation: 1 }), 'a')
    rig.index.noteBefore(pointAt(2, 4, { generation: 1 }), 'a')
    expect(rig.index.places.map(({ point }) => [point.generation, point.file])).toEqual([
      [1, fileOf(2)],
      [1, fileOf(8)],
    ])
  })

  test('that can not be written are written with the next one', () => {
    const rig = new Rig()
    rig.index.note(pointAt(1, 4), 'a')
    rmSync(rig.path)
    mkdirSync(rig.path)
    rig.window(pointAt(2, 256))
    expect(rig.warnings).toHaveLength(1)
    rmSync(rig.path, { recursive: true })
    writeFileSync(rig.path, '')
    rig.window(pointAt(3, 256))
    expect(rig.offsets).toEqual(['1:4', '2:256', '3:256'])
    chmodSync(dirname(rig.path), 0o700)
  })
})

describe('the file of places', () => {
  const points = Array.from({ length: 4 }, (_, i) => pointAt(i + 1, 256))
  function written(): { rig: Rig; bytes: Buffer; all: PlaceIndex['places'] } {
    const rig = new Rig()
    for (const point of points) rig.index.note(point, 'a')
    return { rig, bytes: readFileSync(rig.path), all: [...rig.index.places] }
  }

  test('cut at any byte holds the whole records before it, and takes more', () => {
    const { rig, bytes, all } = written()
    const ends = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1)
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(rig.path, bytes.subarray(0, length))
      rig.open()
      const whole = ends.filter((end) => end <= length).length
      expect(rig.index.places).toEqual(all.slice(0, whole))
      rig.index.note(pointAt(9, 256), 'a')
      expect(rig.open().places).toHaveLength(whole + 1)
    }
  })

  test('with a flipped bit holds no place that was not written, and none before the damage but where it is at the end', () => {
    const { rig, bytes, all } = written()
    const reached = { suffix: 0, withoutLast: 0 }
    assertProperty(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const damaged = Buffer.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
        writeFileSync(rig.path, damaged)
        const { places } = rig.open()
        const isSuffix =
          JSON.stringify(placesOf(places)) === JSON.stringify(placesOf(all.slice(all.length - places.length)))
        if (isSuffix) reached.suffix++
        else {
          reached.withoutLast++
          expect(places).toEqual(all.slice(0, places.length))
          // A flipped end of line makes one of the last two.
          expect(places.length).toBeGreaterThanOrEqual(all.length - 2)
        }
        expect(places.length).toBeLessThan(all.length)
      }),
      { seed: 64_128, numRuns: 400, reached, atLeast: 20 },
    )
  })
})

function placesOf(places: PlaceIndex['places']): unknown[] {
  return places.map(({ point }) => String(point.scn))
}
