import { describe, expect, it } from 'vitest'
import { serverFamilySchemas, serverPropertySchemas } from '../src/bootstrap-properties.ts'
import { BootstrapConfig, type BootstrapConfigOptions, type ServerPropertyValues } from '../src/index.ts'

const of = (bootstrapProperties: ServerPropertyValues, more: BootstrapConfigOptions = {}): BootstrapConfig =>
  new BootstrapConfig({ bootstrapProperties, ...more })
const key = (name: string): string => `databus.bootstrap.${name}`

describe('the configuration of a bootstrap server', () => {
  it('has defaults', () => {
    const { host, port, healthPath, snapshotRows, logRows, notes, address } = new BootstrapConfig()
    expect({ host, port, healthPath, snapshotRows, logRows, notes, address }).toEqual({
      host: '127.0.0.1',
      port: 6060,
      healthPath: 'admin',
      snapshotRows: undefined,
      logRows: undefined,
      notes: [],
      address: undefined,
    })
    expect(new BootstrapConfig().portIn('test')).toBe(0)
    expect(of({ [key('db.container.httpPort')]: 11145 }).portIn('test')).toBe(11145)
  })

  it('honours rows of an answer, of a snapshot and of the log apart', () => {
    const { snapshotRows, logRows } = of({
      [key('db.bootstrapBatchSize')]: 1000,
      [key('db.bootstrapSnapshotBatchSize')]: 0,
      [key('db.bootstrapCatchupBatchSize')]: '50',
    })
    expect([snapshotRows, logRows]).toEqual([1000, 50])
  })

  it('leaves a snapshot out, unless it is told not to', () => {
    expect(new BootstrapConfig().leavesOut('shop.item')).toBe(true)
    const never = of({
      [key('defaultRowsThresholdForSnapshotBypass')]: -1,
      [key('rowsThresholdForSnapshotBypass(shop.item)')]: '9223372036854775807',
    })
    expect([never.leavesOut('shop.item'), never.leavesOut('shop.order')]).toEqual([true, false])
    const one = of({ [key('db.disableSnapshotBypass(shop.item)')]: true })
    expect([one.leavesOut('shop.item'), one.leavesOut('shop.order')]).toEqual([false, true])
  })

  it('notes what has no effect', () => {
    const { notes } = of(
      {
        [key('enableMinScnCheck')]: false,
        [key('db.container.jmx.rmiEnabled')]: false,
        [key('db.bootstrapLogSize')]: 1024000,
        [key('db.client.checkpointPersistence.fileSystem.rootDirectory')]: 'x',
      },
      { checkpointDirectoryLocation: 'checkpoints' },
    )
    expect(notes).toHaveLength(5)
    expect(notes.every((note) => note.includes('has no effect'))).toBe(true)
  })

  it.each<[string, ServerPropertyValues, RegExp]>([
    [
      'a name that nobody knows',
      { [key('db.bootstrapBatchSise')]: 1 },
      /did you mean "databus.bootstrap.db.bootstrapBatchSize"/,
    ],
    ['a password of a database', { [key('db.bootstrapDBPassword')]: 'hidden' }, /the store is a bean of its own/],
    ['a number that is none', { [key('db.bootstrapBatchSize')]: 'many' }, /is many, expected an integer from 1/],
    ['a port that is none', { [key('db.container.httpPort')]: 70_000 }, /expected an integer from 0 to 65535/],
    ['a path of its own', { [key('db.container.healthcheckPath')]: 'bootstrap' }, /none of the server's own/],
    ['compression', { [key('db.container.enableHttpCompression')]: true }, /answers are never compressed/],
    [
      'rows that would be counted',
      { [key('defaultRowsThresholdForSnapshotBypass')]: 500 },
      /expected -1 or 9223372036854775807/,
    ],
    ['the port of a relay', { [key('container.httpPort')]: 1 }, /databus.bootstrap.db.container/],
  ])('refuses %s by name', (_what, values, expected) => {
    expect(() => of(values)).toThrow(expected)
    expect(() => of(values)).not.toThrow(/hidden/)
  })

  it('refuses names and addresses that are none', () => {
    expect(() => new BootstrapConfig({ address: 'store' })).toThrow(/address.*expected host:port/)
    expect(() => new BootstrapConfig({ hosts: ['a b'] })).toThrow(/hosts/)
    expect(() => new BootstrapConfig({ peers: ['10.0.0.0/99'] })).toThrow(/peers/)
    expect(new BootstrapConfig({ address: '[::1]:6060' }).address).toBe('[::1]:6060')
  })

  it('has a schema for each key', () => {
    expect(serverPropertySchemas[key('db.bootstrapBatchSize')]).toMatchObject({ type: 'integer', minimum: 1 })
    const [family] = Object.keys(serverFamilySchemas)
    expect(new RegExp(family ?? '').test(key('rowsThresholdForSnapshotBypass(shop.item)'))).toBe(true)
  })
})
