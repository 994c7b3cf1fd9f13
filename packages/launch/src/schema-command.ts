import { bootstrapSchema, type ContainerDefinition, containerSchema, type Invocation, suggestion } from '@aesop/runtime'
import { UsageError } from './errors.ts'
import { onlyOne } from './option-values.ts'

/** Prints the JSON Schema of a container's descriptors, or of the bootstrap descriptor. @throws UsageError */
export function schema({ args, containers }: Invocation): number {
  const name = args.length === 0 ? 'launch' : onlyOne(args, 'schema', 'the name of a container')
  process.stdout.write(`${JSON.stringify(schemaOf(name, containers), null, 2)}\n`)
  return 0
}

function schemaOf(name: string, containers: readonly ContainerDefinition[]): unknown {
  if (name === 'launch') return bootstrapSchema(containers)
  const found = containers.find((each) => each.name === name || each.className === name)
  if (found !== undefined) return containerSchema(found)
  const hint = suggestion(name, ['launch', ...containers.map((each) => each.name)])
  throw new UsageError(`there is no component container "${name}"`, hint)
}
