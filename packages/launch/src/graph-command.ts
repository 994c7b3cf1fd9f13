import { formatJson, visibleLines } from '@aesop/kernel'
import { beanGraph, dotGraph, EXIT_CODES, type Invocation, mermaidGraph } from '@aesop/runtime'
import { atLeastOne } from './option-values.ts'
import { readDescriptors } from './read-descriptors.ts'

/** Prints who needs whom. */
export async function graph(invocation: Invocation): Promise<number> {
  const format = invocation.values['format'] ?? (invocation.options.json ? 'json' : 'mermaid')
  const { preparations, hasErrors } = await readDescriptors(atLeastOne(invocation.args, 'graph'), invocation)
  const found = beanGraph(preparations.flatMap(({ descriptors }) => descriptors))
  const text = format === 'json' ? formatJson(found, 2) : format === 'dot' ? dotGraph(found) : mermaidGraph(found)
  process.stdout.write(`${visibleLines(text)}\n`)
  return hasErrors ? EXIT_CODES.descriptors : 0
}
