import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCatalogue } from '@aesop/launch'
import { parseCommandLine } from '../packages/launch/src/command-line.ts'
import { commands } from '../packages/launch/src/commands.ts'
import { stateCommand } from '../packages/launch/src/state-arguments.ts'
import { errorsPage } from './support/errors-page.ts'

const ROOT = resolve(import.meta.dirname, '..')

describe('the catalogue of errors', () => {
  test('is what docs/errors.md says, word for word', async () => {
    expect(readFileSync(resolve(ROOT, 'docs/errors.md'), 'utf8')).toBe(await errorsPage())
  })

  test('has each code once, and each code has a meaning and a remedy', async () => {
    const kinds = await errorCatalogue()
    expect(new Set(kinds.map(({ code }) => code)).size).toBe(kinds.length)
    expect(kinds.filter(({ code }) => !/^AESOP(_[A-Z0-9]+){2,}$/.test(code))).toEqual([])
    expect(kinds.filter(({ meaning, remedy }) => !/\.$/.test(meaning) || !/[.;]$/.test(remedy))).toEqual([])
  })

  test('has every code that the source names', async () => {
    const known = new Set((await errorCatalogue()).map(({ code }): string => code))
    const files = ['packages', 'containers'].flatMap((parent) =>
      readdirSync(resolve(ROOT, parent)).map((room) => resolve(ROOT, parent, room, 'src')),
    )
    const sources = files.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(resolve(folder, name), 'utf8')),
    )
    const named = sources.flatMap((text) => [...text.matchAll(/code: '(AESOP_\w+)'/g)].map((match) => match[1] ?? ''))
    expect(named.filter((code) => !known.has(code))).toEqual([])
    expect(named.length).toBe(known.size)
  })

  test('names a command that there is wherever a stored place or checkpoint has to be moved', async () => {
    const remedies = (await errorCatalogue()).map(({ code, remedy }) => ({ code, remedy }))
    const named = remedies.flatMap(({ remedy }) => commandsIn(remedy))
    expect(new Set(named.map((words) => words[1]))).toEqual(new Set(['set', 'reset', 'pass', 'show', 'locate']))
    for (const words of named) {
      const line = parseCommandLine(words, { isTerminal: false, env: {} }, commands)
      if (typeof line === 'string' || 'helpOf' in line) throw new Error(`${words.join(' ')} asks for a text`)
      const { command, ...rest } = line
      expect(command.name).toBe('state')
      expect(stateCommand({ ...rest, contributions: [], containers: [] }).verb, words.join(' ')).toBe(words[1])
    }
    // Nobody is told to edit or remove files of the state by hand, or to throw all of it away.
    const byHand =
      /stored position|--fresh|fresh state|delete it|delete the file|history folder|bootstrap (the|it)|begin anew/i
    expect(remedies.filter(({ remedy }) => byHand.test(remedy))).toEqual([])
  })
})

/** The `state` commands of a remedy, as words, with something in the place of what its reader fills in. */
function commandsIn(remedy: string): string[][] {
  const found = [...remedy.matchAll(/aesop-launch (state \w+ <bootstrap\.yaml>(?: --[a-z]+ [^\s;,]+)*)/g)]
  return found.map(([, command = '']) => command.replaceAll(/<[^>]+>/g, 'x').split(' '))
}
