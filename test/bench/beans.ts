import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BeanClass, type ContainerDefinition, launch } from '@aesop/runtime'

/** Every bean takes a number, a text and references to at most three beans before it. */
class Plain {
  readonly options: object
  constructor(options: object) {
    this.options = options
  }
}

const container: ContainerDefinition = {
  name: 'beans',
  className: 'BeansContainer',
  descriptorName: 'beans-config.yaml',
  roots: ['Plain'],
  catalogue: {
    components: {
      Plain: {
        description: 'A bean of the measurement.',
        load: () => Promise.resolve(Plain as BeanClass),
        schema: {
          type: 'object',
          properties: { port: { type: 'integer' }, name: { type: 'string' }, needs: { 'x-any': true } },
          additionalProperties: false,
        },
      },
    },
  },
}

const BOOTSTRAP = 'beans: { i: { class: BootstrapInfo, properties: { componentContainers: [beans] } } }\n'

/**
 * How many beans of one descriptor come to life in a second: read, checked, wired, made, started and stopped again. The
 * writing of the descriptor is not counted.
 */
export async function beansPerSecond(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-beans-'))
  try {
    writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP)
    writeFileSync(join(folder, container.descriptorName), descriptorOf(count))
    const startedAtMs = performance.now()
    const application = await launch(join(folder, 'bootstrap.yaml'), { containers: [container], env: {} })
    await application.stop()
    return count / ((performance.now() - startedAtMs) / 1000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function descriptorOf(count: number): string {
  const lines = ['beans:']
  for (let i = 0; i < count; i++) {
    const needs = [i - 1, i - 7, i >> 1].filter((other) => other >= 0 && other < i).map((other) => `{ ref: b${other} }`)
    lines.push(
      `  b${i}:`,
      '    class: Plain',
      `    properties: { port: ${i}, name: bean ${i}, needs: [${needs.join(', ')}] }`,
    )
  }
  return `${lines.join('\n')}\n`
}
