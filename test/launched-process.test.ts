import { afterEach, expect, test, vi } from 'vitest'
import { LaunchedProcess } from './support/launched-process.ts'
import { witness } from './support/witness.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('a wait for a process that ends in vain has its last lines and what the others say', async () => {
  witness('the relay', () => 'caught up')
  const launched = LaunchedProcess.start(['--version'])
  const failure = launched.until(() => false, 20_000, 'the moon')
  await expect(failure).rejects.toThrow(/^aesop-launch --version ended with 0 before the moon\n── the relay\ncaught up/)
  await expect(failure).rejects.toThrow(/── aesop-launch --version\nended with 0\nstdout:\n\d+\.\d+\.\d+\nstderr:/)
})

test('AESOP_TEST_LOG shows what a process writes as it comes', async () => {
  const lines: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text))
    return true
  })
  vi.stubEnv('AESOP_TEST_LOG', 'debug')
  await LaunchedProcess.start(['--version']).untilExit()
  expect(lines).toContainEqual(expect.stringMatching(/^\[aesop-launch --version\] \d/))
})
