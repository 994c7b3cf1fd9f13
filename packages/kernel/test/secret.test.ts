import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { Secret } from '../src/index.ts'

it('shows what it was made with for that, whoever asks', () => {
  const secret = new Secret('p@ss/wrd', '${DB_PASSWORD}')
  const shown = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
  ]
  for (const text of shown) {
    expect(text).toContain('${DB_PASSWORD}')
    expect(text).not.toContain('p@ss/wrd')
  }
  expect(String(new Secret('p@ss/wrd'))).toBe('***')
})

it('reveals its text as it is now', () => {
  let text = 'first'
  const secret = new Secret(() => text)
  text = 'second'
  expect(secret.reveal()).toBe('second')
})

it('is made of a plain text, or of what reveals one', () => {
  expect(Secret.from('plain').reveal()).toBe('plain')
  const other = { reveal: () => 'other' }
  expect(Secret.from(other)).toBe(other)
})
