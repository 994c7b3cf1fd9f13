import { ProcessBootstraps } from '@aesop/checkpoint'
import { describe, expect, it } from 'vitest'

const address = { host: '127.0.0.1', port: 6060 }

describe('the bootstrap servers of a process', () => {
  it('are those of all who share its objects', () => {
    const shared = new Map<string, unknown>()
    const server = { ...address, sources: new Set(['shop.a']) }
    ProcessBootstraps.of(shared).add(server)
    expect(ProcessBootstraps.of(shared).serverFor(['shop.a'])).toBe(server)
    expect(ProcessBootstraps.of(new Map()).serverFor(['shop.a'])).toBeUndefined()
  })

  it('are chosen by all sources that are asked for, as they stand now', () => {
    const bootstraps = new ProcessBootstraps()
    const growing = new Set(['shop.a'])
    const first = { ...address, sources: growing }
    const second = { ...address, port: 6061, sources: new Set(['shop.a', 'shop.b', 'shop.c']) }
    bootstraps.add(first)
    bootstraps.add(second)
    expect(bootstraps.serverFor(['shop.a', 'shop.b'])).toBe(second)
    growing.add('shop.b')
    expect(bootstraps.serverFor(['shop.a', 'shop.b'])).toBe(first)
    expect(bootstraps.serverFor(['shop.a', 'shop.d'])).toBeUndefined()
  })

  it('are forgotten when they stop', () => {
    const bootstraps = new ProcessBootstraps()
    const remove = bootstraps.add({ ...address, sources: new Set(['shop.a']) })
    remove()
    remove()
    expect(bootstraps.serverFor(['shop.a'])).toBeUndefined()
  })
})
