import { ClientConfig } from '@aesop/client'
import { PhysicalSourceConfig } from '@aesop/producer'
import { expect, it } from 'vitest'

it('what a source lets through by default, a client takes by default', () => {
  const { largestEventSizeInBytes } = new PhysicalSourceConfig({ uri: 'memory:a', sources: ['a.b'] })
  const { maxEventSize } = new ClientConfig()
  expect(maxEventSize).toBe(largestEventSizeInBytes)
})
