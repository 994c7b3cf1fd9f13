import { describe, expect, test } from 'vitest'
import { RefusedError, ReplyMalformedError } from '../src/errors.ts'
import { readConnectReply } from '../src/handshake.ts'
import { JuteReader } from '../src/jute-reader.ts'
import { Chroot } from '../src/node-path.ts'
import { readWatchEvent } from '../src/watch-event.ts'
import { asked, readAnswer, recorded } from './recorded-replies.ts'

/* Answers of a real server: what they say, and that no byte that is missing or wrong does more than one error with a name. */
const ofA = {
  czxid: 2n,
  mzxid: 2n,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 4,
  numChildren: 0,
  pzxid: 2n,
}
const results: Readonly<Record<string, object | undefined>> = {
  create: { path: '/a', stat: { ...ofA, ctimeMs: 0x1a2271a7269, mtimeMs: 0x1a2271a7269 } },
  createTtl: { path: '/t', stat: { czxid: 3n } },
  createNotified: { path: '/b', stat: { czxid: 4n } },
  exists: ofA,
  getData: { data: Buffer.from('data'), stat: ofA },
  setData: { czxid: 2n, mzxid: 5n, version: 1, dataLength: 3 },
  getChildren: { children: ['a', 'b', 'zookeeper', 't'], stat: { numChildren: 4, pzxid: 4n } },
  getAcl: { acl: [{ permissions: 31, scheme: 'world', id: 'anyone' }], stat: { version: 1 } },
  setAcl: { aversion: 1 },
  sync: undefined,
  addWatch: undefined,
  whoAmI: [{ scheme: 'ip', id: '127.0.0.1' }],
  multi: ['/m', '/c', { version: 2, mzxid: 8n }, undefined, undefined],
  remove: undefined,
}

const bytesOf = (name: string): Buffer => recorded[name] ?? Buffer.alloc(0)
const notification = (bytes: Buffer) => {
  const reader = new JuteReader(bytes)
  reader.int('an xid')
  reader.long('a zxid')
  reader.int('an error')
  const event = readWatchEvent(reader, new Chroot(''))
  reader.end('a notification')
  return event
}
/** Everything that is read of a recorded packet. */
const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  ...Object.fromEntries(
    Object.entries(asked).map(([name, operation]) => [name, (bytes: Buffer) => readAnswer(operation, bytes)]),
  ),
  connect: readConnectReply,
  notification,
}

describe('an answer of a server', () => {
  test.each(Object.keys(results))('to %s is read whole', (name) => {
    const operation = asked[name]
    if (operation === undefined) throw new Error(`nothing reads ${name}`)
    const { code, result } = readAnswer(operation, bytesOf(name))
    expect(code).toBe(0)
    if (results[name] === undefined) expect(result).toBeUndefined()
    else expect(result).toMatchObject(results[name])
  })

  test('to a connect request says how long the session is, and its id', () => {
    expect(readConnectReply(bytesOf('connect'))).toEqual({
      timeoutMs: 4_000,
      session: { id: 0x0100020831d60000n, password: Buffer.from('a8eca21215e572f7c63319a3e637691a', 'hex') },
    })
    // Servers before 3.4 say no readOnly.
    expect(readConnectReply(bytesOf('connect').subarray(0, -1)).timeoutMs).toBe(4_000)
  })

  test('to a multi that was refused names the part that was its cause', () => {
    expect(() => readers['multiRefused']?.(bytesOf('multiRefused'))).toThrow(
      'multi refused at set /a: BadVersion (-103)',
    )
  })

  test('that nobody asked for tells what has changed', () => {
    expect(notification(bytesOf('notification'))).toEqual({ type: 'created', path: '/b' })
  })
})

describe('wrong bytes', () => {
  const names = Object.keys(readers)

  test.each(names)('that end anywhere in an answer to %s are one error', (name) => {
    const bytes = bytesOf(name)
    const isWhole = (length: number): boolean => name === 'connect' && length === bytes.length - 1
    for (let length = 0; length < bytes.length; length++) {
      if (!isWhole(length) && name !== 'addWatch') {
        expect(() => readers[name]?.(bytes.subarray(0, length)), `${length} bytes`).toThrow(ReplyMalformedError)
      }
    }
    const longer = Buffer.concat([bytes, Buffer.alloc(1)])
    expect(() => readers[name]?.(longer)).toThrow(name === 'multiRefused' ? RefusedError : ReplyMalformedError)
  })

  test.each(names)('anywhere in an answer to %s are read, or refused by name', (name) => {
    const bytes = bytesOf(name)
    let refused = 0
    for (let at = 0; at < bytes.length; at++) {
      for (const wrong of [0x00, 0x01, 0x7f, 0x80, 0xff]) {
        const other = Buffer.from(bytes)
        other[at] = wrong
        refused += isRead(() => readers[name]?.(other)) ? 0 : 1
      }
    }
    if (/path|get|multi|whoAmI|connect|notification/.test(name)) expect(refused).toBeGreaterThan(0)
  })
})

function isRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (error instanceof ReplyMalformedError || error instanceof RefusedError) return false
    throw error
  }
}
