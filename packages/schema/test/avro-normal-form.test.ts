import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { avroNormalForm, schemaIdOf } from '@aesop/schema'

const ROOT = join(import.meta.dirname, '../../..')

interface GoldenSchema {
  readonly text: string
  readonly md5?: string
  readonly normalForm?: string
}
/** Made by `Schema.parse(text).toString(false)` of Avro 1.4.0 on Java 17, from generated texts; see testdata/README.md. */
const golden = readFileSync(join(import.meta.dirname, 'testdata/avro-1.4.0.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as GoldenSchema)

const idOf = (text: string): string => schemaIdOf(text).toString('hex')
const record = (fields: string, more = ''): string => `{"type":"record","name":"R"${more},"fields":[${fields}]}`

describe('the id of a schema', () => {
  test.each([
    ['test/testdata/former-state/schemas/bookshop.book.1.avsc', 'fe65615d9473c5fd7d8eeb14c5514a7c'],
    ['test/testdata/former-state/schemas/bookshop.customer.1.avsc', 'd37e85563e208baf2364ea7ad9d7d87f'],
    ['test/testdata/former-state/schemas/bookshop.sale.1.avsc', 'ea754ac3fff9b68e02a038df06303c0d'],
    [
      'samples/seed/relay/schemas_registry/com.flipkart.aesop.events.ortest.Person.1.avsc',
      '0d8f78228fb28d9019b54724ffac8bc6',
    ],
  ])('of %s is the one that Java computes', (path, id) => {
    expect(idOf(readFileSync(join(ROOT, path), 'utf8'))).toBe(id)
  })

  test("of Databus' example is the one that its clients compute", () => {
    const columns = { id: 'ID', firstName: 'FIRST_NAME', lastName: 'LAST_NAME', birthDate: 'BIRTH_DATE' }
    const fields = Object.entries({ ...columns, deleted: 'DELETED' }).map(([name, column], i) => ({
      meta: `dbFieldName=${column};dbFieldPosition=${i};`,
      type: [/^id$|Date/.test(name) ? 'long' : 'string', 'null'],
      name,
    }))
    const schema = {
      doc: 'whatever',
      namespace: 'com.linkedin.events.example.or_test',
      name: 'Person_V1',
      meta: 'dbFieldName=person;pk=id;',
      fields,
      type: 'record',
    }
    expect(idOf(JSON.stringify(schema, null, 2))).toBe('62e07f98ad1ad290d05fff85cdaf9927')
  })

  test('is the MD5 of the text itself where Avro 1.4 reads none', () => {
    expect(idOf('no schema')).toBe('84d7f0536ce9f522ab02f08842f8cc8b')
  })
})

describe('the normal form', () => {
  test('of every golden text is what Avro 1.4.0 printed, and its own normal form', () => {
    expect(golden.filter(({ md5 }) => md5 !== undefined).length).toBeGreaterThanOrEqual(40)
    for (const { text, normalForm, md5 } of golden) {
      expect(avroNormalForm(text), text).toBe(normalForm)
      if (normalForm === undefined) continue
      expect(idOf(text)).toBe(md5)
      expect(avroNormalForm(normalForm)).toBe(normalForm)
    }
  })

  test.each([
    [
      'members in one order',
      '{"fields":[],"meta":"m","name":"R","type":"record"}',
      record('').replace(/}$/, ',"meta":"m"}'),
    ],
    [
      'the doc of a field, not that of a record',
      record('{"type":"int","doc":"d","name":"a"}', ',"doc":"D"'),
      record('{"name":"a","type":"int","doc":"d"}'),
    ],
    [
      'an order that is not the usual one',
      record('{"name":"a","order":"IGNORE","type":"int"},{"name":"b","order":"ascending","type":"int"}'),
      record('{"name":"a","type":"int","order":"ignore"},{"name":"b","type":"int"}'),
    ],
    [
      'a type that only has a name as that name',
      record('{"name":"a","type":{"type":"string"}}'),
      record('{"name":"a","type":"string"}'),
    ],
    [
      'a logical type',
      record('{"name":"a","type":{"logicalType":"date","type":"int"}}'),
      record('{"name":"a","type":{"type":"int","logicalType":"date"}}'),
    ],
    [
      'texts among the properties, and nothing else',
      record('{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":8,"exact":true}}'),
      record('{"name":"a","type":{"type":"bytes","logicalType":"decimal"}}'),
    ],
    [
      'properties in the order of a Java HashMap',
      record('{"name":"a","type":"int","p2":"2","p1":"1"}', ',"meta":"m","zz":"1"'),
      record('{"name":"a","type":"int","p1":"1","p2":"2"}').replace(/}$/, ',"zz":"1","meta":"m"}'),
    ],
    [
      'properties of one hash as they come',
      record('{"name":"a","type":"int","BB":"2","Aa":"1"}'),
      record('{"name":"a","type":"int","BB":"2","Aa":"1"}'),
    ],
    [
      'the namespace apart from the name',
      '{"type":"record","name":"x.y.R","namespace":"z","fields":[]}',
      '{"type":"record","name":"R","namespace":"x.y","fields":[]}',
    ],
    [
      'no namespace within the same one, and a second use by its short name',
      record(
        '{"name":"a","type":{"type":"record","name":"n.S","fields":[]}},{"name":"b","type":"n.S"}',
        ',"namespace":"n"',
      ),
      record(
        '{"name":"a","type":{"type":"record","name":"S","fields":[]}},{"name":"b","type":"S"}',
        ',"namespace":"n"',
      ),
    ],
    [
      'another namespace in full',
      record(
        '{"name":"a","type":{"type":"fixed","name":"o.S","size":4}},{"name":"b","type":["null","o.S"]}',
        ',"namespace":"n"',
      ),
      record(
        '{"name":"a","type":{"type":"fixed","name":"S","namespace":"o","size":4}},{"name":"b","type":["null","o.S"]}',
        ',"namespace":"n"',
      ),
    ],
    [
      'the aliases of types in the order of a Java HashSet, those of fields not',
      record('{"name":"a","type":"int","aliases":["z"]}', ',"namespace":"n.s","aliases":["q","o.p","q"]'),
      record('{"name":"a","type":"int"}', ',"namespace":"n.s"').replace(/}$/, ',"aliases":["o.p","q"]}'),
    ],
    [
      'arrays, maps and enums with their properties',
      record(
        '{"name":"a","type":{"p":"x","items":{"values":"int","type":"map"},"type":"array"}},{"name":"e","type":{"default":"A","symbols":["A"],"doc":"d","name":"E","type":"enum"}}',
      ),
      record(
        '{"name":"a","type":{"type":"array","items":{"type":"map","values":"int"},"p":"x"}},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"],"default":"A"}}',
      ),
    ],
    [
      'numbers as Java prints them',
      record('{"name":"a","type":"double","default":[1.0,1e10,1E-7,0.001,1234567.5,-0.0,5e-324,1e400]}'),
      record('{"name":"a","type":"double","default":[1.0,1.0E10,1.0E-7,0.001,1234567.5,-0.0,4.9E-324,"Infinity"]}'),
    ],
    [
      'whole numbers with all digits',
      record('{"name":"a","type":"long","default":[-0,9223372036854775807,12345678901234567890]}'),
      record('{"name":"a","type":"long","default":[0,9223372036854775807,-350287150]}'),
    ],
    [
      'members of a default value in their order',
      record('{"name":"a","type":{"type":"map","values":"int"},"default":{"2":1, "1":2, "__proto__":3, "2":4}}'),
      record('{"name":"a","type":{"type":"map","values":"int"},"default":{"2":4,"1":2,"__proto__":3}}'),
    ],
    [
      'control characters with capital digits, and nothing else escaped',
      record('{"name":"a","type":"string","default":"\\u001f\\u0000\\b\\/\\"\\\\\\u007f\\u2028😀\\\\u001f\\ud800"}'),
      record('{"name":"a","type":"string","default":"\\u001F\\u0000\\b/\\"\\\\\u007f\u2028😀\\\\u001f?"}'),
    ],
  ])('has %s', (_rule, text, normalForm) => {
    expect(avroNormalForm(text)).toBe(normalForm)
  })

  test.each([
    ['a name that is not defined yet', record('{"name":"a","type":"S"}')],
    ['a name that is defined twice', record('{"name":"a","type":{"type":"record","name":"R","fields":[]}}')],
    ['a type within a type', record('{"name":"a","type":{"type":["null","int"]}}')],
    ['an unknown order', record('{"name":"a","type":"int","order":"up"}')],
    ['aliases that are no list', record('', ',"aliases":"a"')],
    ['a fixed type without a size', record('{"name":"a","type":{"type":"fixed","name":"F","size":1.0}}')],
    ['what is no JSON', '{"type":"record"'],
  ])('does not exist of %s', (_fault, text) => {
    expect(avroNormalForm(text)).toBeUndefined()
  })
})
