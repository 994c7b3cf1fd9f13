import { expect, test } from 'vitest'
import { TurnGate } from '../src/turn-gate.ts'

/** Does `work` in pieces of `size` bytes through the gate, and notes in which turn of the event loop each was done. */
async function worker(
  gate: TurnGate,
  name: string,
  pieces: number,
  size: number,
  done: [string, number][],
): Promise<void> {
  for (let i = 0; i < pieces; i++) {
    if (!gate.isOpen) await gate.opens()
    done.push([name, turn])
    gate.spend(size)
  }
}

let turn = 0

test('all work of one turn is bounded together, and everybody has their turn in the order of coming', async () => {
  const gate = new TurnGate(1000)
  const done: [string, number][] = []
  let counting = true
  const count = (): void => {
    turn++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(Array.from({ length: 50 }, (_, i) => worker(gate, `w${i}`, 10, 100, done)))
  counting = false
  expect(done).toHaveLength(500)
  const byTurn = new Map<number, number>()
  for (const [, at] of done) byTurn.set(at, (byTurn.get(at) ?? 0) + 1)
  expect(Math.max(...byTurn.values())).toBeLessThanOrEqual(11)
  expect(byTurn.size).toBeGreaterThanOrEqual(45)
  // Nobody is served again before all others were.
  const firsts = new Set(done.slice(0, 60).map(([name]) => name))
  expect(firsts.size).toBe(50)
})

test('who finds the gate open goes on at once, and work larger than a turn is done alone', async () => {
  const gate = new TurnGate(1000)
  expect(gate.isOpen).toBe(true)
  gate.spend(5000)
  expect(gate.isOpen).toBe(false)
  await gate.opens()
  gate.spend(1)
  expect(gate.isOpen).toBe(true)
})
