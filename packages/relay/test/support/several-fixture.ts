import { Checkpoint } from '@aesop/checkpoint'
import { EventDecoder } from '@aesop/event'
import { type BeanContext } from '@aesop/kernel'
import { MemoryEventProducer, type PhysicalSourceOptions } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { type PhysicalPartition } from '@aesop/wire'
import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { onTestFinished } from 'vitest'
import { get, testContext } from './relay-fixture.ts'

export const SHOP = {
  uri: 'memory:shop',
  name: 'shop',
  id: 1,
  scnSpace: 'of-shop',
  sources: [
    { id: 40, uri: 'shop.orders' },
    { id: 41, uri: 'shop.items' },
  ],
}
export const CRM = {
  uri: 'memory:crm',
  name: 'crm',
  id: 2,
  scnSpace: 'of-crm',
  sources: [{ id: 50, uri: 'crm.people' }],
}
/** In the order of turns: by name. */
export const SEVERAL: readonly (PhysicalSourceOptions & PhysicalPartition)[] = [CRM, SHOP]
const SIZE = 1 << 20

export interface SeveralRelay {
  readonly relay: Relay
  readonly context: BeanContext
  readonly port: number
  readonly crm: MemoryEventProducer
  readonly shop: MemoryEventProducer
  /** A stream of tables of both, with what is given besides. */
  readonly stream: (parameters?: Readonly<Record<string, string | number>>) => ReturnType<typeof get>
}

/** A relay with two sources that have no windows yet, on a free port. */
export async function startSeveral(): Promise<SeveralRelay> {
  const context = testContext()
  const [crm, shop] = [new MemoryEventProducer({ name: 'crm' }), new MemoryEventProducer({ name: 'shop' })]
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const registrations = [
    new ProducerRegistration({ physicalSourceConfig: SHOP, eventProducer: shop }),
    new ProducerRegistration({ physicalSourceConfig: CRM, eventProducer: crm }),
  ]
  const relay = new Relay({ config, registrations, futureGraceMs: 0, stopGraceMs: 200 }, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  const port = relay.address?.port ?? 0
  const stream = (parameters: Readonly<Record<string, string | number>> = {}): ReturnType<typeof get> =>
    get(port, severalPath(parameters))
  return { relay, context, port, crm, shop, stream }
}

/** Parameters that are empty are left out. */
export function severalPath(parameters: Readonly<Record<string, string | number>>): string {
  const query = new URLSearchParams({ sources: '40,50', size: String(SIZE), output: 'binary' })
  for (const [name, value] of Object.entries(parameters)) query.set(name, String(value))
  if (query.has('subs')) query.delete('sources')
  return `/stream?${query.toString()}`
}

/** The parameter `checkPointMult`: a checkpoint by partition, `cursor` for the one that had the last turn. */
export function positions(
  places: readonly (readonly [partition: PhysicalPartition, checkpoint: bigint | number | Checkpoint])[],
  cursor?: PhysicalPartition,
): string {
  const nameOf = ({ id, name }: PhysicalPartition): string => JSON.stringify({ id, name })
  const entries = places.map(([partition, place]) => [
    nameOf(partition),
    (place instanceof Checkpoint ? place : Checkpoint.online(BigInt(place))).format(),
  ])
  const turn = cursor === undefined ? {} : { cursorPartition: nameOf(cursor) }
  return JSON.stringify({ ...Object.fromEntries(entries), ...turn })
}

/** What a body holds, one line per event: `partition/scn:key`, `partition/scn:end`. */
export function turns(body: Buffer): string[] {
  const decoder = new EventDecoder(1 << 28)
  const found: string[] = []
  decoder.push(body)
  for (let view = decoder.next(); view !== undefined; view = decoder.next())
    found.push(`${view.physicalPartition}/${view.scn}:${view.isEndOfPeriod ? 'end' : String(view.key)}`)
  decoder.end()
  return found
}

/** A stream that is open: what it has brought, and how it ended. Resolves when its head has come. */
export async function following(
  port: number,
  parameters: Readonly<Record<string, string | number>>,
): Promise<{ turns: () => string[]; ended: Promise<'whole' | 'broken'> }> {
  const chunks: Buffer[] = []
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest({ port, agent: false, path: severalPath(parameters) }, resolve)
      .on('error', reject)
      .end()
  })
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = once(response, 'close').then(() => (response.complete ? 'whole' : 'broken'))
  return { turns: () => turns(Buffer.concat(chunks)), ended }
}
