import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '@aesop/kernel'
import { TableMemory } from '../src/table-memory.ts'

const NAME = { database: 'my.shop', table: 'item' }
const DESCRIPTION = { ...NAME, columns: [], primaryKey: ['id'] }
/** A table map of some id. */
const mapOf = (id: number, shape: string): Buffer => Buffer.concat([Buffer.alloc(8, id), Buffer.from(shape)])

describe('what is remembered of a table', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-memory-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const memory = (isNew = false): TableMemory => new TableMemory(join(folder, 'tables', 'a.json'), isNew, silentLogger)

  it('holds after a restart for the same shape under any table id, and for no other', () => {
    const before = memory()
    before.remember(NAME, mapOf(1, 'int int'), false, DESCRIPTION)
    before.flush()
    const after = memory()
    expect(after.recall(NAME, mapOf(2, 'int int'))).toEqual(DESCRIPTION)
    expect(after.recall(NAME, mapOf(2, 'int text'))).toBeUndefined()
    expect(after.recall({ database: 'my', table: 'shop.item' }, mapOf(2, 'int int'))).toBeUndefined()
  })

  it('is given up when a statement may have changed the table, unless the shape would show it', () => {
    for (const named of [false, true]) {
      const kept = memory()
      kept.remember(NAME, mapOf(1, 'x'), named, DESCRIPTION)
      kept.forget(({ table }) => table === NAME.table)
      kept.flush()
      expect(memory().recall(NAME, mapOf(1, 'x')) !== undefined).toBe(named)
    }
  })

  it('is not taken over by a source that begins anew', () => {
    const before = memory()
    before.remember(NAME, mapOf(1, 'x'), false, DESCRIPTION)
    before.flush()
    expect(memory(true).recall(NAME, mapOf(1, 'x'))).toBeUndefined()
  })

  it('is an aid: a file that can not be read or written stops nothing', () => {
    const before = memory()
    before.remember(NAME, mapOf(1, 'x'), false, DESCRIPTION)
    before.flush()
    const path = join(folder, 'tables', 'a.json')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 20))
    expect(memory().recall(NAME, mapOf(1, 'x'))).toBeUndefined()
    const nowhere = new TableMemory(join(path, 'below-a-file.json'), false, silentLogger)
    nowhere.remember(NAME, mapOf(1, 'x'), false, DESCRIPTION)
    expect(() => {
      nowhere.flush()
    }).not.toThrow()
  })
})
