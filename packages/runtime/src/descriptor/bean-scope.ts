import { PropertyMissingError, PropertyTypeError, PropertyUnknownError } from '../errors.ts'
import { type PropertySchema } from '../component.ts'
import { type Value } from './definition.ts'
import { type ProblemList } from './descriptor-error.ts'
import { type Disclosure } from './disclosure.ts'
import { pointerName, type SchemaFault, validate } from './schema-validator.ts'
import { type SourceRange } from './source-file.ts'
import { issuePointer, type StandardSchema } from './standard-schema.ts'

interface Place {
  readonly value?: Value
  readonly keyAt?: SourceRange
  readonly at: SourceRange
  readonly path: string
}

/** The properties of one bean while they are compiled: where each pointer stands, and which are made at run time. */
export class BeanScope {
  readonly bean: string
  readonly className: string
  readonly #problems: ProblemList
  readonly #disclosure: Disclosure
  readonly #places = new Map<string, Place>()
  readonly #dynamic = new Set<string>()

  constructor(
    bean: string,
    className: string,
    { problems, disclosure }: { readonly problems: ProblemList; readonly disclosure: Disclosure },
  ) {
    this.bean = bean
    this.className = className
    this.#problems = problems
    this.#disclosure = disclosure
  }

  place(pointer: string, place: Place): void {
    this.#places.set(pointer, { ...this.#places.get(pointer), ...place })
  }

  markDynamic(pointer: string): void {
    this.#dynamic.add(pointer)
  }

  /** Reports what breaks the JSON Schema of the class. Returns whether nothing did. */
  checkSchema(schema: PropertySchema, plain: unknown): boolean {
    const isDynamic = (pointer: string): boolean => ancestors(pointer).some((each) => this.#dynamic.has(each))
    const hasDynamicBelow = (pointer: string): boolean =>
      [...this.#dynamic].some((each) => each.startsWith(`${pointer}/`))
    const shownAt = (pointer: string): unknown => this.#shownAt(pointer)
    const faults = validate(schema, plain, this.className, { isDynamic, hasDynamicBelow, shownAt })
    for (const fault of faults) this.#report(fault)
    return faults.length === 0
  }

  /** Asks a Standard Schema, as far as all values are known before the start and it answers at once. */
  checkStandard(standard: StandardSchema, plain: unknown): void {
    if (this.#dynamic.size > 0) return
    const result = standard['~standard'].validate(plain)
    if (result instanceof Promise) {
      // Whoever makes the bean asks again and reports it.
      result.catch(() => undefined)
      return
    }
    for (const issue of result.issues ?? []) {
      const pointer = issuePointer(issue)
      const name = pointerName(pointer)
      const message = `${name === '' ? `class ${this.className}` : `"${name}"`}: ${issue.message}`
      this.#report({ kind: 'type', pointer, near: pointer, message })
    }
  }

  /** What may be shown of the scalar at a pointer; undefined where none is written. */
  #shownAt(pointer: string): unknown {
    const value = this.#places.get(pointer)?.value
    return value?.kind === 'scalar' ? this.#disclosure.shownOf(value).value : undefined
  }

  #report(fault: SchemaFault): void {
    const place = this.#nearest(fault.kind === 'missing' ? fault.near : fault.pointer)
    const at = fault.kind === 'unknown' ? (place?.keyAt ?? place?.at) : place?.at
    const note = place?.value?.kind === 'scalar' ? place.value.origin : undefined
    const finding = { at, bean: this.bean, path: place?.path, hint: fault.hint, note }
    if (fault.kind === 'unknown') this.#problems.add(new PropertyUnknownError(fault.message, finding))
    else if (fault.kind === 'missing') this.#problems.add(new PropertyMissingError(fault.message, finding))
    else this.#problems.add(new PropertyTypeError(fault.message, finding))
  }

  #nearest(pointer: string): Place | undefined {
    for (const each of ancestors(pointer)) {
      const place = this.#places.get(each)
      if (place !== undefined) return place
    }
    return this.#places.get('')
  }
}

/** The pointer itself and everything above it. */
function ancestors(pointer: string): string[] {
  const found = [pointer]
  for (let end = pointer.lastIndexOf('/'); end >= 0; end = pointer.lastIndexOf('/', end - 1)) {
    found.push(pointer.slice(0, end))
    if (end === 0) break
  }
  return found
}
