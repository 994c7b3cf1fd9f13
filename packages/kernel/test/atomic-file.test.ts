import { writeFileAtomically, writeFileAtomicallyAsync } from '@aesop/kernel'
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-atomic-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const STEPS = ['mkdirSync', 'openSync', 'writeSync', 'fsyncSync', 'closeSync', 'renameSync', 'rmSync'] as const
const LATER_STEPS = ['open', 'rename', 'rm'] as const
const HANDLE_STEPS = ['writeFile', 'sync', 'close'] as const

type Call = (...args: unknown[]) => unknown

/** Runs `action` as if the process died before its step number `step`: from there on no call reaches the disk. */
async function dyingAt(step: number, action: () => void | Promise<void>): Promise<{ died: boolean }> {
  const handles: FileHandle[] = []
  const back: (() => void)[] = []
  let steps = 0
  let died = false
  const mortal =
    (original: Call): Call =>
    (...args) => {
      if (died || steps++ === step) {
        died = true
        throw new Error('the process is dead')
      }
      return original(...args)
    }
  const mortalLater = (original: Call): Call => {
    const call = mortal(original)
    return async (...args) => {
      const result = await call(...args)
      if (typeof result === 'object' && result !== null && 'fd' in result) {
        handles.push(result as FileHandle)
        back.push(replace(result, HANDLE_STEPS, mortalLater))
      }
      return result
    }
  }
  back.push(replace(fs, STEPS, mortal), replace(fs.promises, LATER_STEPS, mortalLater))
  syncBuiltinESMExports()
  try {
    await action()
  } catch {
    // A dead process reports nothing.
  } finally {
    for (const undo of back) undo()
    syncBuiltinESMExports()
    // The system closes what a dead process had open.
    for (const handle of handles) if (handle.fd >= 0) await handle.close()
  }
  return { died }
}

/** @returns what undoes it */
function replace(object: object, names: readonly string[], by: (original: Call) => Call): () => void {
  const originals = names.map((name) => [name, Reflect.get(object, name) as Call] as const)
  for (const [name, original] of originals) Object.assign(object, { [name]: by(original.bind(object)) })
  return () => Object.assign(object, Object.fromEntries(originals))
}

describe.each([
  ['at once', writeFileAtomically, 8],
  ['while the process goes on', writeFileAtomicallyAsync, 8],
])('a file that is written whole, %s', (_how, write, leastSteps) => {
  test('is the old or the new one after a crash at any step, and the next write works', async () => {
    const path = join(folder, 'state', 'file.json')
    const outcomes: string[] = []
    for (let step = 0; ; step++) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(join(folder, 'state'), { recursive: true })
      writeFileSync(path, 'old')
      const { died } = await dyingAt(step, () => write(path, 'new content'))
      const content = readFileSync(path, 'utf8')
      expect(['old', 'new content']).toContain(content)
      outcomes.push(content)
      await write(path, 'later')
      expect(readFileSync(path, 'utf8')).toBe('later')
      if (!died) break
    }
    expect(outcomes.length).toBeGreaterThan(leastSteps)
    expect(outcomes[0]).toBe('old')
    expect(outcomes.at(-2)).toBe('new content')
  })

  test('makes its folder, and leaves nothing beside it', async () => {
    const path = join(folder, 'a', 'b', 'file')
    await write(path, 'text')
    expect(readFileSync(path, 'utf8')).toBe('text')
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file'])
    expect([path, dirname(path)].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o700])
  })

  test('says so when it fails, and cleans up after itself', async () => {
    const path = join(folder, 'taken')
    mkdirSync(path)
    writeFileSync(join(path, 'x'), '')
    await expect(async () => write(path, 'content')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
    expect(readdirSync(folder)).toEqual(['taken'])
    expect(existsSync(join(path, 'x'))).toBe(true)
  })

  test('takes the place of a symbolic link, and does not follow it', async () => {
    const path = join(folder, 'link')
    writeFileSync(join(folder, 'target'), 'kept')
    symlinkSync(join(folder, 'target'), path)
    await write(path, 'content')
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('kept')
    expect(readFileSync(path, 'utf8')).toBe('content')
  })
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
