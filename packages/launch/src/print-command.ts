import { basename, relative } from 'node:path'
import {
  type ContainerDefinition,
  descriptorTree,
  EXIT_CODES,
  positionOf,
  type Preparation,
  type SourceRange,
  valueRecords,
  writeYaml,
} from '@aesop/runtime'
import { type CommonOptions } from './command-line.ts'
import { readDescriptors } from './read-descriptors.ts'

/**
 * Prints the effective beans: placeholders, imports, parents and settings are in, and every value says where it came
 * from. What has errors is printed as far as it was understood.
 */
export async function print(
  paths: readonly string[],
  options: CommonOptions,
  containers: readonly ContainerDefinition[],
): Promise<number> {
  const { preparations, hasErrors } = await readDescriptors(paths, options, containers)
  if (options.json) process.stdout.write(`${jsonOf(preparations)}\n`)
  else process.stdout.write(`${preparations.flatMap(yamlDocuments).join('\n---\n')}\n`)
  return hasErrors ? EXIT_CODES.descriptors : 0
}

function yamlDocuments({ descriptors, mask }: Preparation): string[] {
  return descriptors.map(({ container, descriptor }) => {
    const tree = descriptorTree(descriptor, { noteOf, hideSecrets: true })
    return mask.apply(`# ${container}: ${shown(descriptor.file.path)}\n${writeYaml(tree)}`)
  })
}

function noteOf(at: SourceRange, origin: string | undefined): string {
  const place = `${basename(at.file.path)}:${positionOf(at).line}`
  return origin === undefined ? place : `${place}, ${origin.replaceAll('\n', ' ')}`
}

function jsonOf(preparations: readonly Preparation[]): string {
  const documents = preparations.flatMap(({ descriptors, mask }) =>
    descriptors.map(({ container, descriptor }) => ({
      container,
      file: shown(descriptor.file.path),
      values: valueRecords(descriptor).map((record) => ({
        ...record,
        value: typeof record.value === 'string' ? mask.apply(record.value) : record.value,
        file: shown(record.file),
      })),
    })),
  )
  return JSON.stringify(documents, null, 2)
}

function shown(path: string): string {
  const below = relative(process.cwd(), path)
  return below.startsWith('..') ? path : below
}
