import { type ContainerDefinition, type PropertySchema } from '@aesop/runtime'
import { type ConversionReport } from './conversion-report.ts'
import { type XmlPlace } from './xml-parser.ts'

const RENAMED: Readonly<Record<string, string>> = { SpringContainerImpl: 'RuntimeContainer' }
const BOOTSTRAP_CLASSES = ['BootstrapInfo', 'RuntimeContainer']

/** Turns names of Java classes into names of this platform. */
export class ClassNames {
  readonly #schemas = new Map<string, PropertySchema>()
  readonly #known = new Set(BOOTSTRAP_CLASSES)
  readonly #report: ConversionReport
  readonly #noted = new Set<string>()

  constructor(containers: readonly ContainerDefinition[], report: ConversionReport) {
    this.#report = report
    for (const { className, catalogue } of containers) {
      this.#known.add(className)
      for (const [name, { schema }] of Object.entries(catalogue.components)) this.#schemas.set(name, schema)
    }
  }

  /**
   * The short name of a class that a container offers. Any other is the user's own: the last part of its package names
   * the file, `com.acme.consumer.Factory` is `./consumer.ts#Factory`.
   */
  convert(javaName: string, place: XmlPlace): string {
    const full = javaName.trim()
    const simple = simpleNameOf(full)
    const name = RENAMED[simple] ?? simple
    if (this.#known.has(name) || this.#schemas.has(name)) return name
    const parts = full.split('.')
    const own = `./${parts[parts.length - 2] ?? simple}.ts#${simple}`
    if (!this.#noted.has(own))
      this.#report.note(place, `class ${full} is not offered by a container; it is expected as ${own}`)
    this.#noted.add(own)
    return own
  }

  /** The schema of a class that is offered. */
  schemaOf(name: string): PropertySchema | undefined {
    return this.#schemas.get(name)
  }
}

/** The last part of a Java name; `Outer$Inner` is `Inner`. */
export function simpleNameOf(javaName: string): string {
  return javaName.trim().replace(/^.*[.$]/, '')
}

/** The schema of a property, where it is known. */
export function propertySchemaOf(schema: PropertySchema | undefined, key: string): PropertySchema | undefined {
  const properties = schema?.['properties']
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, key)) return undefined
  return Reflect.get(properties, key) as PropertySchema
}
