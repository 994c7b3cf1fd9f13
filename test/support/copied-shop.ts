import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LaunchedProcess } from './launched-process.ts'
import { ROW_TEXT } from './markers.ts'
import { type ShopServer } from './shop-server.ts'

export const ITEMS = 8000
export const TAGS = 600
const CONSUMER = resolve(import.meta.dirname, 'copy-consumer.js')

/** Two tables of a server, one of whose keys are words, and a launch that brings them into tables `copy.…` of the same server. */
export class CopiedShop {
  readonly shop: ShopServer
  readonly folder: string

  private constructor(shop: ShopServer, folder: string) {
    this.shop = shop
    this.folder = folder
  }

  /** @param port by which the launch reaches the source */
  static async filled(shop: ShopServer, folder: string, port = shop.server.port): Promise<CopiedShop> {
    await fill(shop)
    writeDescriptors(folder, shop, port)
    return new CopiedShop(shop, folder)
  }

  launch(...args: readonly string[]): LaunchedProcess {
    return LaunchedProcess.start([join(this.folder, 'bootstrap.yaml'), ...args])
  }

  async rowsOf(database: 'shop' | 'copy'): Promise<string[]> {
    const { server } = this.shop
    const items = await server.query(`SELECT id, name, more FROM ${database}.item ORDER BY id`)
    const tags = await server.query(`SELECT word, more FROM ${database}.tag ORDER BY word`)
    return [...items, ...tags].map((row) => JSON.stringify(Object.values(row)))
  }

  async copied(): Promise<number> {
    const [row] = await this.shop.server.query<{ n: number }>(
      'SELECT (SELECT COUNT(*) FROM copy.item) + (SELECT COUNT(*) FROM copy.tag) AS n',
    )
    return row?.n ?? 0
  }
}

async function fill(shop: ShopServer): Promise<void> {
  await shop.begin()
  const { server } = shop
  await server.query('CREATE TABLE shop.tag (word VARCHAR(40) PRIMARY KEY, more INT) DEFAULT CHARSET utf8mb4')
  await server.query('DROP DATABASE IF EXISTS copy; CREATE DATABASE copy')
  await server.query("CREATE USER IF NOT EXISTS copier@'127.0.0.1' IDENTIFIED BY 'copied'")
  await server.query("GRANT ALL ON copy.* TO copier@'127.0.0.1'")
  await server.query('CREATE TABLE copy.item LIKE shop.item; CREATE TABLE copy.tag LIKE shop.tag')
  for (let from = 0; from < ITEMS; from += 1000) {
    const items = Array.from({ length: 1000 }, (_, i) => `(${from + i}, '${ROW_TEXT} ${from + i}', 0)`)
    await server.query(`INSERT INTO shop.item VALUES ${items.join(',')}`)
  }
  await server.query(
    `INSERT INTO shop.tag VALUES ${Array.from({ length: TAGS }, (_, i) => `('w${i}', ${i})`).join(',')}`,
  )
}

function writeDescriptors(folder: string, shop: ShopServer, port: number): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'bootstrap.yaml'),
    'beans:\n  bootstrapInfo:\n    class: BootstrapInfo\n    properties: { applicationName: copy, runtimeNature: standalone, componentContainers: [blocking-bootstrap] }\n',
  )
  writeFileSync(
    join(folder, 'blocking-bootstrap-config.yaml'),
    `beans:
  blocking:
    class: BlockingBootstrapServerFactory
    properties:
      bootstrapConfig: { numberOfPartitions: 3, executorQueueSize: 1000, chunkRows: 300, until: '\${until:}', progressMs: 200 }
      consumerFactory: { class: '${CONSUMER}#CopyFactory', properties: { port: ${shop.server.port} } }
      producerRegistrationList:
        - physicalSourceConfig: { uri: ${JSON.stringify(shop.server.uri(port))}, name: shop, sources: [shop.item, shop.tag] }
`,
  )
}
