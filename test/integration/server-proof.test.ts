import { appendFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '@aesop/kernel'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mysqlFault } from '../../packages/producer-mysql/src/server/mysql-fault.ts'
import { ANSWER_BYTES_MAX } from '../../packages/producer-mysql/src/server/packet-bound.ts'
import { parseMysqlUri } from '../../packages/producer-mysql/src/server/mysql-uri.ts'
import { connectToServer } from '../../packages/producer-mysql/src/server/server-connection.ts'
import { ServerQuestions } from '../../packages/producer-mysql/src/server/server-questions.ts'
import { type TlsSettings } from '../../packages/producer-mysql/src/server/tls-settings.ts'
import { addressOffLoopback, CertificateAuthority, type MadeCertificate } from '../support/certificates.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

const PAST = ['20200101000000Z', '20200201000000Z'] as const
const off = addressOffLoopback()
const LIMITS = { timeoutMs: 10_000, packetBytesMax: ANSWER_BYTES_MAX }

/** Off loopback is an address of this machine: the server is asked at it as from another host. */
describe('a server with TLS proves who it is', () => {
  let server: MariadbServer
  let authority: CertificateAuthority
  let good: MadeCertificate
  let asked = 0
  const rigs: ProducerRig[] = []
  const caBefore = process.env['SSL_CERT_FILE']

  beforeAll(async () => {
    server = await MariadbServer.start()
    await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
    authority = new CertificateAuthority(join(server.folder, 'certificates'))
    good = authority.sign(`IP:${off},IP:127.0.0.1`)
    await server.stop()
    const [certificate, key] = ['server.pem', 'server.key'].map((name) => join(server.dataFolder, name))
    appendFileSync(server.configurationPath, `bind-address=0.0.0.0\nssl-cert=${certificate}\nssl-key=${key}\n`)
    put(good)
    await server.restart()
  })
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.producer.stop()
    if (caBefore === undefined) delete process.env['SSL_CERT_FILE']
    else process.env['SSL_CERT_FILE'] = caBefore
    asked = 0
  })
  afterAll(async () => {
    await server.destroy()
  })

  function put({ certificate, key }: MadeCertificate): void {
    copyFileSync(certificate, join(server.dataFolder, 'server.pem'))
    copyFileSync(key, join(server.dataFolder, 'server.key'))
    server.ownData()
  }

  async function show(certificate: MadeCertificate): Promise<void> {
    put(certificate)
    await server.query('FLUSH SSL')
  }

  /** Logs in and gives the cipher of the connection; '' is none. */
  async function cipherWith(tls: TlsSettings, host = off): Promise<string> {
    const password = new Secret(() => {
      asked++
      return SERVER_PASSWORD
    })
    const connection = (
      await connectToServer({ host, port: server.port, user: 'aesop', password, tls }, LIMITS)
    ).promise()
    try {
      const [rows] = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'")
      return (rows as { Value: string }[])[0]?.Value ?? ''
    } finally {
      connection.destroy()
    }
  }

  const place = (host: string) => ({
    server: `${host}:${server.port}`,
    user: 'aesop',
    serverId: 7,
    wanted: '',
    established: false,
  })
  const failureOf = (tls: TlsSettings, host = off): Promise<{ code: string; message: string; remedy: string }> =>
    cipherWith(tls, host).then(
      () => expect.fail('it was let in'),
      (error: unknown) => mysqlFault(error, place(host)),
    )
  const auto = { mode: 'auto' } as const
  const byCa = (): TlsSettings => ({ mode: 'auto', caPath: authority.certificate })

  it('by an authority and its address, and is spoken to by TLS', async () => {
    await show(good)
    expect(await cipherWith(byCa())).not.toBe('')
    expect(await cipherWith({ ...byCa(), mode: 'verify-identity' }, '127.0.0.1')).not.toBe('')
  })

  it('by an authority that the system trusts', async () => {
    await show(good)
    process.env['SSL_CERT_FILE'] = authority.certificate
    expect(await cipherWith(auto)).not.toBe('')
  })

  it('to nobody who knows no authority: the error shows names, SHA-256 and ways that work, and no password was asked for', async () => {
    await show(good)
    const error = await failureOf(auto)
    expect(error).toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNPROVEN', canRetry: false })
    expect(error.message).toContain(`IP Address:${off}`)
    expect(error.message).toContain(good.sha256)
    expect(asked).toBe(0)
    const [, printed = ''] = /sslFingerprint: ([0-9A-F:]+)/.exec(error.remedy) ?? []
    const fingerprints = [printed.replaceAll(':', '').toLowerCase()]
    expect(await cipherWith({ mode: 'auto', fingerprints })).not.toBe('')
    expect(await cipherWith({ mode: 'unverified' })).not.toBe('')
    expect(await cipherWith({ mode: 'off' })).toBe('')
  })

  it('on loopback to everybody: TLS without a proof', async () => {
    await show(authority.selfSigned('DNS:elsewhere'))
    for (const host of ['127.0.0.1', 'localhost']) expect(await cipherWith(auto, host)).not.toBe('')
  })

  it('not by a certificate for another name, but to verify-ca', async () => {
    await show(authority.sign('DNS:elsewhere,IP:10.9.8.7'))
    const error = await failureOf(byCa())
    expect(error.code).toBe('AESOP_MYSQL_SERVER_UNPROVEN')
    expect(error.message).toContain(`not for ${off}`)
    expect(error.message).toContain('DNS:elsewhere, IP Address:10.9.8.7')
    expect(asked).toBe(0)
    expect(await cipherWith({ ...byCa(), mode: 'verify-ca' })).not.toBe('')
  })

  it.each([
    ['that has expired', () => authority.sign(`IP:${off}`, PAST), 'CERT_HAS_EXPIRED'],
    ['that it signed itself', () => authority.selfSigned(`IP:${off}`), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('not by a certificate %s', async (_what, certificate, fault) => {
    await show(certificate())
    for (const tls of [byCa(), { ...byCa(), mode: 'verify-ca' } as const, auto]) {
      const error = await failureOf(tls)
      expect(error.code).toBe('AESOP_MYSQL_SERVER_UNPROVEN')
      expect(error.message).toContain(tls === auto && fault === 'CERT_HAS_EXPIRED' ? 'not trusted' : fault)
    }
    expect(await failureOf(byCa(), '127.0.0.1')).toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNPROVEN' })
    expect(asked).toBe(0)
  })

  it('anew at each connection: with a certificate that replaced the known one it is refused', async () => {
    await show(good)
    const known: TlsSettings = { mode: 'auto', fingerprints: [good.sha256.replaceAll(':', '').toLowerCase()] }
    expect(await cipherWith(known)).not.toBe('')
    const next = authority.sign(`IP:${off}`)
    await show(next)
    const error = await failureOf(known)
    expect(error.code).toBe('AESOP_MYSQL_SERVER_UNPROVEN')
    expect(error.message).toContain(next.sha256)
    expect(await cipherWith(byCa())).not.toBe('')
  })

  it('and is not let to fill the memory: an answer beyond 16 MiB is refused by name', async () => {
    await show(good)
    await server.query('SET GLOBAL max_allowed_packet=67108864')
    for (const ssl of ['required', 'off']) {
      const uri = parseMysqlUri(`${server.uri()}?ssl=${ssl}`)
      const questions = new ServerQuestions({ uri, serverId: 7 })
      const asked = questions.ask('', (connection) => connection.query("SELECT REPEAT('x', 40000000)"))
      await expect(asked).rejects.toMatchObject({ code: 'AESOP_MYSQL_PACKET_TOO_LARGE', canRetry: false })
      const [rows] = await questions.ask('', (connection) => connection.query("SELECT LENGTH(REPEAT('x', 9)) AS n"))
      expect(rows).toEqual([{ n: 9 }])
      questions.release()
    }
  })

  function rig(options: Partial<ConstructorParameters<typeof ProducerRig>[0]>): ProducerRig {
    const account = { host: off, port: server.port, user: 'aesop', password: SERVER_PASSWORD }
    const made = new ProducerRig({ ...account, name: 'shop', sources: ['shop.item'], ...options })
    rigs.push(made)
    return made
  }

  it('to every connection of a source, whose password is asked for at each', async () => {
    await show(good)
    await server.query("CREATE USER spy@'%' IDENTIFIED BY 'first' REQUIRE SSL")
    await server.query("GRANT REPLICATION SLAVE, BINLOG MONITOR, SELECT ON *.* TO spy@'%'")
    let now = 'first'
    const made = rig({ user: 'spy', password: new Secret(() => now), sslCa: authority.certificate })
    await made.start()
    await server.query('INSERT INTO shop.item VALUES (1)')
    await made.arrived(1)
    now = '2nd p@ss/wrd%"#'
    await server.query("ALTER USER spy@'%' IDENTIFIED BY ?", [now])
    expect(await server.killDumpThreads()).toBe(1)
    await server.query('INSERT INTO shop.item VALUES (2)')
    await made.arrived(2)
    expect(made.producer.health()).toEqual({ status: 'up' })
  })

  it('or somebody has done without, which every start and health say, and which is no fault', async () => {
    await show(good)
    for (const ssl of ['unverified', 'off']) {
      const made = rig({ ssl })
      await made.start()
      const { status, detail } = made.producer.health()
      expect([status, detail]).toEqual(['up', expect.stringContaining(`ssl: ${ssl}`)])
      expect(made.warnings.filter((text) => text === detail)).toHaveLength(1)
    }
  })

  it('or a source ends by name, at the start', async () => {
    await show(good)
    await expect(rig({}).start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNPROVEN' })
  })
})
