import { writeFileSync } from 'node:fs'
import { type Application, launch, type LaunchOptions, watchDescriptors } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { deedsContainer, type Greeter } from '../support/deeds-container.ts'
import { BOOTSTRAP, DescriptorFolder } from '../support/descriptor-folder.ts'
import { Diary } from '../support/fixture-container.ts'

const TWO = BOOTSTRAP.replace('[fixture]', '[fixture, other]')
const greeter = (word: string): string => `beans:\n  greeter: { class: Greeter, properties: { word: ${word} } }\n`
const step = (deeds = ''): string => `beans:\n  a: { class: Step, properties: { ${deeds} } }\n`

/** Two containers: `fixture` greets, `other` has the bean `a` that writes into the diary. */
class Pair extends DescriptorFolder {
  readonly diary = new Diary()

  constructor(fixture = greeter('hello'), other = step()) {
    super({ 'bootstrap.yaml': TWO, 'fixture-config.yaml': fixture, 'other-config.yaml': other })
  }

  launch(options: Partial<LaunchOptions> = {}): Promise<Application> {
    const containers = [deedsContainer(), deedsContainer(this.diary, 'other')]
    return launch(this.bootstrap, { containers, ...options })
  }
}

async function wordOf(application: Application): Promise<string> {
  const { port } = application.get('greeter', 'fixture') as Greeter
  return (await fetch(`http://127.0.0.1:${port}`)).text()
}

