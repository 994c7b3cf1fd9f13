import { describe, expect, it } from 'vitest'
import { type BinlogPosition, type BinlogStream } from '../src/log/binlog-stream.ts'
import { LogAhead, type NamedPlace } from '../src/shape/log-ahead.ts'

const TABLE = { database: 'shop', table: 'item' }
const at = (position: number, fileNumber = 1): NamedPlace => ({
  generation: 0,
  fileNumber,
  position,
  file: `log.00000${fileNumber}`,
})
/** A place as a server's answer has it: the number of its file. */
const unnamed = (position: number, fileNumber: number): Omit<NamedPlace, 'file'> => ({
  generation: 0,
  fileNumber,
  position,
})

/** A log without statements, in which each reading comes to the next of these places of the second file. */
function quietLog(opened: BinlogPosition[], seekMax?: number): LogAhead {
  const ends = [900, 950]
  const open = ({ file, position }: BinlogPosition): BinlogStream => ({
    open: (_from, handler) => {
      opened.push({ file, position })
      handler.onRotate(file, position)
      handler.onRotate('log.000002', ends.shift() ?? 0)
      return Promise.resolve()
    },
    pause: () => undefined,
    resume: () => undefined,
    close: () => Promise.resolve(),
  })
  return new LogAhead(open, [TABLE], seekMax)
}

describe('a reading ahead', () => {
  it('goes on where the one before it has ended, as the log names that place', async () => {
    const opened: BinlogPosition[] = []
    const ahead = quietLog(opened)
    expect(await ahead.changeBetween(TABLE, at(100), unnamed(700, 2))).toBeUndefined()
    expect(await ahead.changeBetween(TABLE, at(100), unnamed(900, 2))).toBeUndefined()
    expect(opened).toEqual([{ file: 'log.000001', position: 100 }])
    expect(await ahead.changeBetween(TABLE, at(200), unnamed(950, 2))).toBeUndefined()
    expect(opened.slice(1)).toEqual([{ file: 'log.000002', position: 900 }])
  })

  it('begins at the start of a file where no server can be asked to seek so far', async () => {
    const opened: BinlogPosition[] = []
    await quietLog(opened, 0xffffffff).changeBetween(TABLE, at(0x100000000), unnamed(700, 2))
    expect(opened).toEqual([{ file: 'log.000001', position: 4 }])
  })
})
