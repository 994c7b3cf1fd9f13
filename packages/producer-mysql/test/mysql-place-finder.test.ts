import { describe, expect, it } from 'vitest'
import { FileBinlogStream } from '../src/stream/file-binlog-stream.ts'
import { FileOrigin } from '../src/origin/file-origin.ts'
import { MysqlPlaceFinder } from '../src/session/mysql-place-finder.ts'
import { MysqlPlaceError } from '../src/error/place-errors.ts'
import { type Boundary, scanTransactions } from '../src/decoder/transaction-scan.ts'
import { recordingPath, sourceOf } from './recorded-log.ts'

function finderOf(recording: string): MysqlPlaceFinder {
  const path = recordingPath(recording)
  return new MysqlPlaceFinder(new FileOrigin(`binlog:${path}`, path, sourceOf(recording, ['shop.item'])))
}

/** Every place between two transactions of a recording. */
async function boundariesOf(recording: string): Promise<Boundary[]> {
  const stream = new FileBinlogStream({ indexPath: recordingPath(recording) })
  const found: Boundary[] = []
  const { file } = stream.earliest()
  await scanTransactions(stream, file, stream.latest(), (boundary) => {
    found.push(boundary)
    return false
  })
  return found
}

describe('places of log files', () => {
  it.each(['shapes', 'mysql9-shapes'])(
    'of %s: each boundary is found by position, SCN and GTID as the same place',
    async (recording) => {
      const finder = finderOf(recording)
      const boundaries = await boundariesOf(recording)
      expect(boundaries.length).toBeGreaterThan(20)
      for (const { file, position, ended } of boundaries) {
        const place = await finder.locate(`${file}:${position}`)
        expect(place).toMatchObject({ file, position })
        expect(await finder.locate(String(place.scn))).toEqual(place)
        if (ended?.gtid !== undefined) expect(place.gtid).toBe(ended.gtid)
      }
      const named = boundaries.filter(({ ended }) => ended?.gtid !== undefined)
      for (const { position, ended } of named) {
        const place = await finder.locate(`gtid:${ended?.gtid ?? ''}`)
        expect(boundaries.find((each) => each.ended?.gtid === place.gtid)?.position).toBe(place.position)
        expect(place.position).toBeLessThanOrEqual(position)
      }
    },
  )

  it('no place inside of a transaction is taken for one between two', async () => {
    const finder = finderOf('shapes')
    const boundaries = await boundariesOf('shapes')
    const { file } = boundaries[0] ?? { file: '' }
    const places = new Set(boundaries.map(({ position }) => position))
    const last = Math.max(...places)
    for (let position = 5; position <= last + 1; position += 61) {
      if (places.has(position)) continue
      await expect(finder.locate(`${file}:${position}`)).rejects.toThrow(MysqlPlaceError)
    }
  })

  it('a record of any place puts every SCN after it above the ones before, whatever they were', async () => {
    const finder = finderOf('shapes')
    for (const floorScn of [-1n, 0n, 4n << 32n, (3n << 52n) | 77n]) {
      for (const place of ['earliest', 'latest', `timestamp:${Date.now()}`]) {
        const { record } = await finder.recordAt(place, floorScn)
        const { generation, position, file } = record.position as { generation: number; position: number; file: string }
        if (floorScn >= 0n) expect(record.scn).toBe(floorScn)
        expect((BigInt(generation) << 52n) | (1n << 32n) | BigInt(position)).toBeGreaterThan(floorScn)
        expect(finder.describe(record)).toMatchObject({ scn: record.scn, file, position })
      }
      const { record } = finder.recordAnew(floorScn)
      expect(finder.describe(record).scn ?? -1n).toBe(floorScn)
    }
  })

  it('what names no place, or one of a former history, is refused by name', async () => {
    const finder = finderOf('shapes')
    for (const text of ['', 'tomorrow', 'mysql-bin.000001', 'mysql-bin.000001:-1', 'scn:x', 'timestamp:soon']) {
      await expect(finder.locate(text)).rejects.toThrow(MysqlPlaceError)
    }
    const scn = (await finder.locate('latest')).scn ?? 0n
    await expect(finder.recordAt(String(scn), 2n << 52n)).rejects.toThrow(
      'is of generation 0, the source is in generation 2',
    )
  })
})
