import { basename, relative } from 'node:path'
import {
  descriptorTree,
  EXIT_CODES,
  type Invocation,
  positionOf,
  type Preparation,
  type SourceRange,
  valueRecords,
  writeYaml,
} from '@aesop/runtime'
import { atLeastOne } from './option-values.ts'
import { readDescriptors } from './read-descriptors.ts'

/**
 * Prints the effective beans as a descriptor: imports, parents and settings are in, and every value says where it came
 * from. Text with placeholders is printed as it is written. What has errors is printed as far as it was understood.
 */
export async function print(invocation: Invocation): Promise<number> {
  const { options } = invocation
  const { preparations, hasErrors } = await readDescriptors(atLeastOne(invocation.args, 'print'), invocation)
  if (options.json) process.stdout.write(`${jsonOf(preparations)}\n`)
  else process.stdout.write(`${preparations.flatMap(yamlDocuments).join('\n---\n')}\n`)
  return hasErrors ? EXIT_CODES.descriptors : 0
}

function yamlDocuments({ descriptors }: Preparation): string[] {
  return descriptors.map(({ container, descriptor, disclosure }) => {
    const tree = descriptorTree(descriptor, { noteOf, disclosure })
    return `# ${container}: ${shown(descriptor.file.path)}\n${writeYaml(tree)}`
  })
}

function noteOf(at: SourceRange, origin: string | undefined): string {
  const place = `${basename(at.file.path)}:${positionOf(at).line}`
  return origin === undefined ? place : `${place}, ${origin.replaceAll('\n', ' ')}`
}

function jsonOf(preparations: readonly Preparation[]): string {
  const documents = preparations.flatMap(({ descriptors }) =>
    descriptors.map(({ container, descriptor, disclosure }) => ({
      container,
      file: shown(descriptor.file.path),
      values: valueRecords(descriptor, disclosure).map((record) => ({ ...record, file: shown(record.file) })),
    })),
  )
  return JSON.stringify(documents, null, 2)
}

function shown(path: string): string {
  const below = relative(process.cwd(), path)
  return below.startsWith('..') ? path : below
}
