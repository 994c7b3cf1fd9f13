import { createServer, type Server } from 'node:http'
import { type AddressInfo, createConnection, type Socket } from 'node:net'
import { silentLogger } from '@aesop/kernel'
import { type AdminOptions, createApplication, prepareLaunch, serveAdmin } from '@aesop/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import { AdminConnections } from '../../src/admin/admin-connections.ts'
import { deedsContainer } from '../support/deeds-container.ts'
import { DescriptorFolder } from '../support/descriptor-folder.ts'

const MANY = 200

/** An application with its admin server; @returns its port. */
async function serve(options: Partial<AdminOptions> = {}): Promise<number> {
  using folder = DescriptorFolder.withFixture('beans:\n  greeter: { class: Greeter, properties: { word: hello } }\n')
  const preparation = await prepareLaunch(folder.bootstrap, { containers: [deedsContainer()] })
  const application = await createApplication(preparation, {})
  onTestFinished(async () => {
    await application.stop()
  })
  await application.start()
  const { mask } = preparation
  const address = { host: '127.0.0.1', port: 0, isPortFixed: true }
  const { url } = await serveAdmin(application, { ...address, mask, log: silentLogger, ...options })
  return Number(new URL(url).port)
}

/** Connections that begin a request and do not go on; how many of them are open, in the end, after each had its answer or none. */
function idlers(port: number, count: number): { open: () => number; leave: () => void } {
  const sockets = Array.from({ length: count }, (): Socket => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('GET /health/live HTTP/1.1\r\nHost: lo'))
    return socket.on('error', () => undefined).resume()
  })
  const leave = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(leave)
  return { open: () => sockets.filter(({ destroyed }) => !destroyed).length, leave }
}

test('connections that are too many are closed, so that the process keeps its files, and counted', async () => {
  const port = await serve({ readTimeoutMs: 60_000 })
  const idle = idlers(port, MANY)
  await until('the bound', () => idle.open() <= 64)
  expect(idle.open()).toBe(64)
  idle.leave()
  const page = async (): Promise<string> =>
    fetch(`http://127.0.0.1:${port}/metrics`).then(
      (response) => response.text(),
      () => '',
    )
  let text = ''
  await until('room again', async () => /^aesop_admin_connections 1$/m.test((text = await page())))
  const refused = /^aesop_admin_refused_connections_total (\d+)$/m.exec(text)?.[1]
  expect(Number(refused)).toBeGreaterThanOrEqual(MANY - 64)
})

test('a request that does not come to its end is given up', async () => {
  const idle = idlers(await serve({ readTimeoutMs: 100 }), 3)
  await until('the end of all', () => idle.open() === 0)
})

test('a part of the files that the process may open is left to others', async () => {
  const connections = new AdminConnections(silentLogger, 20)
  const server = await listening(createServer())
  connections.watch(server)
  const idle = idlers((server.address() as AddressInfo).port, 3)
  await until('the end of all', () => idle.open() === 0)
  expect(connections.refused).toBe(3)
})

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return server
}
