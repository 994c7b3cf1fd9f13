import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { type SessionSettings, SettingInvalidError, type TlsSettings, ZooKeeperSession } from '@aesop/zookeeper'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CertificateAuthority, type MadeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { ZooKeeperRig } from '../support/zookeeper-rig.ts'
import { ZooKeeperServer } from '../support/zookeeper-server.ts'

/* A real server with TLS: who it is, who we are, and what is refused. */
const EMPTY = Buffer.alloc(0)
const TIMEOUT_MS = 8_000

let folder: string
let ca: CertificateAuthority
let own: MadeCertificate
let port: number
let server: ZooKeeperServer

beforeAll(async () => {
  folder = newFolder('zookeeper-tls')
  ca = new CertificateAuthority(join(folder, 'ca'))
  const made = ca.sign('IP:127.0.0.1,DNS:zk.example')
  own = ca.sign('DNS:member.example')
  const store = join(folder, 'server.pem')
  writeFileSync(store, readFileSync(made.key, 'utf8') + readFileSync(made.certificate, 'utf8'))
  port = await freePort()
  const lines = [
    'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
    `secureClientPort=${port}`,
    'secureClientPortAddress=127.0.0.1',
    `ssl.keyStore.location=${store}`,
    'ssl.keyStore.type=PEM',
    `ssl.trustStore.location=${ca.certificate}`,
    'ssl.trustStore.type=PEM',
    'ssl.clientAuth=want',
    'authProvider.1=org.apache.zookeeper.server.auth.X509AuthenticationProvider',
  ]
  server = await ZooKeeperServer.start({ lines })
})

afterAll(async () => {
  await server.destroy()
  removeFolder(folder)
})

const secured = (tls: TlsSettings, host = '127.0.0.1'): SessionSettings => ({
  servers: `${host}:${port}`,
  timeoutMs: TIMEOUT_MS,
  tls,
})
const refused = (settings: SessionSettings): Promise<unknown> =>
  ZooKeeperSession.open(settings, { deadlineMs: 1_500 }).then(
    () => 'opened',
    (error: unknown) => String(error),
  )

test('a node belongs to the certificate of who made it', async () => {
  await using rig = new ZooKeeperRig()
  const { certificate, key } = own
  const owner = await rig.open(secured({ ca: ca.certificate, certificate, key }))
  expect(await owner.whoAmI()).toContainEqual({ scheme: 'x509', id: 'CN=a server' })
  await owner.create('/owned', Buffer.from('own'))
  expect((await owner.getAcl('/owned')).acl).toEqual([{ permissions: 31, scheme: 'x509', id: 'CN=a server' }])
  expect((await owner.getData('/owned')).data.toString()).toBe('own')
  const other = await rig.open({ servers: server.address(), timeoutMs: TIMEOUT_MS })
  await expect(other.getData('/owned')).rejects.toThrow('get /owned: NoAuth (-102)')
  await expect(other.create('/none', EMPTY)).rejects.toThrow('InvalidAcl')
})

test('authorities, certificates and keys are taken as text, too', async () => {
  await using rig = new ZooKeeperRig()
  const [authority, certificate, key] = [ca.certificate, own.certificate, own.key].map((path) =>
    readFileSync(path, 'utf8'),
  )
  const tls = { ca: authority ?? '', certificate: certificate ?? '', key: key ?? '' }
  expect(await (await rig.open(secured(tls))).whoAmI()).toContainEqual({ scheme: 'x509', id: 'CN=a server' })
})

test('a server is believed by its certificate alone, and the name that it bears', async () => {
  await using rig = new ZooKeeperRig()
  expect(await refused(secured({}))).toMatch(/unable to verify the first certificate|self-signed certificate/)
  expect(await refused(secured({ ca: ca.certificate }, 'localhost'))).toMatch(/does not match certificate/)
  const named = await rig.open(secured({ ca: ca.certificate, serverName: 'zk.example' }, 'localhost'))
  expect(named.state).toBe('connected')
  const unverified = await rig.open(secured({ unverified: true }, 'localhost'))
  expect(unverified.state).toBe('connected')
})

test('TLS to a port without it, and none to a port with it, is said and ends', async () => {
  const clear = { servers: server.address(), timeoutMs: TIMEOUT_MS, tls: { ca: ca.certificate } }
  expect(await refused(clear)).toMatch(/^AbandonedError: the session was not opened, not sent: ZooKeeper 127/)
  expect(await refused({ servers: server.address(port), timeoutMs: TIMEOUT_MS })).toMatch(/^AbandonedError/)
})

test('what is no certificate is refused before anything is connected, and no key is shown', async () => {
  const key = readFileSync(own.key, 'utf8')
  const open = (tls: TlsSettings) => ZooKeeperSession.open(secured(tls))
  await expect(open({ certificate: own.certificate })).rejects.toThrow('certificate and key are given together')
  await expect(open({ ca: join(folder, 'none.pem') })).rejects.toThrow(
    /tls\.ca is .*none\.pem: the file can not be read/,
  )
  const error: unknown = await open({ certificate: key, key: own.certificate }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SettingInvalidError)
  expect(inspect(error)).not.toContain(key.split('\n')[1] ?? '')
})
