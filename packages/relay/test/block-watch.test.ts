import { silentLogger } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { BlockWatch } from '../src/block-watch.ts'

function watch(): { look: (seconds: number, blocked: boolean) => void; lines: string[]; watch: BlockWatch } {
  const lines: string[] = []
  const log = {
    ...silentLogger,
    warn: (line: string) => void lines.push(`warn ${line}`),
    info: (line: string) => void lines.push(`info ${line}`),
  }
  let isBlocked = false
  const made = new BlockWatch({ isBlocked: () => isBlocked, reason: () => 'someone sleeps', log })
  const look = (seconds: number, blocked: boolean): void => {
    isBlocked = blocked
    made.look(seconds * 1000)
  }
  return { look, lines, watch: made }
}

test('a wait is told after ten seconds, once, and its end ten seconds after it', () => {
  const { look, lines, watch: made } = watch()
  look(0, true)
  look(9.9, true)
  expect([lines, made.detail]).toEqual([[], undefined])
  look(10, true)
  look(11, true)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^warn the buffer has been full for .* s: someone sleeps$/)
  expect(made.detail).toMatch(/someone sleeps/)
  look(12, false)
  look(20.9, false)
  expect(made.detail).toBeDefined()
  look(21, false)
  expect([lines[1], made.detail]).toEqual(['info the buffer is not full any more', undefined])
})

test('a slow reader that lets the source go on now and then is one wait', () => {
  const { look, lines } = watch()
  for (let second = 0; second <= 12; second += 2) look(second, second % 4 === 0)
  expect(lines).toHaveLength(1)
})

test('a short wait is no news', () => {
  const { look, lines } = watch()
  look(0, true)
  for (let second = 1; second <= 30; second++) look(second, false)
  look(31, true)
  look(40, true)
  expect(lines).toEqual([])
})
