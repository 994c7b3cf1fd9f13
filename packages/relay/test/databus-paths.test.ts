import { headers } from '@aesop/wire'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { get, startRelay } from './support/relay-fixture.ts'

const ANSWERED = 'answered'
const INVALID = 'InvalidRequestParamValueException'
const UNKNOWN = 'UnknownCommandException'
const REFUSED = 'RequestRefusedError'

/** Every path of a Databus relay, with examples for what stands in it, and what becomes of a `GET` of it. */
const PATHS: Readonly<Record<string, string>> = {
  '/sources': ANSWERED,
  '/sources?v=2': ANSWERED,
  '/sources?v=3': INVALID,
  '/register': ANSWERED,
  '/register?sources=40,41&protocolVersion=4&compress=true': ANSWERED,
  '/register?protocolVersion=5': INVALID,
  '/register?sources=7': INVALID,
  '/stream?sources=40&size=1000&output=binary': ANSWERED,
  '/containerStats/inbound/events/total?pretty': ANSWERED,
  '/containerStats/inbound/events/psources': ANSWERED,
  '/containerStats/inbound/events/psource/test': ANSWERED,
  '/containerStats/inbound/events/psource/test:1': ANSWERED,
  '/containerStats/inbound/events/psource/test/1': ANSWERED,
  '/containerStats/inbound/events/psource/other': INVALID,
  '/containerStats/inbound/events/source/40': INVALID,
  '/containerStats/inbound/events/sources': INVALID,
  '/containerStats/outbound/events/total': INVALID,
  '/containerStats/outbound/events/clients': INVALID,
  '/containerStats/outbound/total': ANSWERED,
  '/containerStats/outbound/clients': ANSWERED,
  '/containerStats/outbound/client/nobody': INVALID,
  '/containerStats/inbound/total': INVALID,
  '/containerStats/container': ANSWERED,
  '/containerStats/netty': ANSWERED,
  '/containerStats/more': INVALID,
  '/relayStats/outbound/http/total': ANSWERED,
  '/relayStats/outbound/http/sources': ANSWERED,
  '/relayStats/outbound/http/source/40': ANSWERED,
  '/relayStats/outbound/http/clients': ANSWERED,
  '/relayStats/outbound/http/client/127.0.0.1': ANSWERED,
  '/relayStats/inbound/gg/psources/': INVALID,
  '/javaStats/memory': ANSWERED,
  '/javaStats/memory/heap': ANSWERED,
  '/javaStats/memory/nonheap': ANSWERED,
  '/javaStats/gc': ANSWERED,
  '/javaStats/os': ANSWERED,
  '/javaStats/threads': INVALID,
  '/physicalSources': ANSWERED,
  '/physicalBuffers?pretty': ANSWERED,
  '/bufferInfo/inbound/test/1': ANSWERED,
  '/bufferInfo/inbound/test:1': ANSWERED,
  '/bufferInfo/inbound/test/2': 'BufferNotFoundException',
  '/bufferInfo/outbound/test/1': INVALID,
  '/relayCommand/printRelayInfo': ANSWERED,
  '/relayCommand/saveMetaInfo': REFUSED,
  '/relayCommand/shutdownRelay': REFUSED,
  '/relayCommand/validateRelayBuffer': REFUSED,
  '/relayCommand/disconnectClients': REFUSED,
  '/relayCommand/runGC': REFUSED,
  '/relayCommand/resetRelayBuffer/test/1?prevScn=1': REFUSED,
  '/relayCommand/getLastEventBinlogOffset/1': REFUSED,
  '/controlSources/status': ANSWERED,
  '/controlSources/status?sources=test': ANSWERED,
  '/controlSources/pause': REFUSED,
  '/controlSources/shutdown': REFUSED,
  '/config': ANSWERED,
  '/admin': ANSWERED,
  '/admin/status': ANSWERED,
  '/genDataEvents/check': UNKNOWN,
  '/loadDataEvents': UNKNOWN,
  '/operation/getpid': UNKNOWN,
  '/echo': UNKNOWN,
  '/sleep': UNKNOWN,
  '/bootstrap': UNKNOWN,
  '/startSCN': UNKNOWN,
  '/targetSCN': UNKNOWN,
  '/clientStats': UNKNOWN,
  '/clientState': UNKNOWN,
}
const PAGE = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8')

test('every path of a Databus relay is answered, or refused by the name that its clients know', async () => {
  const { producer, port } = await startRelay()
  producer.addWindow([{ key: 1 }, { key: 2, source: 'com.x.Address' }], 101n)
  await get(port, '/stream?sources=40&size=1000&output=binary')
  const found: Record<string, string> = {}
  for (const path of Object.keys(PATHS)) {
    const answer = await get(port, path)
    const name = answer.headers[headers.error]
    found[path] = name === undefined && answer.status === 200 ? ANSWERED : String(name).replace(/^.*\./, '')
  }
  expect(found).toEqual(PATHS)
})

test('each of them is told of in the page on the protocol', () => {
  const commands = new Set(Object.keys(PATHS).map((path) => path.slice(1).replace(/[/?].*$/s, '')))
  expect([...commands].filter((command) => !PAGE.includes(`/${command}`))).toEqual([])
})
