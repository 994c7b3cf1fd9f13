import { launch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { deedsContainer } from '../support/deeds-container.ts'
import { DescriptorFolder } from '../support/descriptor-folder.ts'
import { Diary } from '../support/fixture-container.ts'

const USER = `export class Mailer { constructor(options) { this.options = options } send() { return 'for real' } }\n`
const BEANS = `beans:
  holder: { class: Holder, properties: { anything: { ref: mailer } } }
  mailer: { class: ./mailer.mjs#Mailer, properties: { to: all, by: { ref: step } } }
  step: { class: Step }
  inner: { class: Holder, properties: { anything: { class: ./mailer.mjs#Mailer } } }
`
const folderOf = (): DescriptorFolder => DescriptorFolder.withFixture(BEANS, { 'mailer.mjs': USER })

describe('in a test', () => {
  test('an object takes the place of a bean, is given to those who refer to it, and lives its life', async () => {
    using folder = folderOf()
    const steps: string[] = []
    const fake = {
      send: () => 'not at all',
      start: () => void steps.push('start'),
      stop: () => void steps.push('stop'),
    }
    const options = { containers: [deedsContainer()], nature: 'test' as const, overrides: { mailer: fake } }
    {
      await using application = await launch(folder.bootstrap, options)
      expect(application.get('mailer')).toBe(fake)
      expect(application.get('holder')).toMatchObject({ options: { anything: fake } })
      expect(application.plan.nature).toBe('test')
      expect(application.adminUrl).toBeUndefined()
    }
    expect(steps).toEqual(['start', 'stop'])
  })

  test('a class takes the place of a class wherever a descriptor names it, and gets the options', async () => {
    using folder = folderOf()
    class Stub {
      readonly options: unknown
      constructor(options: unknown) {
        this.options = options
      }
    }
    const overrides = { './mailer.mjs#Mailer': Stub }
    await using application = await launch(folder.bootstrap, { containers: [deedsContainer()], overrides })
    expect(application.get('mailer')).toBeInstanceOf(Stub)
    expect(application.get('mailer')).toMatchObject({ options: { to: 'all', by: application.get('step') } })
    expect(application.get('inner')).toMatchObject({ options: { anything: expect.any(Stub) as unknown } })
  })

  test('an override of something unknown is an error that says what was meant, and nothing is started', async () => {
    using folder = folderOf()
    const diary = new Diary()
    const started = launch(folder.bootstrap, { containers: [deedsContainer(diary)], overrides: { mailr: {} } })
    await expect(started).rejects.toMatchObject({
      code: 'AESOP_RUNTIME_OVERRIDE_UNKNOWN',
      message: 'there is no bean and no class "mailr" to override',
      remedy: expect.stringContaining('"mailer"') as unknown,
    })
    expect(diary.lines).toEqual([])
  })

  test('a reload keeps the overrides', async () => {
    using folder = folderOf()
    const fake = { send: () => 'not at all' }
    const options = { containers: [deedsContainer()], overrides: { 'fixture:mailer': fake } }
    await using application = await launch(folder.bootstrap, options)
    await application.reload('fixture')
    expect(application.get('mailer')).toBe(fake)
  })

  test('the end of the block stops what was launched, also when the test throws', async () => {
    using folder = folderOf()
    const diary = new Diary()
    const failing = async (): Promise<void> => {
      await using application = await launch(folder.bootstrap, { containers: [deedsContainer(diary)] })
      throw new Error(`a test failed: ${application.plan.applicationName}`)
    }
    await expect(failing()).rejects.toThrow('a test failed')
    expect(diary.lines.slice(-2)).toEqual(['stop step', 'destroy step'])
  })
})
