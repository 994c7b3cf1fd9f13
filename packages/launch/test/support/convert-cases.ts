import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeYaml } from '@aesop/runtime'
import { convertSpring } from '../../src/convert/spring-converter.ts'
import { containersOf } from '../../src/contributions.ts'
import { standardContributions } from '../../src/standard-contributions.ts'

const standardContainers = containersOf(standardContributions)

export const FEATURES = join(import.meta.dirname, '../fixtures/spring/features.txt')

/** One feature of Spring XML: what is written inside of `<beans>`, and what becomes of it. */
export interface ConvertCase {
  readonly title: string
  readonly xml: string
  readonly expected: string
}

export function convertCases(): ConvertCase[] {
  return readFileSync(FEATURES, 'utf8')
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [head = '', expected = ''] = part.split(/^>>>\n/m)
      const [title = '', ...lines] = head.split('\n')
      return { title, xml: lines.join('\n'), expected: expected.trimEnd() }
    })
}

/** The descriptor, then the remarks, one a line. */
export function converted(xml: string): { yaml: string; text: string } {
  const { tree, remarks } = convertSpring(`<beans>\n${xml}</beans>`, standardContainers)
  const yaml = writeYaml(tree)
  const lines = remarks.map(({ kind, line, column, message }) => `${kind} ${line}:${column} ${message}`)
  return { yaml, text: [yaml, ...lines].join('\n') }
}
