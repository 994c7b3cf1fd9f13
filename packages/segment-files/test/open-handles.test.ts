import { expect, test } from 'vitest'
import { handlesMax } from '../src/open-handles.ts'

test('a thirty-second of the files that the process may open stay open, 64 at least and 256 at most', () => {
  expect([undefined, 20, 1024, 4096, 8192, 1_048_576].map((files) => handlesMax(files))).toEqual([
    64, 64, 64, 128, 256, 256,
  ])
})