describe('a reload', () => {
  test('replaces the containers whose definitions changed, old beans first to their end', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    folder.write('fixture-config.yaml', greeter('bye'))
    folder.diary.lines.length = 0
    expect(await application.reload()).toEqual({ reloaded: ['fixture'], unchanged: ['other'], restartNeeded: [] })
    expect(await wordOf(application)).toBe('bye')
    expect(folder.diary.lines).toEqual([])
  })

  test('by name replaces the beans though nothing changed, in the order stop, destroy, make, start', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    folder.diary.lines.length = 0
    expect(await application.reload('other')).toMatchObject({ reloaded: ['other'] })
    expect(folder.diary.lines).toEqual(['stop a', 'destroy a', 'construct a', 'init a', 'start a'])
  })

  test('sees neither comments nor moved lines as changes', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    folder.write('fixture-config.yaml', `# a comment\n\n${greeter('"hello"')}`)
    expect(await application.reload()).toMatchObject({ reloaded: [], unchanged: ['fixture', 'other'] })
  })

  test('keeps everything as it is when a descriptor is broken, and says what is wrong', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    const before = application.get('greeter')
    folder.write('fixture-config.yaml', greeter('bye').replace('Greeter', 'Greter'))
    await expect(application.reload()).rejects.toMatchObject({
      code: 'AESOP_RUNTIME_RELOAD_REFUSED',
      message: expect.stringContaining('AESOP_DESCRIPTOR_CLASS_UNKNOWN') as unknown,
      problems: [expect.objectContaining({ code: 'AESOP_DESCRIPTOR_CLASS_UNKNOWN' })],
    })
    expect(application.get('greeter')).toBe(before)
    expect(application.state()).toEqual({ fixture: 'running', other: 'running' })
    expect(await wordOf(application)).toBe('hello')
  })

  test('restores the old definition when the new one fails to start', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    folder.write('other-config.yaml', step('fail: start'))
    folder.diary.lines.length = 0
    await expect(application.reload()).rejects.toMatchObject({ code: 'AESOP_RUNTIME_RELOAD_FAILED', isRestored: true })
    const life = ['construct a', 'init a', 'start a']
    expect(folder.diary.lines).toEqual(['stop a', 'destroy a', ...life, 'destroy a', ...life])
    expect(application.state()).toEqual({ fixture: 'running', other: 'running' })
    folder.write('other-config.yaml', step())
    expect(await application.reload()).toMatchObject({ reloaded: [], unchanged: ['fixture', 'other'] })
  })

  test('ends the process in order when not even the old definition starts again', async () => {
    const module = `let starts = 0
export class Once { constructor(options) { this.options = options } start() { if (++starts > 1) throw new Error('only once') } }
`
    const once = (n: number): string => `beans:\n  once: { class: ./once.mjs#Once, properties: { n: ${n} } }\n`
    using folder = new Pair(greeter('hello'), once(1))
    folder.write('once.mjs', module)
    const application = await folder.launch()
    folder.write('other-config.yaml', once(2))
    await expect(application.reload()).rejects.toMatchObject({ isRestored: false })
    expect((await application.ended).error).toMatchObject({ code: 'AESOP_RUNTIME_RELOAD_FAILED' })
    expect(application.state()).toEqual({ fixture: 'stopped', other: 'failed' })
  })

  test('of one container lets the other answer without a gap', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    const reloads = { areOver: false }
    let answers = 0
    const asking = (async () => {
      while (!reloads.areOver) {
        expect(await wordOf(application)).toBe('hello')
        answers++
      }
    })()
    for (let i = 0; i < 20; i++) {
      folder.write('other-config.yaml', step(`needs: ${i}`))
      await application.reload('other')
    }
    await expect.poll(() => answers).toBeGreaterThan(5)
    reloads.areOver = true
    await asking
    expect(folder.diary.lines.filter((line) => line === 'start a')).toHaveLength(21)
  })

  test('names the code that only a restart takes up', async () => {
    using folder = new Pair('beans:\n  a: { class: ./user.mjs#User }\n')
    folder.write('user.mjs', 'export class User { word = "old" }\n')
    await using application = await folder.launch()
    folder.write('user.mjs', 'export class User { word = "quite new" }\n')
    const { restartNeeded } = await application.reload('fixture')
    expect(restartNeeded).toEqual([folder.file('user.mjs')])
    expect(application.get('a')).toMatchObject({ word: 'old' })
  })

  test('refuses other containers than those that run', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    writeFileSync(folder.bootstrap, BOOTSTRAP)
    await expect(application.reload()).rejects.toThrow('restart needed')
  })

  test('asked for twice at once happens one after the other', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    folder.diary.lines.length = 0
    await Promise.all([application.reload('other'), application.reload('other'), application.stopContainer('other')])
    const life = ['stop a', 'destroy a', 'construct a', 'init a', 'start a']
    expect(folder.diary.lines).toEqual([...life, ...life, 'stop a', 'destroy a'])
    expect(application.state()).toEqual({ fixture: 'running', other: 'stopped' })
  })

  test('leaves what was stopped on purpose stopped, unless it is named', async () => {
    using folder = new Pair()
    await using application = await folder.launch()
    await application.stopContainer('other')
    folder.write('other-config.yaml', step('needs: 1'))
    expect(await application.reload()).toMatchObject({ reloaded: [], unchanged: ['fixture', 'other'] })
    expect(application.state()).toMatchObject({ other: 'stopped' })
    expect(await application.reload('other')).toMatchObject({ reloaded: ['other'] })
    expect(application.state()).toMatchObject({ other: 'running' })
  })

  test('that hangs in a start is given up when the process stops', async () => {
    using folder = new Pair()
    const application = await folder.launch()
    folder.write('other-config.yaml', step('hang: start'))
    const reloading = application.reload().catch((error: unknown) => error)
    await expect.poll(() => folder.diary.lines.filter((line) => line === 'start a')).toHaveLength(2)
    await application.stop()
    expect(await reloading).toMatchObject({ code: 'AESOP_RUNTIME_LAUNCH_STOPPED' })
    expect(folder.diary.lines.slice(-2)).toEqual(['stop a', 'destroy a'])
    expect(application.state()).toEqual({ fixture: 'stopped', other: 'stopped' })
  })
})

test('a watch reloads when a descriptor is written, also a second time', async () => {
  using folder = new Pair()
  await using application = await folder.launch()
  const reload = async (): Promise<void> => {
    await application.reload()
  }
  application.closeAtEnd(watchDescriptors(application, folder.bootstrap, reload))
  for (const word of ['second', 'the third']) {
    folder.write('fixture-config.yaml', greeter(word))
    await expect.poll(() => wordOf(application).catch(() => ''), { timeout: 10_000 }).toBe(word)
  }
}, 30_000)
