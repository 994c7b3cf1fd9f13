import { writeFileAtomically } from '@aesop/kernel'
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-atomic-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const STEPS = ['mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync', 'rmSync'] as const

/** Runs `action` as if the process died before its step number `step`: from there on no call reaches the disk. */
function dyingAt(step: number, action: () => void): { steps: number; died: boolean } {
  const originals = STEPS.map((name) => [name, fs[name]] as const)
  let steps = 0
  let died = false
  for (const [name, original] of originals) {
    const call = (...args: unknown[]): unknown => {
      if (died || steps++ === step) {
        died = true
        throw new Error('the process is dead')
      }
      return (original as (...all: unknown[]) => unknown)(...args)
    }
    Object.assign(fs, { [name]: call })
  }
  syncBuiltinESMExports()
  try {
    action()
  } catch {
    // A dead process reports nothing.
  } finally {
    Object.assign(fs, Object.fromEntries(originals))
    syncBuiltinESMExports()
  }
  return { steps, died }
}

test('a crash at any step leaves the old content or the new one, and the next write works', () => {
  const path = join(folder, 'state', 'file.json')
  const outcomes: string[] = []
  for (let step = 0; ; step++) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(join(folder, 'state'), { recursive: true })
    writeFileSync(path, 'old')
    const { died } = dyingAt(step, () => {
      writeFileAtomically(path, 'new content')
    })
    const content = readFileSync(path, 'utf8')
    expect(['old', 'new content']).toContain(content)
    outcomes.push(content)
    writeFileAtomically(path, 'later')
    expect(readFileSync(path, 'utf8')).toBe('later')
    if (!died) break
  }
  expect(outcomes.length).toBeGreaterThan(8)
  expect(outcomes[0]).toBe('old')
  expect(outcomes.at(-2)).toBe('new content')
})

test('the first write makes the folder and leaves nothing beside the file', () => {
  const path = join(folder, 'a', 'b', 'file')
  writeFileAtomically(path, new Uint8Array([1, 2, 3]))
  expect([...readFileSync(path)]).toEqual([1, 2, 3])
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file'])
})

test('a failed write says so and cleans up after itself', () => {
  const path = join(folder, 'taken')
  mkdirSync(path)
  writeFileSync(join(path, 'x'), '')
  expect(() => {
    writeFileAtomically(path, 'content')
  }).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(readdirSync(folder)).toEqual(['taken'])
  expect(existsSync(join(path, 'x'))).toBe(true)
})

test('two writers that share a process id have temporary files of their own', () => {
  const path = join(folder, 'file.json')
  const names = new Set<string>()
  const original = fs.renameSync
  Object.assign(fs, {
    renameSync: (from: string, to: string) => {
      names.add(from)
      original(from, to)
    },
  })
  syncBuiltinESMExports()
  try {
    for (let i = 0; i < 3; i++) writeFileAtomically(path, 'x')
  } finally {
    Object.assign(fs, { renameSync: original })
    syncBuiltinESMExports()
  }
  expect(names.size).toBe(3)
})
