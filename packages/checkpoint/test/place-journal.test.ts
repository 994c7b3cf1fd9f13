import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CheckpointUnwritableError, PlaceJournal } from '@aesop/checkpoint'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-journal-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('the journal of places', () => {
  test('keeps every line, with time and person, and every digit of an SCN', () => {
    const journal = new PlaceJournal(folder, 'source', 'people')
    expect(journal.entries()).toEqual([])
    journal.append({ what: 'set', reason: 'why', fromScn: 9_223_372_036_854_775_807n, toScn: 5n })
    new PlaceJournal(folder, 'source', 'people').append({ what: 'reset', reason: '' }, 'somebody')
    expect(journal.entries()).toMatchObject([
      { kind: 'source', name: 'people', what: 'set', fromScn: 9_223_372_036_854_775_807n, toScn: 5 },
      { what: 'reset', who: 'somebody' },
    ])
    expect(journal.path).toBe(join(folder, 'passed-over', 'people.jsonl'))
  })

  test('shows a line that a crash cut, and goes on after it', () => {
    const journal = new PlaceJournal(folder, 'registration', 'people')
    journal.append({ what: 'set', reason: 'first' })
    appendFileSync(journal.path, '{"time":"20')
    journal.append({ what: 'set', reason: 'last' })
    expect(journal.entries()).toMatchObject([{ reason: 'first' }, { unreadable: '{"time":"20' }, { reason: 'last' }])
  })

  test('of a source and of a registration of one name are two', () => {
    new PlaceJournal(folder, 'source', 'people').append({ what: 'set', reason: '' })
    expect(new PlaceJournal(folder, 'registration', 'people').entries()).toEqual([])
  })

  test('does not follow a symbolic link in its place', () => {
    const journal = new PlaceJournal(folder, 'source', 'people')
    const target = join(folder, 'target')
    appendFileSync(target, 'of another user')
    mkdirSync(join(folder, 'passed-over'))
    symlinkSync(target, journal.path)
    expect(() => {
      journal.append({ what: 'set', reason: '' })
    }).toThrow(CheckpointUnwritableError)
    expect(readFileSync(target, 'utf8')).toBe('of another user')
  })

  test('that can not be written is a named error', () => {
    appendFileSync(join(folder, 'passed-over'), '')
    expect(() => {
      new PlaceJournal(folder, 'source', 'people').append({ what: 'set', reason: '' })
    }).toThrow(CheckpointUnwritableError)
  })
})
