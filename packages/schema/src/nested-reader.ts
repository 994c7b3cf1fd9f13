import avro from 'avsc'
import { type AvroCursor } from './avro-cursor.ts'
import { type ValueBudget } from './value-budget.ts'

const { ArrayType, EnumType, FixedType, MapType, RecordType, UnwrappedUnionType } = avro.types

/** Reads one value from where the cursor stands. */
export type ValueReader = (cursor: AvroCursor) => unknown

/**
 * Makes readers of values of any type. Records and maps become plain objects whose properties are all their own, whatever their
 * names: avsc would take `__proto__` for what it is in JavaScript, and believes every count.
 */
export class NestedReader {
  readonly #budget: ValueBudget
  /** By type, because records may hold themselves. */
  readonly #records = new Map<avro.Type, ValueReader>()

  /** @param budget what all readers together may make of one row */
  constructor(budget: ValueBudget) {
    this.#budget = budget
  }

  of(type: avro.Type): ValueReader {
    if (type instanceof RecordType) return this.#record(type)
    if (type instanceof UnwrappedUnionType) return this.#union(type.types)
    if (type instanceof ArrayType) return this.#array(type.itemsType)
    if (type instanceof MapType && type.valuesType instanceof avro.Type) return this.#map(type.valuesType)
    if (type instanceof FixedType) return fixedReader(type.size)
    if (type instanceof EnumType) return enumReader(type.symbols)
    return primitiveReader(type.typeName)
  }

  #record(type: avro.types.RecordType): ValueReader {
    const known = this.#records.get(type)
    if (known !== undefined) return known
    const fields: [string, ValueReader][] = []
    const budget = this.#budget
    const read = (cursor: AvroCursor): unknown => {
      budget.spend(fields.length)
      budget.descend()
      const record = {}
      for (const [name, readField] of fields) setOwn(record, name, readField(cursor))
      budget.ascend()
      return record
    }
    this.#records.set(type, read)
    for (const field of type.fields) fields.push([field.name, this.of(field.type)])
    return read
  }

  #union(types: readonly avro.Type[]): ValueReader {
    const branches = types.map((branch) => this.of(branch))
    return (cursor) => choice(branches, cursor.int())(cursor)
  }

  #array(items: avro.Type): ValueReader {
    const read = this.of(items)
    return this.#blocks(
      (): unknown[] => [],
      (all, cursor) => void all.push(read(cursor)),
    )
  }

  #map(values: avro.Type): ValueReader {
    const read = this.of(values)
    return this.#blocks(
      () => ({}),
      (entries, cursor) => {
        setOwn(entries, cursor.string(), read(cursor))
      },
    )
  }

  /** Blocks of items up to one of none; a negative count is followed by the size of its block in bytes. */
  #blocks<T>(begin: () => T, readInto: (all: T, cursor: AvroCursor) => void): ValueReader {
    const budget = this.#budget
    return (cursor) => {
      const all = begin()
      budget.descend()
      for (let count = blockCount(cursor); count !== 0; count = blockCount(cursor)) {
        budget.spend(count)
        for (; count > 0; count--) readInto(all, cursor)
      }
      budget.ascend()
      return all
    }
  }
}

function blockCount(cursor: AvroCursor): number {
  const count = cursor.longAsNumber()
  if (count < 0) cursor.longAsNumber()
  return Math.abs(count)
}

function fixedReader(size: number): ValueReader {
  return (cursor) => cursor.byteStringOf(size)
}

function enumReader(symbols: readonly string[]): ValueReader {
  return (cursor) => choice(symbols, cursor.int())
}

function choice<T>(choices: readonly T[], index: number): T {
  const chosen = choices[index]
  if (chosen === undefined) throw new RangeError(`choice ${index} of ${choices.length}`)
  return chosen
}

function primitiveReader(typeName: string): ValueReader {
  switch (typeName) {
    case 'null':
      return () => null
    case 'boolean':
      return (cursor) => cursor.boolean()
    case 'int':
      return (cursor) => cursor.int()
    case 'abstract:long':
      return (cursor) => cursor.long()
    case 'float':
      return (cursor) => cursor.float()
    case 'double':
      return (cursor) => cursor.double()
    case 'string':
      return (cursor) => cursor.string()
    case 'bytes':
      return (cursor) => cursor.byteString()
    default:
      throw new TypeError(`no reader for the Avro type ${typeName}`)
  }
}

function setOwn(target: object, name: string, value: unknown): void {
  if (name !== '__proto__') (target as Record<string, unknown>)[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}
