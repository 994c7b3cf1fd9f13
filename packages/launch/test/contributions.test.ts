import { type Contribution } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { ownContribution, refuseMeetingNames } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

const load = (): never => {
  throw new Error('nothing is loaded to compare names')
}
const command = (name: string, options = {}): Contribution => ({
  name: 'acme',
  commands: [{ name, usage: [], options, load }],
})

describe('names of what packages contribute', () => {
  test('do not meet in this distribution', () => {
    refuseMeetingNames([ownContribution, ...standardContributions])
  })

  test.each<[string, Contribution]>([
    ['command check is contributed by launch and by acme', command('check')],
    ['option yes is contributed by launch and by acme', command('tell', { yes: { type: 'boolean', summary: '' } })],
    [
      'page /admin/places is contributed by launch and by acme',
      { name: 'acme', pages: [{ path: '/admin/places', load }] },
    ],
    [
      'container relay is contributed by @aesop/container-relay and by acme',
      { name: 'acme', containers: standardContributions[0]?.containers ?? [] },
    ],
  ])('%s: refused', (message, contribution) => {
    expect(() => {
      refuseMeetingNames([ownContribution, ...standardContributions, contribution])
    }).toThrow(message)
  })
})
