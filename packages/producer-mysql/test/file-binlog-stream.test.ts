import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type BinlogHandler, type BinlogPosition } from '../src/log/binlog-stream.ts'
import { BinlogEventCorruptError, BinlogFileError } from '../src/error/errors.ts'
import { FileBinlogStream } from '../src/stream/file-binlog-stream.ts'
import { recordingPath } from './recorded-log.ts'
import { until as named } from '../../../test/support/until.ts'

const LOG = readFileSync(recordingPath('shapes').replace('.index', '.000001'))
/** Offsets of all events, and the end of the last. */
const EDGES = [4]
while ((EDGES.at(-1) ?? 0) < LOG.length) EDGES.push((EDGES.at(-1) ?? 0) + LOG.readUInt32LE((EDGES.at(-1) ?? 0) + 9))
const DEADLINE_MS = 5000

let folder = ''
let stream: FileBinlogStream
let seen: string[]
let caughtUp: number
let broken: Error | undefined

const handler: BinlogHandler = {
  onEvent: (bytes, offset, end) => {
    seen.push(`${bytes[offset + 4] ?? ''}:${end - offset}`)
    return undefined
  },
  onRotate: (file, position) => {
    seen.push(`${file}:${position}`)
  },
  onCaughtUp: () => {
    caughtUp++
  },
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-file-stream-'))
  seen = []
  caughtUp = 0
  broken = undefined
})

afterEach(async () => {
  await stream.close()
  rmSync(folder, { recursive: true })
})

function write(logs: Record<string, Buffer>, absent: readonly string[] = []): void {
  for (const [name, bytes] of Object.entries(logs)) writeFileSync(join(folder, name), bytes)
  writeFileSync(
    join(folder, 'log.index'),
    [...Object.keys(logs), ...absent].map((name) => `/var/lib/mysql/${name}\n`).join(''),
  )
}

async function open(from?: BinlogPosition): Promise<void> {
  stream = new FileBinlogStream({ indexPath: join(folder, 'log.index'), pollMs: 20 })
  await stream.open(from ?? stream.earliest(), handler, (error) => {
    broken = error
  })
}

const until = (condition: () => boolean): Promise<void> =>
  named('the log', condition, DEADLINE_MS, () => seen.slice(-3))

const eventsSeen = (): number => seen.filter((each) => !each.startsWith('log')).length

describe('a stream of log files', () => {
  it('delivers every event without its checksum', async () => {
    write({ 'log.000001': LOG })
    await open()
    await until(() => caughtUp > 0)
    const expected = EDGES.slice(0, -1).map((at, i) => `${LOG[at + 4] ?? ''}:${(EDGES[i + 1] ?? 0) - at - 4}`)
    expect(seen).toEqual(['log.000001:4', ...expected])
  })

  it('goes on in the next file of the index, also in one that is added later', async () => {
    write({ 'log.000001': LOG, 'log.000002': LOG })
    await open()
    await until(() => caughtUp > 0)
    expect(eventsSeen()).toBe((EDGES.length - 1) * 2)
    writeFileSync(join(folder, 'log.000003'), LOG)
    appendFileSync(join(folder, 'log.index'), './log.000003\n')
    await until(() => eventsSeen() === (EDGES.length - 1) * 3)
    expect(seen.filter((each) => each.startsWith('log'))).toEqual(['log.000001:4', 'log.000002:4', 'log.000003:4'])
  })

  it('waits for an event that is there in part, wherever it was cut, and delivers it once', async () => {
    write({ 'log.000001': LOG.subarray(0, 2) })
    await open()
    let written = 2
    for (const size of [1, 1, 7, 18, 200, 1, 3, 500, LOG.length]) {
      const rounds = caughtUp
      const next = Math.min(LOG.length, written + size)
      appendFileSync(join(folder, 'log.000001'), LOG.subarray(written, next))
      written = next
      const whole = EDGES.filter((edge) => edge > 4 && edge <= written).length
      await until(() => caughtUp > rounds && eventsSeen() >= whole)
      expect(eventsSeen()).toBe(whole)
    }
    expect(eventsSeen()).toBe(EDGES.length - 1)
  })

  it.each([
    ['at its end', ['log.000001']],
    ['and has a second file, which would be gone on with', ['log.000001', 'log.000002']],
  ])('breaks when the log was begun anew %s', async (_name, files) => {
    write({ 'log.000001': LOG })
    await open()
    await until(() => caughtUp > 0)
    // As a server does it, between two looks: the file is deleted, and another one of that name is made.
    writeFileSync(join(folder, 'new'), LOG)
    renameSync(join(folder, 'new'), join(folder, 'log.000001'))
    write(Object.fromEntries(files.map((name) => [name, LOG])))
    await until(() => broken !== undefined)
    expect(broken).toMatchObject({ code: 'AESOP_MYSQL_FILE_REPLACED', canRetry: true })
    expect(eventsSeen()).toBe(EDGES.length - 1)
  })

  it('breaks when the log is shorter than what was read', async () => {
    write({ 'log.000001': LOG })
    await open()
    await until(() => caughtUp > 0)
    truncateSync(join(folder, 'log.000001'), LOG.length - 1)
    await until(() => broken !== undefined)
    expect(broken).toMatchObject({ code: 'AESOP_MYSQL_FILE_REPLACED' })
  })

  it.each([
    [
      'the index',
      () => {
        rmSync(join(folder, 'log.index'))
      },
    ],
    [
      'the names in the index',
      () => {
        truncateSync(join(folder, 'log.index'))
      },
    ],
    [
      'the log that the index names next',
      () => {
        write({ 'log.000001': LOG }, ['log.000002'])
      },
    ],
    [
      'the log',
      () => {
        rmSync(join(folder, 'log.000001'))
      },
    ],
  ])(
    'breaks, to be opened again, when a server that is reset or purges has ended what takes away %s',
    async (_name, change) => {
      write({ 'log.000001': LOG })
      await open()
      await until(() => caughtUp > 0)
      change()
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(broken).toBeUndefined()
      write({ 'log.000001': LOG, 'log.000002': LOG })
      await until(() => broken !== undefined)
      expect(broken).toMatchObject({ code: 'AESOP_MYSQL_FILE_REPLACED', canRetry: true })
      expect(eventsSeen()).toBe(EDGES.length - 1)
    },
  )

  it('breaks after seconds in which the index does not come again', async () => {
    write({ 'log.000001': LOG })
    await open()
    await until(() => caughtUp > 0)
    rmSync(join(folder, 'log.index'))
    await named('the break', () => broken !== undefined)
    expect(broken).toMatchObject({ code: 'AESOP_MYSQL_FILE_REPLACED' })
  })

  it('begins at any event, and reads the description of the log first', async () => {
    write({ 'log.000001': LOG })
    const position = EDGES[5] ?? 0
    await open({ file: 'log.000001', position })
    await until(() => caughtUp > 0)
    expect(seen[0]).toBe(`log.000001:${position}`)
    expect(seen[1]).toMatch(/^15:/)
    expect(seen[2]).toBe(`log.000001:${position}`)
    expect(eventsSeen()).toBe(EDGES.length - 1 - 5 + 1)
  })

  it('holds still while it is paused', async () => {
    write({ 'log.000001': LOG })
    stream = new FileBinlogStream({ indexPath: join(folder, 'log.index'), pollMs: 20 })
    stream.pause()
    await stream.open(stream.earliest(), handler, () => undefined)
    await until(() => eventsSeen() === 1)
    stream.resume()
    await until(() => caughtUp > 0)
    expect(eventsSeen()).toBe(EDGES.length - 1)
  })

  it('closes twice without harm, also while it waits', async () => {
    write({ 'log.000001': LOG })
    await open()
    await until(() => caughtUp > 0)
    await stream.close()
    await stream.close()
    expect(broken).toBeUndefined()
  })

  it('knows the first place of the first log and the last whole event of the last', () => {
    write({ 'log.000001': LOG, 'log.000002': LOG.subarray(0, LOG.length - 3) })
    stream = new FileBinlogStream({ indexPath: join(folder, 'log.index') })
    expect(stream.earliest()).toEqual({ file: 'log.000001', position: 4 })
    expect(stream.latest()).toEqual({ file: 'log.000002', position: EDGES.at(-2) })
  })
})

