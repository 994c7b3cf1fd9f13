import { describe, expect, it } from 'vitest'
import { AesopError } from '@aesop/kernel'
import { type PassedOver, type PassOver } from '@aesop/producer'
import { PartialJsonError } from '../src/error/errors.ts'
import { FileBinlogStream } from '../src/stream/file-binlog-stream.ts'
import { type ScannedTransaction, scanTransactions } from '../src/decoder/transaction-scan.ts'
import { decodeRecording, type RecordedWindow, recordingPath, sourceOf } from './recorded-log.ts'

const TABLES = ['shop.item', 'shop.pair', 'shop.keyless', 'shop.my', 'shop.copied']

/** Every transaction of a recording, in order. */
async function transactionsOf(recording: string): Promise<ScannedTransaction[]> {
  const stream = new FileBinlogStream({ indexPath: recordingPath(recording) })
  const found: ScannedTransaction[] = []
  const end = new FileBinlogStream({ indexPath: recordingPath(recording) }).latest()
  await scanTransactions(stream, stream.earliest().file, end, ({ begins }) => {
    if (begins !== undefined) found.push(begins)
    return false
  })
  return found
}

const placeOf = ({ file, position, gtid, crc }: ScannedTransaction): PassOver => ({
  file,
  position,
  crc,
  ...(gtid === undefined ? {} : { gtid }),
})

const nameOf = (id: number): string | undefined =>
  sourceOf('recorded', TABLES).sources.find((source) => source.id === id)?.name

/** The sources that a window says were passed over. */
const tellsOf = ({ tableChanges }: RecordedWindow): unknown[] =>
  tableChanges.filter(({ row }) => row['kind'] === 'PASSED_OVER').map(({ row }) => row['source'])

const filled = (windows: readonly RecordedWindow[]): RecordedWindow[] =>
  windows.filter(({ changes }) => changes.length > 0)

describe('a transaction that is passed over', () => {
  it.each(['shapes', 'compressed', 'mysql9-shapes', 'mysql9-shapes-compressed', 'mysql9-tagged', 'mysql9-anonymous'])(
    'leaves out its own window and no other, whichever of the log %s it is',
    async (recording) => {
      const all = filled((await decodeRecording(recording, TABLES)).windows)
      const transactions = await transactionsOf(recording)
      const left: bigint[] = []
      for (const transaction of transactions) {
        const passed: PassedOver[] = []
        const { windows } = await decodeRecording(recording, TABLES, {
          passOvers: [placeOf(transaction)],
          passedOver: (each) => passed.push(each),
        })
        const rest = filled(windows)
        const missing = all.filter(({ scn }) => !rest.some((window) => window.scn === scn))
        expect(missing.length).toBeLessThanOrEqual(1)
        left.push(...missing.map(({ scn }) => scn))
        expect(rest).toEqual(all.filter((window) => !missing.includes(window)))
        expect(passed).toMatchObject([placeOf(transaction)])
      }
      // Each window with changes was left out by some transaction: the test has reached them all.
      expect([...new Set(left)].sort()).toEqual(all.map(({ scn }) => scn).sort())
    },
  )

  it.each(['shapes', 'mysql9-shapes'])(
    'is told to the tables whose rows it held, and to no other, at its place in the log %s',
    async (recording) => {
      const all = await decodeRecording(recording, TABLES)
      expect(all.windows.flatMap(tellsOf)).toEqual([])
      let surely = 0
      for (const transaction of await transactionsOf(recording)) {
        const passed: PassedOver[] = []
        const options = { passOvers: [placeOf(transaction)], passedOver: (each: PassedOver) => passed.push(each) }
        const { windows } = await decodeRecording(recording, TABLES, options)
        const told = windows.flatMap(tellsOf)
        const lost = all.windows.filter(({ scn }) =>
          windows.some((each) => each.scn === scn && tellsOf(each).length > 0),
        )
        expect(told).toEqual(
          expect.arrayContaining(lost.flatMap(({ changes }) => changes.map(({ source }) => nameOf(source)))),
        )
        // Rows of an XA transaction came before its verdict: any table may have had some.
        const held = TABLES.filter((table) => table in (passed[0]?.rowsEvents ?? {}))
        expect([held, TABLES]).toContainEqual(told)
        if (told.length > 0 && told.length < TABLES.length) surely++
        // Read again, it has the same bytes.
        expect((await decodeRecording(recording, TABLES, options)).windows).toEqual(windows)
      }
      expect(surely).toBeGreaterThan(5)
    },
  )

  it('is told to every table where what it held is not looked at', async () => {
    let told: unknown[] = []
    for (const transaction of await transactionsOf('mysql9-shapes-compressed')) {
      const { windows } = await decodeRecording('mysql9-shapes-compressed', TABLES, {
        passOvers: [placeOf(transaction)],
      })
      const sources = windows.flatMap(tellsOf)
      if (sources.length > told.length) told = sources
    }
    expect(told.toSorted()).toEqual(TABLES.toSorted())
  })

  it.each([
    ['another identifier', { gtid: '7-7-7' }],
    ['the same identifier, but another first event', { crc: 7 }],
  ])('is none, when the place holds a transaction with %s', async (_what, change) => {
    const all = await decodeRecording('shapes', TABLES)
    const passOvers = (await transactionsOf('shapes')).map((each) => ({ ...placeOf(each), ...change }))
    const { changes } = await decodeRecording('shapes', TABLES, { passOvers })
    expect(changes).toEqual(all.changes)
  })

  it('moves the SCN beyond itself with an empty window', async () => {
    const transactions = await transactionsOf('shapes')
    const last = transactions.at(-1)
    if (last === undefined) throw new Error('the recording is empty')
    const { windows } = await decodeRecording('shapes', TABLES, {
      passOvers: [placeOf(last)],
      emptyWindowEveryMs: 1e9,
    })
    expect(Number((windows.at(-1)?.scn ?? 0n) & 0xffffffffn)).toBeGreaterThan(last.position)
    expect(windows.at(-1)?.changes).toEqual([])
  })

  it('is the one whose place an error names that it made, and the log goes on behind it', async () => {
    const tables = ['shop.document']
    const error = await decodeRecording('mysql9-partial-json', tables).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof AesopError)) throw new Error('nothing was refused')
    expect(error).toBeInstanceOf(PartialJsonError)
    const { file, position } = error.fields as { file: string; position: number }
    const { name } = sourceOf('mysql9-partial-json', tables)
    const command = `aesop-launch state pass <bootstrap.yaml> --source ${name} --at ${file}:${position}`
    expect(error.remedy).toContain(command)
    const passOvers = [{ file, position }]
    const passed: PassedOver[] = []
    await decodeRecording('mysql9-partial-json', tables, { passOvers, passedOver: (each) => passed.push(each) }).catch(
      (thrown: unknown) => {
        // Another transaction of the same kind follows: it is named in its turn.
        expect((thrown as AesopError).fields['position']).toBeGreaterThan(position)
      },
    )
    expect(passed).toHaveLength(1)
    expect(passed[0]?.rowsEvents).toEqual({ [tables[0] ?? '']: expect.any(Number) as number })
  })
})
