import { basename } from 'node:path'
import { prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

describe('several broken descriptors', () => {
  test('all files are checked before anything is reported', async () => {
    const two =
      'beans:\n  bootstrapInfo: { class: BootstrapInfo, properties: { runtimeNatur: x, componentContainers: [fixture, other] } }\n'
    using folder = new DescriptorFolder({
      'bootstrap.yaml': two,
      'fixture-config.yaml': 'beans: { a: { class: Nope } }',
      'other-config.yaml': 'beans: { a: { class: Nope } }',
    })
    const containers = [fixtureContainer(), fixtureContainer(undefined, 'other')]
    const { problems, launch } = await prepareLaunch(folder.bootstrap, { containers })
    const files = problems.map(({ finding }) => basename(finding.at?.file.path ?? ''))
    expect(files).toEqual(['bootstrap.yaml', 'fixture-config.yaml', 'other-config.yaml'])
    expect(launch).toBeUndefined()
  })
})
