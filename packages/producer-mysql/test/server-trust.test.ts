import { generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@aesop/kernel'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { addressOffLoopback } from '../../../test/support/certificates.ts'
import { until } from '../../../test/support/until.ts'
import { mysqlFault } from '../src/server/mysql-fault.ts'
import { ANSWER_BYTES_MAX } from '../src/server/packet-bound.ts'
import { connectToServer, type DatabaseServer } from '../src/server/server-connection.ts'
import { Impostor, packet, type Play, TWO_WELCOMES } from './impostor.ts'

const PASSWORD = 'p@ss/wrd%"\'é'
const off = addressOffLoopback()

describe('somebody who is not the server', () => {
  const open: Impostor[] = []
  const folder = mkdtempSync(join(tmpdir(), 'aesop-impostor-'))
  let asked = 0
  const password = new Secret(() => {
    asked++
    return PASSWORD
  })
  afterEach(() => {
    for (const each of open.splice(0)) each.close()
    asked = 0
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  async function impostor(play?: Play): Promise<Impostor> {
    const made = await Impostor.start(play)
    open.push(made)
    return made
  }

  async function failureOf(
    { port }: Impostor,
    host: string,
    tls?: DatabaseServer['tls'],
  ): Promise<{ code: string; message: string; remedy: string }> {
    const server = { host, port, user: 'aesop', password, ...(tls === undefined ? {} : { tls }) }
    const place = { server: `${host}:${port}`, user: 'aesop', serverId: 7, wanted: '', established: false }
    const limits = { timeoutMs: 3000, packetBytesMax: ANSWER_BYTES_MAX }
    return connectToServer(server, limits).then(
      () => expect.fail('it was taken for the server'),
      (error: unknown) => mysqlFault(error, place),
    )
  }

  it.each(['mysql_native_password', 'caching_sha2_password', 'sha256_password', 'mysql_clear_password'])(
    'who offers no TLS off loopback and begins with %s gets nothing, and nobody asks for the password',
    async (plugin) => {
      const made = await impostor({ plugin })
      const error = await failureOf(made, off)
      expect(error).toMatchObject({ code: 'AESOP_MYSQL_SERVER_UNPROVEN', canRetry: false })
      expect(error.message).toContain('offers no TLS')
      for (const way of ['sslCa', 'sslFingerprint', 'ssl: unverified', 'ssl: off']) expect(error.remedy).toContain(way)
      expect(made.received).toHaveLength(0)
      expect(asked).toBe(0)
    },
  )

  it.each(['required', 'verify-identity', 'unverified'] as const)(
    'who offers no TLS gets nothing with ssl: %s, on loopback neither',
    async (mode) => {
      for (const host of [off, '127.0.0.1']) {
        const made = await impostor()
        expect(await failureOf(made, host, { mode })).toMatchObject({ code: 'AESOP_MYSQL_TLS_REFUSED' })
        expect(made.received).toHaveLength(0)
      }
      expect(asked).toBe(0)
    },
  )

  it.each([{ mode: 'off' }, { mode: 'auto' }] as const)(
    'who asks for the password in the clear does not get it, with %o',
    async (tls) => {
      for (const play of [{ plugin: 'mysql_clear_password' }, { switchTo: 'mysql_clear_password' }]) {
        const made = await impostor({ ...play, switchTo: 'mysql_clear_password' })
        const host = tls.mode === 'off' ? off : '127.0.0.1'
        expect(await failureOf(made, host, tls)).toMatchObject({
          code: 'AESOP_MYSQL_AUTHENTICATION_PLUGIN',
          canRetry: false,
        })
        expect(made.received.includes('aesop')).toBe(true)
        expect(made.received.includes(PASSWORD)).toBe(false)
      }
    },
  )

  it('who sends a key of its own can not read a password that is encrypted by the key of the server', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const path = join(folder, 'public_key.pem')
    writeFileSync(path, publicKey.export({ type: 'spki', format: 'pem' }))
    const made = await impostor({ plugin: 'caching_sha2_password', switchTo: 'caching_sha2_password' })
    const failure = failureOf(made, off, { mode: 'auto', serverPublicKeyPath: path })
    await until('the encrypted password', () => made.received.length > 4 + 256)
    expect(made.decrypted).toBeUndefined()
    const sent = made.received.subarray(-256)
    expect(privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, sent)).toHaveLength(Buffer.byteLength(PASSWORD) + 1)
    made.close()
    await failure
    expect(asked).toBe(1)
    expect(made.received.includes(PASSWORD)).toBe(false)
  })

  it('on loopback sends its key, as a MySQL server does, and this is what the rule is for', async () => {
    const made = await impostor({ plugin: 'caching_sha2_password', switchTo: 'caching_sha2_password' })
    const failure = failureOf(made, '127.0.0.1')
    await until('the encrypted password', () => made.decrypted !== undefined)
    made.close()
    await failure
  })

  it('never sees that files of this host are to be had', async () => {
    const made = await impostor()
    const failure = failureOf(made, '127.0.0.1')
    await until('the answer', () => made.received.length > 8)
    const LOCAL_FILES = 0x80
    expect(made.received.readUInt32LE(4) & LOCAL_FILES).toBe(0)
    made.close()
    await failure
  })

  it.each([
    ['a greeting of 16 MiB', { greeting: Buffer.from([0xff, 0xff, 0xff, 0, 10]) }, 'PACKET_TOO_LARGE'],
    ['a packet of 16 MiB in the log-in', { switchTo: 'x'.repeat(70_000) }, 'PACKET_TOO_LARGE'],
    ['another protocol', { greeting: Buffer.from('SSH-2.0-OpenSSH\r\n') }, 'PACKET_TOO_LARGE'],
    ['an old protocol', { greeting: packet(0, Buffer.from([9, 0])) }, 'GREETING_INVALID'],
    ['a greeting that is cut short', { greeting: packet(0, Buffer.from('\n9.1.0\0abc')) }, 'GREETING_INVALID'],
    ['what comes before it is asked for', { behind: packet(1, Buffer.from([0, 0, 0])) }, 'GREETING_INVALID'],
  ] as const)('with %s is refused by name', async (_what, play, code) => {
    const made = await impostor(play)
    expect(await failureOf(made, '127.0.0.1')).toMatchObject({ code: `AESOP_MYSQL_${code}`, canRetry: false })
  })

  it('who goes on talking behind the log-in breaks the connection before anybody has taken it, and not the process', async () => {
    const { port } = await impostor({ answer: TWO_WELCOMES })
    const broken: unknown[] = []
    const onBroken = (error: Error): unknown => broken.push(error)
    const limits = { timeoutMs: 3000, packetBytesMax: ANSWER_BYTES_MAX, onBroken }
    const connection = await connectToServer({ host: '127.0.0.1', port, user: 'aesop', password }, limits)
    connection.destroy()
    expect(broken).toMatchObject([{ code: 'PROTOCOL_UNEXPECTED_PACKET' }])
  })
})
