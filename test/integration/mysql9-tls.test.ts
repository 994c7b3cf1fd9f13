import { writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addressOffLoopback } from '../support/certificates.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { ROW_TEXT, SERVER_PASSWORD } from '../support/markers.ts'

/*
 * Encrypted connections to a live MySQL 9, which makes certificates of its own in its data directory. It is no part of
 * every run, because Debian's unstable suite, from which the server comes (50 MB), moves.
 */
describe('encrypted connections to a server', () => {
  let server: MysqlServer
  let folder: string
  const made: ProducerRig[] = []
  let nextId = 1

  beforeAll(async () => {
    server = await MysqlServer.start({ lines: ['max-allowed-packet=64M', 'bind-address=0.0.0.0'] })
    folder = newFolder('tls')
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY, text LONGTEXT)')
    await server.query(`CREATE USER only_tls@'%' IDENTIFIED BY '${SERVER_PASSWORD}' REQUIRE SSL;
      CREATE USER only_cert@'%' IDENTIFIED BY '${SERVER_PASSWORD}' REQUIRE X509;
      GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO only_tls@'%', only_cert@'%'`)
  })
  afterEach(async () => {
    for (const rig of made.splice(0)) await rig.producer.stop()
  })
  afterAll(async () => {
    removeFolder(folder)
    await server.destroy()
  })

  const pem = (name: string): string => encodeURIComponent(join(server.dataFolder, name))

  function rig(parameters: string, user = 'only_tls', uri = server.uri(server.port, user)): ProducerRig {
    const rig_ = new ProducerRig({ uri: `${uri}${parameters}`, name: 'shop', sources: ['shop.item'] })
    made.push(rig_)
    return rig_
  }

  async function reads(parameters: string, user?: string): Promise<void> {
    const each = await rig(parameters, user).start()
    const id = nextId++
    await server.query('INSERT INTO shop.item VALUES (?, ?)', [id, ROW_TEXT])
    await each.arrived(1)
    expect(each.ledger.ids).toEqual([id])
  }

  it('are made where nobody has said otherwise, on loopback whatever the certificate', async () => {
    await reads('')
    await reads('?ssl=required')
    await expect(rig('?ssl=off').start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED' })
  })

  it('are proven by the key for passwords, which the log-in takes in the place of one that the server sends', async () => {
    await server.query(`CREATE USER fresh@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
    await server.query("GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO fresh@'%'")
    const account = server.uri(server.port, 'fresh').replace('127.0.0.1', addressOffLoopback())
    await expect(rig('', '', account).start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNPROVEN' })
    const wrong = join(folder, 'wrong.pem')
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(wrong, publicKey.export({ type: 'spki', format: 'pem' }))
    const withKey = (path: string): ProducerRig => rig(`?sslServerPublicKey=${encodeURIComponent(path)}`, '', account)
    await expect(withKey(wrong).start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED' })
    const each = await withKey(join(server.dataFolder, 'public_key.pem')).start()
    expect(each.producer.health().detail).toContain('sslServerPublicKey')
  })

  it('verify the authority of the certificate with ssl=verify-ca', async () => {
    await reads(`?ssl=verify-ca&sslCa=${pem('ca.pem')}`)
  })

  it('show the certificate of the client', async () => {
    const own = `&sslCert=${pem('client-cert.pem')}&sslKey=${pem('client-key.pem')}`
    await reads(`?ssl=verify-ca&sslCa=${pem('ca.pem')}${own}`, 'only_cert')
    await expect(rig('?ssl=required', 'only_cert').start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED' })
  })

  it('end by name with another authority, without one, and with another host name', async () => {
    const other = join(folder, 'other.pem')
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=other']
    execFileSync('openssl', [...request, '-keyout', join(folder, 'other.key'), '-out', other], { stdio: 'pipe' })
    const refused = { code: 'AESOP_MYSQL_SERVER_UNPROVEN', canRetry: false }
    await expect(rig(`?ssl=verify-ca&sslCa=${encodeURIComponent(other)}`).start()).rejects.toMatchObject(refused)
    await expect(rig('?ssl=verify-identity').start()).rejects.toMatchObject(refused)
    // MySQL's own certificate names no host.
    const byName = server.uri(server.port, 'only_tls').replace('127.0.0.1', 'localhost')
    const identity = rig(`?ssl=verify-identity&sslCa=${pem('ca.pem')}`, '', byName)
    await expect(identity.start()).rejects.toMatchObject(refused)
  })

  it('check the host name with ssl=verify-identity', async () => {
    const extension = join(folder, 'extension')
    writeFileSync(extension, 'subjectAltName=DNS:localhost')
    const [key, request, certificate] = ['key', 'csr', 'pem'].map((ending) => join(folder, `named.${ending}`))
    const run = (...parameters: (string | undefined)[]): Buffer =>
      execFileSync(
        'openssl',
        parameters.filter((each) => each !== undefined),
        { stdio: 'pipe' },
      )
    run('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=named', '-keyout', key, '-out', request)
    const ca = ['-CA', join(server.dataFolder, 'ca.pem'), '-CAkey', join(server.dataFolder, 'ca-key.pem')]
    run(
      'x509',
      '-req',
      '-in',
      request,
      ...ca,
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      extension,
      '-out',
      certificate,
    )
    execFileSync('chmod', ['-R', 'a+rX', folder])
    await server.query(
      `SET GLOBAL ssl_cert = '${certificate ?? ''}', GLOBAL ssl_key = '${key ?? ''}'; ALTER INSTANCE RELOAD TLS`,
    )
    const byName = server.uri(server.port, 'only_tls').replace('127.0.0.1', 'localhost')
    const each = await rig(`?ssl=verify-identity&sslCa=${pem('ca.pem')}`, '', byName).start()
    const id = nextId++
    await server.query('INSERT INTO shop.item VALUES (?, ?)', [id, ROW_TEXT])
    await each.arrived(1)
    expect(each.ledger.ids).toEqual([id])
  })

  it('end by name where the server offers none', async () => {
    const plain = await MariadbServer.start()
    try {
      await plain.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
      const refused = rig('?ssl=required', '', plain.uri()).start()
      await expect(refused).rejects.toMatchObject({ code: 'AESOP_MYSQL_TLS_REFUSED' })
    } finally {
      await plain.destroy()
    }
  })

  it('carry large events and hold the server back while the sink is busy', async () => {
    const each = await rig('?ssl=required').start()
    let release: () => void = () => undefined
    each.ledger.writable = new Promise((resolve) => {
      release = resolve
    })
    const ids = Array.from({ length: 20 }, () => nextId++)
    const before = process.memoryUsage().arrayBuffers
    for (const id of ids) await server.query("INSERT INTO shop.item VALUES (?, REPEAT('x', 10000000))", [id])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000)
    each.ledger.writable = undefined
    release()
    await each.arrived(ids.length)
    expect(each.ledger.ids).toEqual(ids)
  })
})
