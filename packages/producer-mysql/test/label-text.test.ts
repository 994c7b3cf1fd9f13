import { describe, expect, it } from 'vitest'
import { labelsOf } from '../src/table/label-text.ts'

describe('labels of a type as the server writes it', () => {
  it.each([
    [
      String.raw`enum('C:\\dir','line\nbreak','it''s','a,b','cr\rx','nul\0x','a\\nb')`,
      ['C:\\dir', 'line\nbreak', "it's", 'a,b', 'cr\rx', 'nul\0x', 'a\\nb'],
    ],
    ["set('x','tab\there','q\"q','back`','',')',''',''')", ['x', 'tab\there', 'q"q', 'back`', '', ')', "','"]],
    ["ENUM('unsigned') CHARACTER SET latin1", ['unsigned']],
  ])('%s', (type, labels) => {
    expect(labelsOf(type)).toEqual(labels)
  })

  it.each(["enum(x'ff41','a')", String.raw`enum('a\b')`, "enum('a", 'int', "enum('a''"])(
    'of %s are not known',
    (type) => {
      expect(labelsOf(type)).toBeUndefined()
    },
  )
})
