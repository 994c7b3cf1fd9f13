import { describe, expect, it } from 'vitest'
import { AesopError, formatJson } from '@aesop/kernel'
import { BinlogEventCorruptError } from '../src/error/errors.ts'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { decoderFor, eventsOf, feed } from './fed-decoder.ts'
import { sourceOf } from './recorded-log.ts'

const ITEM = ['shop.item']

describe('a damaged event', () => {
  it.each(['shapes', 'compressed'])(
    'cut anywhere is a named error or whole rows before the cut (%s)',
    async (recording) => {
      const uris = recording === 'shapes' ? ITEM : ['types.texts', 'types.binaries', 'types.labels']
      const events = eventsOf(recording).slice(0, recording === 'shapes' ? 60 : 400)
      const rowsTypes = new Set<number>([23, 24, 25, 166, 167, 168])
      const { decoder: whole, sink: wholeSink } = decoderFor(uris, { physicalSource: sourceOf(recording, uris) })
      await feed(whole, events)
      const expected = new Set(wholeSink.changes.map(({ row }) => formatJson(row)))
      let cuts = 0
      let rows = 0
      for (const [i, event] of events.entries()) {
        if (event[4] !== MySQLConstants.TABLE_MAP_EVENT && !rowsTypes.has(event[4] ?? 0)) continue
        const { decoder, sink } = decoderFor(uris, { physicalSource: sourceOf(recording, uris) })
        await feed(decoder, events.slice(0, i))
        const step = Math.max(1, Math.floor(event.length / 100))
        for (let length = 0; length < event.length; length += step) {
          cuts++
          try {
            await decoder.onEvent(event, 0, length)
          } catch (error) {
            expect(error).toBeInstanceOf(AesopError)
          }
        }
        rows += sink.pending.length
        for (const { row } of sink.pending) expect(expected).toContain(formatJson(row))
      }
      expect(cuts).toBeGreaterThan(500)
      expect(rows).toBeGreaterThan(0)
    },
  )

  it.each(['mysql9-shapes-compressed', 'mysql9-tagged', 'mysql9-partial-json'])(
    'of MySQL 9, changed in any byte, is a named error or is read, and never hangs (%s)',
    async (recording) => {
      const uris = ['shop.item']
      const own = new Set<number>([33, 42, 40, 39, 2])
      const events = eventsOf(recording)
      let changes = 0
      for (const [i, event] of events.entries()) {
        if (!own.has(event[4] ?? 0)) continue
        const { decoder } = decoderFor(uris, { physicalSource: sourceOf(recording, uris) })
        await feed(decoder, events.slice(0, i)).catch(() => undefined)
        for (let at = 19; at < event.length; at += 1 + Math.floor(event.length / 40)) {
          const changed = Buffer.from(event)
          changed[at] = (changed[at] ?? 0) ^ 0xff
          changes++
          try {
            await decoder.onEvent(changed, 0, changed.length)
          } catch (error) {
            expect(error).toBeInstanceOf(AesopError)
          }
          decoder.resetTransaction()
        }
      }
      expect(changes).toBeGreaterThan(100)
    },
  )

  it('names log and position', () => {
    const { decoder } = decoderFor(ITEM)
    expect(() => decoder.onEvent(Buffer.alloc(5), 0, 5)).toThrow(/mysql-bin.000001:4/)
    expect(() => decoder.onEvent(Buffer.alloc(5), 0, 5)).toThrow(BinlogEventCorruptError)
  })
})
