import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@aesop/kernel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LogPlace } from '../src/log/log-place.ts'
import { ShapesUnsavedError } from '../src/error/shape-errors.ts'
import { ShapeHistory } from '../src/shape/shape-history.ts'
import { type TableDescription } from '../src/table/table-description.ts'

const NAME = { database: 'my.shop', table: 'item' }
const OTHER = { database: 'my', table: 'shop.item' }
const at = (position: number, fileNumber = 1, generation = 0): LogPlace => ({ generation, fileNumber, position })
const described = (key: string): TableDescription => ({ ...NAME, columns: [], primaryKey: [key] })

describe('the history of shapes', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-shapes-'))
    path = join(folder, 'tables', 'a.json')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const history = (captured = [NAME, OTHER], isNew = false): ShapeHistory =>
    new ShapeHistory(path, isNew, captured, silentLogger)
  const keyAt = (known: ShapeHistory, place: LogPlace): string | undefined => known.at(NAME, place)?.primaryKey[0]

  it('knows a shape from its place on, until a change passes, for the one table and generation', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    expect(keyAt(known, at(99))).toBeUndefined()
    expect(keyAt(known, at(100))).toBe('a')
    expect(keyAt(known, at(4, 7))).toBe('a')
    expect(keyAt(known, at(200, 1, 1))).toBeUndefined()
    expect(known.at(OTHER, at(200))).toBeUndefined()
    known.end([OTHER], at(150))
    expect(keyAt(known, at(200))).toBe('a')
    known.end([NAME], at(200))
    expect(keyAt(known, at(199))).toBe('a')
    expect(keyAt(known, at(200))).toBeUndefined()
  })

  it('keeps what was learnt further on when a change passes that lies before it', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.register(NAME, { from: at(300), description: described('b') })
    known.end([NAME], at(200))
    expect([150, 250, 300].map((position) => keyAt(known, at(position)))).toEqual(['a', undefined, 'b'])
    // Read again, the change ends nothing more.
    known.end([NAME], at(200))
    expect(keyAt(known, at(350))).toBe('b')
    const ahead = known.ahead(NAME, at(250))
    expect(ahead?.description.primaryKey).toEqual(['b'])
    if (ahead !== undefined) known.extend(NAME, ahead, at(210))
    expect(keyAt(known, at(250))).toBe('b')
  })

  it('believes what was learnt last of a table that no statement of the log has changed', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.register(NAME, { from: at(300), description: described('b') })
    known.register(NAME, { from: at(500), description: described('a') })
    expect([299, 300, 499, 500].map((position) => keyAt(known, at(position)))).toEqual(['a', 'b', 'b', 'a'])
    known.register(NAME, { from: at(500), description: described('c') })
    expect(keyAt(known, at(500))).toBe('c')
    known.end([NAME], at(600))
    expect(keyAt(known, at(600))).toBeUndefined()
  })

  it('has the end of a shape on disk at once, and tells it after a restart', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.end([NAME], at(200))
    const again = history()
    expect([150, 250].map((position) => keyAt(again, at(position)))).toEqual(['a', undefined])
  })

  it('lets nothing behind a change be read while its end can not be written', () => {
    writeFileSync(join(folder, 'file'), '')
    const known = new ShapeHistory(join(folder, 'file', 'a.json'), false, [NAME], silentLogger)
    known.register(NAME, { from: at(100), description: described('a') })
    const end = (): void => {
      known.end([NAME], at(200))
    }
    expect(end).toThrow(ShapesUnsavedError)
    // Neither when it is read again.
    expect(end).toThrow(ShapesUnsavedError)
  })

  it('forgets a table that was not captured for a while: its changes passed unnoticed', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.flush()
    history([OTHER]).begin()
    expect(keyAt(history(), at(150))).toBeUndefined()
  })

  it('is not taken over by a source that begins anew', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.flush()
    history([NAME], true).begin()
    expect(keyAt(history(), at(150))).toBeUndefined()
  })

  it('begins empty behind a file that is broken, or of a former version', () => {
    const known = history()
    known.register(NAME, { from: at(100), description: described('a') })
    known.flush()
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20))
    expect(keyAt(history(), at(150))).toBeUndefined()
    writeFileSync(path, JSON.stringify({ tables: [{ shape: '', named: false, description: described('a') }] }))
    expect(keyAt(history(), at(150))).toBeUndefined()
  })
})
