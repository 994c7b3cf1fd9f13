import { metaText, parseMeta } from '@aesop/schema'
import { describe, expect, it } from 'vitest'

describe('a name in a meta', () => {
  it.each([
    ['id', 'id'],
    ['with space', 'with space'],
    ['per%cent', 'per%cent'],
    ['名', '名'],
    ['a;b', 'a%3Bb'],
    ['x;pk=v', 'x%3Bpk%3Dv'],
    ['a,b', 'a%2Cb'],
    [' a\tb', '%20a%09b'],
    ['a%3Bb', 'a%253Bb'],
    ['\u3000x', '%E3%80%80x'],
  ])('%j is written as %s and read back', (name, text) => {
    expect(metaText(name)).toBe(text)
    expect(parseMeta(`dbFieldName=${text};dbFieldPosition=1;`)).toEqual({ dbFieldName: name, dbFieldPosition: '1' })
  })

  it('survives whoever splits at semicolons and equals signs', () => {
    const parts = `dbFieldName=${metaText('a;b=c')};dbFieldPosition=1;`.split(';').map((part) => part.split('='))
    expect(parts).toEqual([['dbFieldName', 'a%3Bb%3Dc'], ['dbFieldPosition', '1'], ['']])
  })

  it('of a former version is read as before', () => {
    expect(parseMeta(' dbFieldName = a b ;x=y=z;%ff=%FF;')).toEqual({ dbFieldName: 'a b', x: 'y=z', '%ff': '%FF' })
  })
})
