import { readFileSync } from 'node:fs'
import { type ContainerDefinition, EXIT_CODES, type Invocation, writeYaml } from '@aesop/runtime'
import { formatJson, systemCodeOf, visibleText } from '@aesop/kernel'
import { convertSpring } from './convert/spring-converter.ts'
import { UsageError, XmlSyntaxError } from './errors.ts'
import { onlyOne } from './option-values.ts'

/**
 * Prints a file of Spring XML as a descriptor on stdout, and what could not be converted on stderr. Returns 3 when
 * something was left out.
 */
export function convert({ args, options: { json }, containers }: Invocation): number {
  const path = onlyOne(args, 'convert', 'a Spring XML file')
  const { tree, remarks } = convertFile(path, containers)
  const yaml = `${writeYaml(tree)}\n`
  if (json) process.stdout.write(`${formatJson({ descriptor: yaml, remarks }, 2)}\n`)
  else {
    process.stdout.write(yaml)
    for (const { kind, line, column, message } of remarks)
      process.stderr.write(
        `${path}:${line}:${column}: ${kind === 'note' ? 'note' : 'left out'}: ${visibleText(message)}\n`,
      )
  }
  return remarks.some(({ kind }) => kind === 'left-out') ? EXIT_CODES.descriptors : 0
}

function convertFile(path: string, containers: readonly ContainerDefinition[]): ReturnType<typeof convertSpring> {
  try {
    return convertSpring(readFileSync(path, 'utf8'), containers)
  } catch (error) {
    if (error instanceof XmlSyntaxError) throw error.in(path)
    if (systemCodeOf(error) !== undefined)
      throw new UsageError(`${path} can't be read (${systemCodeOf(error) ?? ''})`, 'Check the path.')
    throw error
  }
}
