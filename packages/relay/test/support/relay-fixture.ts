import { EventDecoder } from '@aesop/event'
import { type BeanContext } from '@aesop/kernel'
import { MemoryEventProducer, type PhysicalSourceOptions } from '@aesop/producer'
import {
  ProducerRegistration,
  Relay,
  type RelayAccessOptions,
  RelayConfig,
  type RelayOptions,
  type RelayPropertyValues,
} from '@aesop/relay'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { testLog } from '../../../../test/support/test-log.ts'
import { until as named } from '../../../../test/support/until.ts'
import { witness } from '../../../../test/support/witness.ts'
import { searchPage } from '../../../../test/support/searched-page.ts'

export const PERSON = { id: 40, name: 'com.x.Person', uri: 'or_test.person' }
export const ADDRESS = { id: 41, name: 'com.x.Address', uri: 'or_test.address' }

export interface RunningRelay {
  relay: Relay
  producer: MemoryEventProducer
  context: BeanContext
  port: number
}

export interface FixtureOptions extends Partial<Omit<RelayOptions, 'config' | 'registrations'>> {
  properties?: RelayPropertyValues
  /** Who may ask, and under which names. */
  access?: RelayAccessOptions
  source?: Partial<PhysicalSourceOptions>
}

export function testContext(): BeanContext {
  const folder = newFolder('relay')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return {
    id: 'relay',
    container: 'relay',
    log: testLog('relay'),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared: new Map(),
    fail: () => undefined,
  }
}

export function makeRelay(
  options: FixtureOptions = {},
  context = testContext(),
): { relay: Relay; producer: MemoryEventProducer } {
  const { properties = {}, access = {}, source = {}, ...more } = options
  const producer = new MemoryEventProducer()
  const relayProperties = { 'databus.relay.container.httpPort': 0, ...properties }
  const config = new RelayConfig({ relayProperties, ...access })
  const registration = new ProducerRegistration({
    eventProducer: producer,
    physicalSourceConfig: { uri: 'memory:test', name: 'test', sources: [PERSON, ADDRESS], ...source },
  })
  const relay = new Relay({ config, registrations: [registration], futureGraceMs: 0, ...more }, context)
  witness('relay', () => ({ health: relay.health(), ...(relay.describe() as object) }))
  return { relay, producer }
}

/** A relay on a free port, stopped at the end of the test. */
export async function startRelay(options: FixtureOptions = {}): Promise<RunningRelay> {
  const context = testContext()
  const { relay, producer } = makeRelay(options, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  return { relay, producer, context, port: relay.address?.port ?? 0 }
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  trailers: Record<string, string | undefined>
  body: Buffer
  /** True when the connection broke before the end of the answer. */
  broken: boolean
}

/** Gets a page, and searches it for secrets: rows are what streams are for. */
export async function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await answerTo(port, path, headers)
  searchPage(path, Object.entries(answer.headers), answer.body.toString('latin1'), ['secret'])
  return answer
}

function answerTo(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => undefined)
      response.on('close', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(chunks),
          broken: !response.complete,
        })
      })
    })
    request.on('error', reject)
    request.end()
  })
}

export function online(scn: bigint | number, windowOffset = -1): string {
  const prevScn = windowOffset < 0 ? scn : -1
  return `{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":${scn},"prevScn":${prevScn},"windowOffset":${windowOffset}}`
}

/** The path of a stream request of the first source with everything else as given. */
export function streamPath(parameters: Record<string, string | number>): string {
  const query = new URLSearchParams({ sources: '40,41', size: String(1 << 20), output: 'binary' })
  for (const [name, value] of Object.entries(parameters)) query.set(name, String(value))
  return `/stream?${query.toString()}`
}

/** What a body holds, one line per event: `scn:key`, `scn:end`. */
export function lines(body: Buffer): string[] {
  const decoder = new EventDecoder(1 << 28)
  const result: string[] = []
  decoder.push(body)
  for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
    result.push(`${view.scn}:${view.isEndOfPeriod ? 'end' : String(view.key)}`)
  }
  decoder.end()
  return result
}

/** Waits until the condition holds, which is its own name. */
export function until(condition: () => boolean, deadlineMs?: number): Promise<void> {
  return named('the condition', condition, deadlineMs)
}
