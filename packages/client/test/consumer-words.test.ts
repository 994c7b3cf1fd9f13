import { ClientConfig, type ClientConfigOptions, ConsumerCallbackResult, type Registration } from '@aesop/client'
import { type Logger, type LogKeys, shownKey, silentLogger } from '@aesop/kernel'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

/*
 * What a consumer says of its own failure may hold anything of a row: it stands in the log, cut, and nowhere else. Keys
 * stand as `logKeys` says wherever they stand.
 */
const ROW = 'row-marker-4711'
const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

interface Said {
  readonly registration: Registration
  readonly consumer: RecordingConsumer
  readonly lines: { message: string; fields: Readonly<Record<string, unknown>> }[]
}

/** A registration whose consumer fails at the second row of a window for ever, in its own words. */
async function suspended(fail: () => never, logKeys?: LogKeys): Promise<Said> {
  const lines: Said['lines'] = []
  const note = (message: string, fields = {}): void => void lines.push({ message, fields })
  const log: Logger = { ...silentLogger, warn: note, error: note }
  const consumer = new RecordingConsumer()
  consumer.on = (line) => (line.startsWith('row 1 or_test.person 8') ? fail() : ConsumerCallbackResult.SUCCESS)
  const relay = new TestRelay()
  relay.append(1n, [
    { id: 7, name: 'n' },
    { id: 8, name: ROW },
  ])
  const relays = [await relay.start()]
  const registration = registrationOf({ relays, consumer, log, ...(logKeys === undefined ? {} : { logKeys }) })
  open.push(relay, registration)
  await registration.start()
  await eventually('the error', () => consumer.errors.length === 1)
  return { registration, consumer, lines }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const throwing = (): never => {
  throw new Error(`no room for ${ROW} ${'x'.repeat(10_000)}`)
}

describe("a consumer's own words", () => {
  it('stand in the log, cut at 4 KiB, and neither in health, description nor error', async () => {
    const { registration, consumer, lines } = await suspended(throwing)
    const texts = lines.map(({ fields }) => textOf(fields['error'])).filter((text) => text.includes(ROW))
    expect(texts.length).toBeGreaterThan(10)
    expect(texts.filter((text) => Buffer.byteLength(text) > 4096 + 40)).toEqual([])
    expect(texts[0]).toMatch(/bytes, cut\)$/)
    expect(registration.health()).toMatchObject({ status: 'down' })
    const { message, fields } = consumer.errors[0] ?? { message: '', fields: {} }
    const elsewhere = [
      registration.health(),
      registration.describe(),
      message,
      fields,
      lines.map((each) => each.message),
    ]
    const print = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
    expect(JSON.stringify(elsewhere, print)).not.toContain(ROW)
  })

  it('are what it returned, too, when that is no result', async () => {
    const { registration, lines } = await suspended((() => ROW) as () => never)
    expect(lines.some(({ fields }) => textOf(fields['error']).includes(ROW))).toBe(true)
    expect(registration.health().detail).not.toContain(ROW)
  })
})

describe('the key of a row that fails', () => {
  it.each([
    [undefined, `ordinal 1, key ${shownKey(8n, 'hash') ?? ''})`],
    ['hash', `ordinal 1, key ${shownKey(8n, 'hash') ?? ''})`],
    ['full', 'ordinal 1, key 8)'],
    ['none', 'ordinal 1)'],
  ] as const)('with logKeys %s is shown so, beside SCN and ordinal', async (logKeys, expected) => {
    const { registration, lines } = await suspended(throwing, logKeys)
    expect(registration.health().detail).toContain(`SCN 1, source "or_test.person", ${expected}`)
    expect(lines.every(({ message }) => message.includes(expected))).toBe(true)
  })

  it('is shown in no other way: a wrong word is refused', () => {
    const options: ClientConfigOptions = { logKeys: 'some' }
    expect(() => new ClientConfig(options)).toThrow('expected hash, full, none')
  })
})
