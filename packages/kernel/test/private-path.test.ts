import { makePrivateFolder, NEW_FILE, readIfThere, withPrivateFile, writeFileAtomically } from '@aesop/kernel'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
let umask = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aesop-private-'))
  umask = process.umask(0)
})
afterEach(() => {
  process.umask(umask)
  rmSync(folder, { recursive: true, force: true })
})

const modeOf = (path: string): number => statSync(path).mode & 0o777

test('folders and files of the state are for this user alone, whatever the umask', () => {
  const path = join(folder, 'a', 'b', 'file')
  writeFileAtomically(path, 'x')
  expect([path, join(folder, 'a', 'b'), join(folder, 'a')].map(modeOf)).toEqual([0o600, 0o700, 0o700])
})

test('a folder that is there keeps what somebody gave it', () => {
  const path = join(folder, 'open')
  mkdirSync(path)
  chmodSync(path, 0o750)
  makePrivateFolder(path)
  expect(modeOf(path)).toBe(0o750)
})

test('a file becomes private when it is written anew', () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'x', { mode: 0o644 })
  writeFileAtomically(path, 'y')
  expect(modeOf(path)).toBe(0o600)
})

test('a symbolic link is replaced by writing and refused by reading, never followed', () => {
  const target = join(folder, 'target')
  const link = join(folder, 'link')
  writeFileSync(target, 'of another user')
  symlinkSync(target, link)
  expect(() => readIfThere(link)).toThrow(/ELOOP/)
  expect(() => {
    withPrivateFile(link, NEW_FILE, () => undefined)
  }).toThrow(/EEXIST/)
  writeFileAtomically(link, 'ours')
  expect([readFileSync(target, 'utf8'), readIfThere(link)]).toEqual(['of another user', 'ours'])
})
