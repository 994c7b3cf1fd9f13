import { Secret } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { serverOfSource } from '@aesop/producer-mysql'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPhysicalSourceConfig } from '../src/physical-source-config.ts'
import { producerOf, producerOfUri, producers } from '../src/producers.ts'
import { sourceComponents } from '../src/source-components.ts'

describe('the producers of this distribution', () => {
  it('share no scheme, no class and no constant, and mean the same by a property that several have', () => {
    for (const namesOf of [
      ({ schemes }) => schemes,
      ({ components = {} }) => Object.keys(components),
      ({ constants = {} }) => Object.keys(constants),
    ] satisfies ((producer: (typeof producers)[number]) => readonly string[])[]) {
      const names = producers.flatMap(namesOf)
      expect(names).toEqual([...new Set(names)])
    }
    const schemas = producers.flatMap(({ properties }) => Object.entries(properties))
    for (const [name, schema] of schemas) expect([name, schema]).toEqual([name, Object.fromEntries(schemas)[name]])
  })

  it('take no property of every source for their own', () => {
    const own = producers.flatMap(({ properties }) => Object.keys(properties))
    const every = ['id', 'name', 'uri', 'settings', 'sources', 'startFrom', 'startRetryMs', 'keyless', 'logKeys']
    expect(own.filter((name) => every.includes(name))).toEqual([])
    const offered = sourceComponents['PhysicalSourceConfig']?.schema['properties']
    expect(Object.keys(offered ?? {})).toEqual(expect.arrayContaining([...own, 'startFrom', 'largestEventSizeInBytes']))
  })

  it('are found by the scheme of a URI, or by the property in its place', () => {
    expect(producerOfUri('mysqlx://h')).toBeUndefined()
    expect(producerOfUri('memory:x')?.schemes).toEqual(['memory'])
    for (const properties of [{ uri: 'mariadb://h' }, { uri: 'binlog:x', host: 'h' }, { host: 'h' }])
      expect(producerOf(properties)?.schemes).toContain('mysql')
    // What only the run time knows is null when a launch loads ahead.
    expect(producerOf({ host: null })).toBeUndefined()
  })
})

const schemes = producers.flatMap(({ schemes: all }) => all.map((scheme) => `${scheme}:`))

describe('the bean PhysicalSourceConfig', () => {
  let Bean: new (options: object) => PhysicalSourceConfig
  beforeAll(async () => {
    Bean = (await loadPhysicalSourceConfig()) as unknown as typeof Bean
  })
  const make = (options: object): PhysicalSourceConfig => new Bean({ sources: ['shop.item'], ...options })

  it('has its settings from the package of its scheme', () => {
    const source = make({ host: 'db', port: 3307, user: 'me', password: Secret.from('p@ss'), zeroTimestamp: 'text' })
    expect(source).toMatchObject({ uri: 'mysql://db:3307', name: 'mysql-db-3307', settings: { zeroTimestamp: 'text' } })
    expect(serverOfSource(source)).toMatchObject({ host: 'db', port: 3307, user: 'me' })
    expect(make({ uri: 'memory:x', name: 'own' })).toMatchObject({ uri: 'memory:x', name: 'own', sources: [{}] })
    expect(make({ uri: 'memory:x' }).settings).toBeUndefined()
    const lateReaders = { max: 1, serverIds: [7], bufferBytes: 65_536 }
    expect(make({ uri: 'mysql://db', lateReaders })).toMatchObject({ settings: { lateReaders } })
    const defaults = { max: 4, serverIds: undefined, bufferBytes: 32 << 20 }
    expect(make({ uri: 'binlog:x' })).toMatchObject({ settings: { lateReaders: defaults } })
  })

  it('keeps what is given of a scheme that nobody here reads, for the producer that it is given', () => {
    expect(make({ uri: 'other://h', user: 'me' }).settings).toEqual({ user: 'me' })
    expect(make({ uri: 'other://h' }).settings).toBeUndefined()
  })

  it.each([
    [
      {},
      `a URI that begins with ${schemes.slice(0, -1).join(', ')} or ${schemes.at(-1) ?? ''}, or a host in its place`,
    ],
    [{ user: 'me' }, 'a host in its place'],
    [{ uri: 'memory:x', sslCa: 'ca.pem' }, 'sslCa is "***", expected nothing: a source of memory: has no sslCa'],
    [{ uri: 'memory:x', host: 'h' }, 'host is "***"'],
    [{ uri: 'memory:x', zeroTimestamp: 'text' }, 'zeroTimestamp is "***"'],
    [
      { uri: 'binlog:x', password: 'topsecret' },
      'password is "***", expected nothing: a source of binlog: has no server',
    ],
    [{ uri: 'mysql://h', host: 'h' }, 'host is given twice'],
    [{ uri: 'mysql://h', zeroTimestamp: 'never' }, 'zeroTimestamp is "never", expected null or text'],
    [{ uri: 'mysql://h', xaMemoryBytes: 1 }, 'xaMemoryBytes is 1, expected an integer from 65536'],
    [{ uri: 'mysql://h', lateReaders: 4 }, 'lateReaders is 4, expected an object'],
    [{ uri: 'mysql://h', lateReaders: { many: 4 } }, 'lateReaders.many is "***", expected one of max'],
    [{ uri: 'mysql://h', lateReaders: { max: 65 } }, 'lateReaders.max is 65, expected an integer from 0 to 64'],
    [
      { uri: 'mysql://h', lateReaders: { max: 2, serverIds: [7] } },
      'lateReaders.serverIds is "7", expected a list of 2',
    ],
    [{ uri: 'mysql://h', lateReaders: { max: 2, serverIds: [7, 7] } }, 'lateReaders.serverIds is "7, 7"'],
    [{ uri: 'binlog:x', lateReaders: { serverIds: [7, 8, 9, 10] } }, 'a source of binlog: has no server'],
    [{ uri: 'mysql://h', lateReaders: { bufferBytes: 1 } }, 'lateReaders.bufferBytes is 1'],
    [{ uri: 'mysql://h', passwort: 'topsecret' }, 'passwort is "***"'],
  ])('refuses %o by name', (options, fault) => {
    expect(() => make(options)).toThrow(fault)
    expect(() => make(options)).not.toThrow('topsecret')
  })
})
