import { formatJson, visibleLines } from '@aesop/kernel'
import { beanGraph, type ContainerDefinition, dotGraph, EXIT_CODES, mermaidGraph } from '@aesop/runtime'
import { type Command, type CommonOptions } from './command-line.ts'
import { readDescriptors } from './read-descriptors.ts'

type GraphFormat = Extract<Command, { name: 'graph' }>['format']

/** Prints who needs whom. */
export async function graph(
  paths: readonly string[],
  format: GraphFormat,
  options: CommonOptions,
  containers: readonly ContainerDefinition[],
): Promise<number> {
  const { preparations, hasErrors } = await readDescriptors(paths, options, containers)
  const found = beanGraph(preparations.flatMap(({ descriptors }) => descriptors))
  const text = format === 'json' ? formatJson(found, 2) : format === 'dot' ? dotGraph(found) : mermaidGraph(found)
  process.stdout.write(`${visibleLines(text)}\n`)
  return hasErrors ? EXIT_CODES.descriptors : 0
}
