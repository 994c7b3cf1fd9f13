import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileNameOf, formerFileNamesOf, namedPath, textOfFileName } from '@aesop/kernel'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const CJK = '测试'.repeat(24)

describe('a file name', () => {
  test.each([
    ['shop.person', 'shop.person'],
    ['Item', '%49tem'],
    ['in/out', 'in%2fout'],
    ['..', '%2e%2e'],
    ['../../x', '%2e.%2f..%2fx'],
    ['.hidden', '%2ehidden'],
    ['a.', 'a%2e'],
    ['a\0b', 'a%00b'],
    ['per%cent', 'per%25cent'],
    ['测', '%e6b58b'],
    ['𝄞1', '%f09d849e1'],
    ['nul', '%6eul'],
    ['com1.t', '%63om1.t'],
    ['nullable', 'nullable'],
    ['', '%'],
  ])('of %j is %s, and gives it back', (text, name) => {
    expect(fileNameOf(text)).toBe(name)
    expect(textOfFileName(name)).toBe(text)
  })

  test('tells texts apart without case, and long ones by a hash', () => {
    const texts = [
      'item',
      'Item',
      'ITEM',
      'it.em',
      'it em',
      'it%20em',
      CJK,
      `${CJK}1`,
      'A'.repeat(300),
      'a'.repeat(300),
    ]
    const names = texts.map((text) => fileNameOf(text).toLowerCase())
    expect(new Set(names).size).toBe(texts.length)
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
    expect(fileNameOf(CJK)).toHaveLength(200)
  })

  test.each(['Item', '100%', 'a%4', 'x~1', '%zz', '%c1b1', fileNameOf(CJK)])(
    '%s, which was not made so, stands for itself',
    (name) => {
      expect(textOfFileName(name)).toBe(name)
    },
  )

  test('knows what former versions called it', () => {
    expect(formerFileNamesOf('item')).toEqual(['item'])
    expect(formerFileNamesOf('My Item')).toEqual(['My%20Item'])
    expect(formerFileNamesOf('𝄞')).toEqual(['%f09d849e', '%efbfbd%efbfbd'])
    expect(formerFileNamesOf('A'.repeat(241))[0]).toMatch(/^A{160}~[0-9a-f]{64}$/)
  })
})

describe('the path of a name', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aesop-names-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('takes over the file of a former version once', () => {
    writeFileSync(join(folder, 'Item.json'), 'former')
    expect(namedPath(folder, 'Item', '.json')).toBe(join(folder, '%49tem.json'))
    expect(readdirSync(folder)).toEqual(['%49tem.json'])
    writeFileSync(join(folder, 'Item.json'), 'later')
    expect(readFileSync(namedPath(folder, 'Item', '.json'), 'utf8')).toBe('former')
  })

  test('takes over folders and further names, leaves those of other names, and needs no folder', () => {
    mkdirSync(join(folder, 'item'))
    mkdirSync(join(folder, 'a_b'))
    expect(namedPath(folder, 'Item')).toBe(join(folder, '%49tem'))
    expect(namedPath(folder, 'a b', '', ['a_b'])).toBe(join(folder, 'a%20b'))
    expect(readdirSync(folder).sort()).toEqual(['a%20b', 'item'])
    expect(namedPath(join(folder, 'none'), 'Item')).toBe(join(folder, 'none', '%49tem'))
  })
})