describe('a broken log file', () => {
  it.each([4, 5, 20, 40])('is named with its position when a byte of event %i has changed', async (index) => {
    const bytes = Buffer.from(LOG)
    const at = (EDGES[index] ?? 0) + 19
    bytes[at] = (bytes[at] ?? 0) ^ 1
    write({ 'log.000001': bytes })
    await open()
    await until(() => broken !== undefined)
    expect(broken).toBeInstanceOf(BinlogEventCorruptError)
    expect(broken?.message).toContain(`log.000001:${EDGES[index] ?? 0}`)
    expect(eventsSeen()).toBe(index)
  })

  it('is refused when it is no log, or an encrypted one', async () => {
    write({ 'log.000001': Buffer.from('hello, world') })
    await open()
    await until(() => broken !== undefined)
    expect(broken).toBeInstanceOf(BinlogFileError)
    expect(broken?.message).toContain('68656c6c')
  })

  it('is an error when an event is cut and another log follows, unless its server died in it', async () => {
    const cut = Buffer.from(LOG.subarray(0, LOG.length - 3))
    write({ 'log.000001': cut, 'log.000002': LOG })
    await open()
    await until(() => broken !== undefined)
    expect(broken).toBeInstanceOf(BinlogEventCorruptError)
    await stream.close()
    broken = undefined
    // The flag of a log that is in use; its checksum does not cover it.
    cut[4 + 17] = (cut[4 + 17] ?? 0) | 1
    write({ 'log.000001': cut, 'log.000002': LOG })
    await open()
    await until(() => caughtUp > 0)
    expect(broken).toBeUndefined()
  })

  it('is refused at once when the index does not list it, or there is none', async () => {
    write({ 'log.000001': LOG })
    await expect(open({ file: 'log.000009', position: 4 })).rejects.toThrow(/log.000009.*log.000001/)
    stream = new FileBinlogStream({ indexPath: join(folder, 'none.index') })
    expect(() => stream.earliest()).toThrow(BinlogFileError)
    truncateSync(join(folder, 'log.index'))
    stream = new FileBinlogStream({ indexPath: join(folder, 'log.index') })
    expect(() => stream.latest()).toThrow('lists no log')
  })

  it('refuses an event that states more than any server writes, before its bytes are waited for', async () => {
    const log = Buffer.from(LOG.subarray(0, EDGES[2]))
    log.writeUInt32LE(0x40001001, (EDGES[1] ?? 0) + 9)
    write({ 'mysql-bin.000001': log })
    await open()
    await until(() => broken !== undefined)
    expect(broken).toBeInstanceOf(BinlogEventCorruptError)
    expect(broken?.message).toContain('its length is 1073745921')
  })
})
