import { launch, prepareLaunch, RuntimeComponentContainer } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from '../support/descriptor-folder.ts'
import { fixtureContainer } from '../support/fixture-container.ts'

const OWN = `import { RuntimeComponentContainer } from '@aesop/runtime'
class Report { constructor(options) { this.options = options } }
export class ReportsContainer extends RuntimeComponentContainer {
  constructor() {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, additionalProperties: false }
    const components = { Report: { description: 'A report.', schema, load: async () => Report } }
    super({ name: 'reports', catalogue: { components } })
  }
}
export class Nameless {}
export class Thrower { constructor() { throw new Error('not today') } }
`
const PLAIN = OWN.replace(/^import.*$/m, '')
  .replace('extends RuntimeComponentContainer ', '')
  .replace(
    "super({ name: 'reports', catalogue: { components } })",
    "Object.assign(this, { name: 'reports', descriptorName: 'reports-config.yaml', catalogue: { components }, roots: ['Report'] })",
  )

function folderWith(containers: string, more: Record<string, string> = {}): DescriptorFolder {
  return new DescriptorFolder({
    'bootstrap.yaml': `beans:\n  i: { class: BootstrapInfo, properties: { componentContainers: [${containers}] } }\n`,
    'reports-config.yaml': 'beans:\n  same: { class: Report, properties: { title: own } }\n',
    'fixture-config.yaml': 'beans:\n  same: { class: Step }\n',
    'own.mjs': PLAIN,
    ...more,
  })
}

const containers = [fixtureContainer()]
const codesOf = async (folder: DescriptorFolder): Promise<string[]> =>
  (await prepareLaunch(folder.bootstrap, { containers })).problems.map(({ code, message }) => `${code} ${message}`)

describe("a component container of a user's own", () => {
  test.each(['./own.mjs#ReportsContainer', '{ class: ./own.mjs#ReportsContainer }'])(
    '%s finds its descriptor, offers its classes and runs beside a standard one; equal ids do not meet',
    async (written) => {
      using folder = folderWith(`fixture, "${written}"`.replace('"{', '{').replace('}"', '}'))
      await using application = await launch(folder.bootstrap, { containers, admin: '127.0.0.1:0' })
      expect(application.state()).toEqual({ fixture: 'running', reports: 'running' })
      expect(application.get('same', 'reports')).toMatchObject({ options: { title: 'own' } })
      expect(application.get('same', 'fixture')).not.toBe(application.get('same', 'reports'))
      await application.reload('reports')
      expect(application.state()).toEqual({ fixture: 'running', reports: 'running' })
    },
  )

  test('has its properties and its beans checked like any other', async () => {
    using folder = folderWith('{ class: ./own.mjs#ReportsContainer, properties: { confg: x } }', {
      'reports-config.yaml': 'beans:\n  same: { class: Report, properties: { titel: own } }\n',
    })
    expect(await codesOf(folder)).toEqual([
      expect.stringContaining('AESOP_DESCRIPTOR_PROPERTY_UNKNOWN'),
      expect.stringContaining('AESOP_DESCRIPTOR_PROPERTY_UNKNOWN'),
    ])
  })

  test.each([
    ['./own.mjs#Reports', 'AESOP_MODULE_EXPORT_UNKNOWN'],
    ['./nowhere.mjs#Reports', 'AESOP_MODULE_NOT_FOUND'],
    [
      './own.mjs#Nameless',
      'AESOP_DESCRIPTOR_BOOTSTRAP_INVALID "./own.mjs#Nameless" is no component container: it has no name',
    ],
    ['./own.mjs#Thrower', 'not today'],
  ])('%s is one named error', async (written, problem) => {
    using folder = folderWith(`"${written}"`)
    expect(await codesOf(folder)).toEqual([expect.stringContaining(problem)])
  })

  test('that extends the class of the runtime says its name only', () => {
    class ReportsContainer extends RuntimeComponentContainer {
      constructor() {
        super({ name: 'reports' })
      }
    }
    expect(new ReportsContainer()).toMatchObject({
      name: 'reports',
      className: 'ReportsContainer',
      descriptorName: 'reports-config.yaml',
      catalogue: { components: {} },
      roots: [],
    })
  })
})
