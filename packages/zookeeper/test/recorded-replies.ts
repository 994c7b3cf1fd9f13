import { readFileSync } from 'node:fs'
import { parts } from '../src/multi-parts.ts'
import { multi } from '../src/multi.ts'
import { Chroot } from '../src/node-path.ts'
import { JuteReader } from '../src/jute-reader.ts'
import { type Operation } from '../src/operation.ts'
import * as operations from '../src/operations.ts'

const FILE = new URL('testdata/replies-3.8.0.json', import.meta.url)
const NONE = Buffer.alloc(0)

/** What a server of version 3.8.0 has answered, bodies of packets, by what it was asked. */
export const recorded: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>).map(([name, hex]) => [
    name,
    Buffer.from(hex, 'hex'),
  ]),
)

/** How each of them is read. */
export const asked: Readonly<Record<string, Operation<unknown>>> = {
  create: operations.create('/a', NONE),
  createTtl: operations.create('/t', NONE, { mode: 'ttl', ttlMs: 60_000 }),
  createNotified: operations.create('/b', NONE),
  exists: operations.exists('/a', false),
  getData: operations.getData('/a', false),
  setData: operations.setData('/a', NONE),
  getChildren: operations.getChildren('/', false),
  getAcl: operations.getAcl('/a'),
  setAcl: operations.setAcl('/a', []),
  sync: operations.sync('/a'),
  addWatch: operations.addWatch('/t', 'recursive'),
  whoAmI: operations.whoAmI(),
  multi: multi([
    parts.create('/m', NONE),
    parts.create('/c', NONE, { mode: 'container' }),
    parts.setData('/a', NONE),
    parts.check('/a', 2),
    parts.remove('/m'),
  ]),
  multiRefused: multi([parts.check('/a', 2), parts.setData('/a', NONE, 17), parts.remove('/c')]),
  remove: operations.remove('/b'),
}

const whole = new Chroot('')

export interface Answer {
  readonly xid: number
  readonly zxid: bigint
  readonly code: number
  readonly result: unknown
}

/** An answer and all that is in it. */
export function readAnswer(operation: Operation<unknown>, bytes: Buffer): Answer {
  const reader = new JuteReader(bytes)
  const head = { xid: reader.int('an xid'), zxid: reader.long('a zxid'), code: reader.int('an error') }
  const result = operation.read(reader, whole)
  reader.end(operation.what)
  return { ...head, result }
}
