import { expect, test } from 'vitest'
import { AesopError, fillRemedy, shellWord } from '@aesop/kernel'

const KIND = {
  code: 'AESOP_TEST_ROOM',
  meaning: 'm.',
  remedy: 'Run: x --source <name>; or y --source <name>',
  canRetry: false,
} as const

test('a remedy gets the name that it leaves room for, wherever it does, as a shell reads it', () => {
  const filled = (name: string): string => fillRemedy(new AesopError(KIND, 'm'), '<name>', name).remedy
  expect(filled('people')).toBe('Run: x --source people; or y --source people')
  expect(filled("it's")).toBe(`Run: x --source 'it'\\''s'; or y --source 'it'\\''s'`)
  expect(shellWord('a b')).toBe("'a b'")
})

test('a remedy without room, and what is no error of ours, stay what they are', () => {
  const error = new AesopError(KIND, 'm')
  expect(fillRemedy(error, '<id>', 'x').remedy).toBe(KIND.remedy)
  expect(fillRemedy('text', '<name>', 'x')).toBe('text')
})
