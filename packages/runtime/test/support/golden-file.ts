import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type PreparationOptions, prepareLaunch, problemRecord, SecretMask } from '@aesop/runtime'
import { BOOTSTRAP, DescriptorFolder } from './descriptor-folder.ts'
import { fixtureContainer } from './fixture-container.ts'

/*
 * A golden file holds cases like this one:
 *
 *   === an unknown class
 *   options: {"profiles": ["dev"]}         only where some are needed
 *   beans:
 *     a: { class: Stop }
 *   --- bootstrap.yaml                     more files, where they are needed
 *   beans: …
 *   >>>
 *   error DESCRIPTOR_CLASS_UNKNOWN fixture-config.yaml:2:15 class "Stop" is not known here
 *     hint: did you mean "Step"?
 *
 * `\t` and `\0` at the beginning of a line stand for a tab and for no line at all.
 */
export interface GoldenCase {
  readonly title: string
  readonly options: Partial<PreparationOptions>
  readonly files: Readonly<Record<string, string>>
  readonly expected: string
}

const FOLDER = join(import.meta.dirname, '../fixtures/broken')

/** Every golden file with its cases. */
export function goldenFiles(): { name: string; cases: GoldenCase[] }[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => ({ name: basename(name, '.txt'), cases: parseGolden(readFileSync(join(FOLDER, name), 'utf8')) }))
}

export function parseGolden(text: string): GoldenCase[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [head = '', expected = ''] = part.split(/^>>>\n/m)
      const [title = '', ...lines] = head.split('\n')
      const hasOptions = lines[0]?.startsWith('options: ') === true
      const options = hasOptions ? (JSON.parse(lines.shift()?.slice(9) ?? '{}') as Partial<PreparationOptions>) : {}
      return { title, options, files: filesOf(lines), expected: expected.trimEnd() }
    })
}

function filesOf(lines: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {}
  let name = 'fixture-config.yaml'
  for (const line of lines) {
    const next = /^--- (\S+)$/.exec(line)?.[1]
    if (next === undefined) files[name] = `${files[name] ?? ''}${line.replaceAll('\\t', '\t')}\n`
    else {
      name = next
      files[name] = ''
    }
  }
  for (const key of Object.keys(files)) files[key] = (files[key] ?? '').replace(/\n$/, '').replace(/^\\0\n?$/, '')
  return files
}

/** What a check says about a case, in the form of the golden files. */
export async function diagnose({ files, options }: GoldenCase): Promise<string> {
  using folder = new DescriptorFolder({ 'bootstrap.yaml': BOOTSTRAP, ...files })
  const named = (options.properties ?? []).map((name) => folder.file(name))
  const all = { containers: [fixtureContainer()], env: {}, ...options, properties: named }
  const { problems, notes } = await prepareLaunch(folder.bootstrap, all)
  const lines = [...problems, ...notes].flatMap((problem) => {
    const record = problemRecord(problem, { mask: new SecretMask(), cwd: folder.path })
    const place = record.file === undefined ? '-' : `${record.file}:${record.line ?? 0}:${record.column ?? 0}`
    const first = `${record.severity} ${record.code.replace('AESOP_', '')} ${place} ${record.message}`
    const { note } = problem.finding
    return [
      first,
      ...(note === undefined ? [] : [`  origin: ${note}`]),
      ...(record.hint === undefined ? [] : [`  hint: ${record.hint}`]),
    ]
  })
  return lines.join('\n').replaceAll(folder.path, '<folder>').trimEnd()
}
