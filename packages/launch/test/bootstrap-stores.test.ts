import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareLaunch } from '@aesop/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

const BOOTSTRAP = `beans:
  info: { class: BootstrapInfo, properties: { componentContainers: [bootstrap-producer, bootstrap] } }
`
const SOURCES = 'relays: [{ relayHost: 127.0.0.1 }], physicalSources: [{ name: shop, sources: [shop.item] }]'

const producer = (id: string, rest = ''): string =>
  `  ${id}: { class: DefaultBootstrapProducerFactory, properties: { ${SOURCES}${rest} } }\n`
const server = (rest = ''): string => `  server: { class: DefaultBootstrapServerFactory, properties: { ${rest} } }\n`
const file = (name: string): string => `store: { class: SqliteBootstrapStore, properties: { file: ${name} } }`
const uri = (text: string): string =>
  `store: { class: MysqlBootstrapStore, properties: { uri: 'mysql://${text}', password: x, ssl: off } }`

/** What a check says of a launch with these beans, without the folder of the test. */
async function told(producers: string, servers: string): Promise<string[]> {
  const folder = newFolder('stores')
  onTestFinished(() => {
    removeFolder(folder)
  })
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP)
  writeFileSync(join(folder, 'bootstrap-producer-config.yaml'), `beans:\n${producers}`)
  writeFileSync(join(folder, 'bootstrap-config.yaml'), `beans:\n${servers}`)
  const { problems } = await prepareLaunch(join(folder, 'bootstrap.yaml'), {
    containers: containersOf(standardContributions),
    env: { STORE: 'named.db' },
  })
  return problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`.replaceAll(`${folder}/`, ''))
}

test.each([
  ['both leave it out', producer('p'), server()],
  ['one names the file that the other has by default', producer('p'), server(file('.aesop/bootstrap.db'))],
  ['both name one file', producer('p', `, ${file('a/../store.db')}`), server(file('store.db'))],
  ['a placeholder says the file', producer('p', `, ${file("'${STORE}'")}`), server(file('named.db'))],
  ['both name one database', producer('p', `, ${uri('a@localhost/b')}`), server(uri('c@127.0.0.1:3306/b'))],
  ['two producers have stores of their own', producer('p') + producer('q', `, ${file('q.db')}`), server(file('q.db'))],
])('nothing is told of stores where %s', async (_what, producers, servers) => {
  expect(await told(producers, servers)).toEqual([])
})

test.each([
  [
    server(file('other.db')),
    '"server" reads other.db, and "p" at bootstrap-producer-config.yaml:2 fills .aesop/bootstrap.db',
  ],
  [
    server(uri('a@db.example/b')),
    '"server" reads the database b of db.example:3306, and "p" at bootstrap-producer-config.yaml:2 fills .aesop/bootstrap.db',
  ],
])(
  'a server that reads another store than the producer of its launch fills is told of: %s',
  async (servers, message) => {
    expect(await told(producer('p'), servers)).toEqual([`warning AESOP_DESCRIPTOR_STORE_ELSEWHERE: ${message}`])
  },
)

test('a reference leads to the store', async () => {
  const store = '  s: { class: SqliteBootstrapStore, properties: { file: s.db } }\n'
  expect(await told(store + producer('p', ', store: { ref: s }'), server())).toEqual([
    'warning AESOP_DESCRIPTOR_STORE_ELSEWHERE: "server" reads .aesop/bootstrap.db, and "p" at bootstrap-producer-config.yaml:3 fills s.db',
  ])
})

test('two producers of one store are refused', async () => {
  expect(await told(producer('p') + producer('q'), server())).toEqual([
    'error AESOP_DESCRIPTOR_STORE_DOUBLE: "q" would fill .aesop/bootstrap.db, and so does "p" at bootstrap-producer-config.yaml:2',
  ])
})
