import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileMaxScnStore, type Quarantine } from '@aesop/checkpoint'
import { afterEach, beforeEach, expect, it } from 'vitest'

const INTERVAL: Quarantine = {
  source: 'shop.item',
  scn: 4294969786n,
  fromScn: 4294969000n,
  ordinal: 2,
  code: 'AESOP_MYSQL_ROW_IMAGE_INCOMPLETE',
  reason: 'table shop.item: the row image lacks column n',
  fields: { column: 'n' },
  rows: 3,
  uncountedEvents: 0,
  countedScn: 2n ** 62n,
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-quarantine-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

it('what is left out is kept beside the place of its source, with every digit', async () => {
  const store = new FileMaxScnStore(join(folder, 'shop.json'))
  const released = { ...INTERVAL, untilScn: 7n, releasedFromScn: 8n, releasedScn: 2n ** 62n + 1n }
  await store.save({
    scn: 9n,
    savedAtMs: 1_700_000_000_000,
    position: { file: 'log.000001' },
    quarantines: [INTERVAL, released],
  })
  expect(store.load()).toEqual({
    scn: 9n,
    savedAtMs: 1_700_000_000_000,
    position: { file: 'log.000001' },
    quarantines: [INTERVAL, released],
  })
})

it.each([
  ['no list', '{}'],
  ['no SCN', '[{"source":"a","scn":"x"}]'],
  ['no ordinal', '[{"source":"a","scn":1,"fromScn":1,"ordinal":-1}]'],
])(
  'a record of which the part about what is left out is %s is refused: it is never taken for nothing',
  (_what, text) => {
    const path = join(folder, 'shop.json')
    writeFileSync(path, `{"scn":1,"savedAt":"2026-01-01T00:00:00.000Z","quarantines":${text}}`)
    expect(() => new FileMaxScnStore(path).load()).toThrow(/can not be read/)
  },
)
