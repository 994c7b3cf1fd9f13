import { clientContainer } from '@aesop/container-client'
import { relayContainer } from '@aesop/container-relay'
import { launch } from '@aesop/runtime'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'

const NAME = 'aesop.test.several-relays'
/** A class of the user's own, whose rows the test finds: `registration source key`. */
const CONSUMER = `export class Factory {
  createConsumer({ registration }) {
    return { onDataEvent: ({ source, key }) => void globalThis['${NAME}'].push(registration + ' ' + source.name + ' ' + key) }
  }
}
`
const relay = (name: string, table: string): string => `  ${name}:
    class: DefaultRelayFactory
    properties:
      relayConfig: { relayProperties: { databus.relay.container.httpPort: 0 } }
      producerRegistrationList:
        - physicalSourceConfig: { name: ${name}, uri: 'memory:${name}?windows=2', sources: [${table}] }
`
const registration = (id: string, sources: string): string =>
  `        - { id: ${id}, consumerFactory: { class: './consumer.mjs#Factory' }, logicalSources: [${sources}] }\n`

test.each(['direct', 'http'])(
  'of two relays of a process each registration reads the one that serves it (%s)',
  async (transport) => {
    const folder = newFolder('relays')
    onTestFinished(() => {
      removeFolder(folder)
    })
    mkdirSync(folder, { recursive: true })
    const rows: string[] = []
    Object.assign(globalThis, { [NAME]: rows })
    const files = {
      'bootstrap.yaml':
        'beans:\n  info: { class: BootstrapInfo, properties: { runtimeNature: test, componentContainers: [relay, client] } }\n',
      'consumer.mjs': CONSUMER,
      'relay-config.yaml': `beans:\n${relay('shop', 'shop.orders')}${relay('crm', 'crm.people')}`,
      'client-config.yaml': `beans:
  client:
    class: DefaultClientFactory
    properties:
      clientConfig: { relayTransport: ${transport} }
      consumerRegistrationList:
${registration('people', 'crm.people')}${registration('orders', 'shop.orders')}${registration('both', 'crm.people, shop.orders')}`,
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    await using application = await launch(join(folder, 'bootstrap.yaml'), {
      containers: [relayContainer, clientContainer],
    })
    await until('both have their rows', () => rows.length === 4)
    expect(rows.toSorted()).toEqual([
      'orders shop.orders 0',
      'orders shop.orders 1',
      'people crm.people 0',
      'people crm.people 1',
    ])
    const client = application.get('client') as { describe(): { registrations: { id: string; fault?: string }[] } }
    // No relay has the tables of both: it is told what the one that was asked has.
    const both = (): string => client.describe().registrations.find(({ id }) => id === 'both')?.fault ?? ''
    await until('the fault', () => both() !== '')
    expect(both()).toMatch(/does not serve "(crm.people|shop.orders)"; it serves/)
  },
)
