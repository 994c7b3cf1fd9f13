import { type Application, launch, type LaunchOptions, ProcessRunner } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { ask } from '../support/admin-client.ts'
import { choirContainer, type Singing } from '../support/choir-container.ts'
import { DescriptorFolder } from '../support/descriptor-folder.ts'
import { Diary } from '../support/fixture-container.ts'

/** A descriptor of a choir: each singer as YAML, and what stands beside the choir. */
const choir = (singers: readonly string[], beside = '', hall = 'small'): string =>
  `beans:\n  choir:\n    class: Choir\n    properties:\n      hall: ${hall}\n      singers:\n${singers.map((singer) => `        - ${singer}\n`).join('')}${beside}`
const singer = (name: string, more = ''): string => `{ name: ${name}${more === '' ? '' : `, ${more}`} }`
const [ANN, BOB, CAT] = [singer('ann'), singer('bob'), singer('cat')]
const top = (id: string, properties = ''): string => `  ${id}: { class: Step, properties: { ${properties} } }\n`

class Concert extends DescriptorFolder {
  readonly diary = new Diary()

  constructor(text = choir([ANN, BOB])) {
    super({
      'bootstrap.yaml': 'beans: { info: { class: BootstrapInfo, properties: { componentContainers: [fixture] } } }\n',
      'fixture-config.yaml': text,
    })
  }

  async launch(options: Partial<LaunchOptions> = {}): Promise<Application> {
    const application = await launch(this.bootstrap, { containers: [choirContainer(this.diary)], ...options })
    this.diary.lines.length = 0
    return application
  }

  /** What was written down since the last call. */
  get news(): readonly string[] {
    return this.diary.lines.splice(0)
  }

  reloadAs(application: Application, text: string): ReturnType<Application['reload']> {
    this.write('fixture-config.yaml', text)
    return application.reload()
  }
}

function namesOf(application: Application): readonly string[] {
  return (application.get('choir') as { singers: readonly Singing[] }).singers.map(({ name }) => name)
}

const list = { container: 'fixture', list: 'choir.singers' }

describe('a reload of a container whose items can come and go', () => {
  test('adds, removes and replaces items, and touches nothing else', async () => {
    using concert = new Concert(choir([ANN, BOB, CAT]))
    await using application = await concert.launch()
    const [before, [ann]] = [application.get('choir'), (application.get('choir') as { singers: Singing[] }).singers]
    const dan = singer('dan')
    const report = await concert.reloadAs(application, choir([ANN, singer('cat', 'needs: 1'), dan]))
    expect(report).toMatchObject({
      reloaded: ['fixture'],
      items: [
        { ...list, item: 'bob', change: 'removed' },
        { ...list, item: 'cat', change: 'replaced' },
        { ...list, item: 'dan', change: 'added' },
      ],
    })
    // The new ones are made while the old ones are there: their ids are those of places that are free.
    const [bob, cat, newCat, newDan] = [1, 2, 3, 4].map((index) => `choir.singers[${index}]`)
    expect(concert.news).toEqual([
      ...[`construct ${newCat}`, `init ${newCat}`, `construct ${newDan}`, `init ${newDan}`, 'check ann,cat,dan'],
      ...['remove cat', `stop ${cat}`, `destroy ${cat}`, 'remove bob', `stop ${bob}`, `destroy ${bob}`],
      ...[`start ${newCat}`, 'add cat', `start ${newDan}`, 'add dan'],
    ])
    expect(application.get('choir')).toBe(before)
    expect((application.get('choir') as { singers: Singing[] }).singers[0]).toBe(ann)
    expect(namesOf(application)).toEqual(['ann', 'cat', 'dan'])
    expect(await application.reload()).toEqual({ reloaded: [], unchanged: ['fixture'], restartNeeded: [] })
  })

  test('takes moved items, comments and other places of beans for no change', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    const text = choir([BOB, '{ parent: voice, properties: { name: ann } }']).replace('beans:', '# moved\nbeans:')
    const parent = '  voice: { class: Singer, abstract: true, properties: {} }\n'
    expect(await concert.reloadAs(application, text + parent)).toMatchObject({ reloaded: [] })
    expect(concert.news).toEqual([])
  })

  test('makes and ends the beans that items alone need with them, and shares those that several need', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    const [one, two] = [singer('ann', 'needs: { ref: a }'), singer('cat', 'needs: { ref: a }')]
    await concert.reloadAs(application, choir([one, BOB, two], top('a', 'needs: { ref: b }') + top('b')))
    const first = application.get('a')
    expect(concert.news.filter((line) => / [ab]$/.test(line))).toEqual([
      'construct b',
      'init b',
      'construct a',
      'init a',
      'start b',
      'start a',
    ])
    await concert.reloadAs(application, choir([one, BOB], top('a', 'needs: { ref: b }') + top('b')))
    expect(concert.news).toEqual(['check bob,ann', 'remove cat', 'stop choir.singers[3]', 'destroy choir.singers[3]'])
    expect(application.get('a')).toBe(first)
    // What it needs is another one, and so is it.
    await concert.reloadAs(application, choir([one, BOB], top('a', 'needs: { ref: b }') + top('b', 'needs: 7')))
    expect(application.get('a')).not.toBe(first)
    expect(concert.news.filter((line) => / [ab]$/.test(line))).toEqual([
      ...['construct b', 'init b', 'construct a', 'init a', 'stop a', 'destroy a'],
      ...['stop b', 'destroy b', 'start b', 'start a'],
    ])
    await concert.reloadAs(application, choir([BOB]))
    expect(concert.news.filter((line) => / [ab]$/.test(line))).toEqual(['stop a', 'destroy a', 'stop b', 'destroy b'])
    expect(application.get('a')).toBeUndefined()
  })

  test('leaves a bean that others need alone, also when the last item that needs it goes', async () => {
    const both = singer('ann', 'needs: { ref: a }')
    const beside = top('a') + top('c', 'needs: { ref: a }')
    using concert = new Concert(choir([both, BOB], beside))
    await using application = await concert.launch()
    await concert.reloadAs(application, choir([BOB], beside))
    expect(concert.news).toEqual(['check bob', 'remove ann', 'stop choir.singers[0]', 'destroy choir.singers[0]'])
    await concert.reloadAs(application, choir([both, BOB], beside))
    expect(concert.news).toEqual([
      ...['construct choir.singers[0]', 'init choir.singers[0]', 'check bob,ann'],
      ...['start choir.singers[0]', 'add ann'],
    ])
  })

  test('refuses by name and place what is no item, before anything is touched', async () => {
    using concert = new Concert(choir([ANN], top('c')))
    await using application = await concert.launch()
    const changed = choir([BOB], top('c', 'needs: 1') + top('d'), 'large')
    const refused = await concert.reloadAs(application, changed).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      code: 'AESOP_RUNTIME_RELOAD_WHOLE',
      remedy: expect.stringContaining('/admin/containers/fixture/reload') as string,
    })
    for (const part of [/choir.hall \(\S+fixture-config.yaml:2\)/, /c \(\S+fixture-config.yaml:8\)/, /d \(\S+:9\)/])
      expect((refused as Error).message).toMatch(part)
    await expect(concert.reloadAs(application, choir([BOB]))).rejects.toThrow(/c \(it was at .*fixture-config.yaml:8\)/)
    expect(concert.news).toEqual([])
    expect(namesOf(application)).toEqual(['ann'])
    concert.write('fixture-config.yaml', changed)
    // By name, or where that is wanted, the container is replaced as a whole.
    expect(await application.reload(undefined, { whole: true })).toMatchObject({ reloaded: ['fixture'] })
    expect(concert.news.slice(0, 3)).toEqual(['stop c', 'stop choir', 'stop choir.singers[0]'])
    expect(namesOf(application)).toEqual(['bob'])
    await concert.reloadAs(application, choir([BOB, CAT], top('c', 'needs: 1') + top('d'), 'large'))
    expect(namesOf(application)).toEqual(['bob', 'cat'])
  })

  test.each([
    [
      'can not be made',
      singer('cat', 'fail: construct'),
      /bean "choir.singers\[2\]" could not be made: construct was told/,
    ],
    ['fails to initialise', singer('cat', 'fail: init'), /init was told to fail/],
    ['does not fit', singer('cat', 'choirFails: check'), /the choir wants no such/],
  ])('with an item that %s touches nothing', async (_how, bad, message) => {
    using concert = new Concert()
    await using application = await concert.launch()
    const text = choir([ANN, bad, singer('dan', 'needs: { ref: a }')], top('a'))
    await expect(concert.reloadAs(application, text)).rejects.toMatchObject({
      code: 'AESOP_RUNTIME_RELOAD_REFUSED',
      message: expect.stringMatching(message) as string,
    })
    expect(namesOf(application)).toEqual(['ann', 'bob'])
    const ends = (step: string): number => concert.diary.lines.filter((line) => line.startsWith(step)).length
    expect([ends('remove'), ends('add'), ends('start'), ends('construct') - ends('destroy')]).toEqual([
      0,
      0,
      0,
      /construct/.test(bad) ? 1 : 0,
    ])
    expect(await concert.reloadAs(application, choir([ANN, BOB]))).toMatchObject({ reloaded: [] })
  })

  test('shows where an item is written that can not be made', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    const error = await concert
      .reloadAs(application, choir([ANN, singer('cat', 'fail: init')]))
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ problems: [{ code: 'AESOP_RUNTIME_BUILD_FAILED', bean: 'choir.singers[2]' }] })
  })

  test('reports an item that fails to start by name, goes on with the others, and tries it again the next time', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    const text = choir([ANN, BOB, singer('cat', 'choirFails: add'), singer('dan', 'fail: start'), singer('eve')])
    await expect(concert.reloadAs(application, text)).rejects.toMatchObject({
      code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE',
      message: expect.stringMatching(/"cat" was not added in order: cat has no voice; .*"dan" was not added/) as string,
      report: {
        items: [
          { item: 'cat', change: 'added', failed: { message: 'cat has no voice' } },
          { item: 'dan', change: 'added', failed: { code: 'AESOP_RUNTIME_START_FAILED' } },
          { item: 'eve', change: 'added', at: expect.stringMatching(/fixture-config.yaml:11$/) as string },
        ],
      },
    })
    expect(namesOf(application)).toEqual(['ann', 'bob', 'eve'])
    expect(application.state()).toEqual({ fixture: 'running' })
    expect(concert.news.slice(-8)).toEqual([
      ...['start choir.singers[2]', 'add cat', 'stop choir.singers[2]', 'destroy choir.singers[2]'],
      ...['start choir.singers[3]', 'destroy choir.singers[3]', 'start choir.singers[4]', 'add eve'],
    ])
    await expect(application.reload()).rejects.toMatchObject({ code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE' })
    await concert.reloadAs(application, choir([ANN, BOB, CAT, singer('dan'), singer('eve')]))
    expect(namesOf(application)).toEqual(['ann', 'bob', 'eve', 'cat', 'dan'])
  })

  test('brings the old one back where the new one of the same name fails', async () => {
    const withTop = (more = ''): string => singer('bob', `needs: { ref: a }${more}`)
    using concert = new Concert(choir([ANN, withTop()], top('a')))
    await using application = await concert.launch()
    const bad = choir([ANN, withTop(', choirFails: add')], top('a', 'needs: 1'))
    await expect(concert.reloadAs(application, bad)).rejects.toMatchObject({
      message: expect.stringMatching(
        /"bob" was not replaced in order: bob has no voice \(the old one works again\)/,
      ) as string,
      report: { items: [{ item: 'bob', change: 'replaced', isRestored: true }] },
    })
    expect(namesOf(application)).toEqual(['ann', 'bob'])
    expect((application.get('a') as { options: object }).options).toEqual({})
    expect(concert.news.filter((line) => line.endsWith(' a'))).toEqual([
      ...['construct a', 'init a', 'stop a', 'destroy a', 'start a', 'stop a', 'destroy a'],
      ...['construct a', 'init a', 'start a'],
    ])
    expect(await concert.reloadAs(application, choir([ANN, withTop()], top('a')))).toMatchObject({ reloaded: [] })
  })

  test('says so when not even the old one comes back', async () => {
    using concert = new Concert(choir([ANN, singer('bob', 'needs: 1')]))
    await using application = await concert.launch()
    let lives = 0
    const { liveLists } = application.get('choir') as { liveLists: { singers: { add: () => Promise<void> } } }
    liveLists.singers.add = () => Promise.reject(new Error(`no voice ${++lives}`))
    await expect(concert.reloadAs(application, choir([ANN, BOB]))).rejects.toMatchObject({
      message: expect.stringMatching(/no voice 1 \(and the old one is gone\)/) as string,
      report: { items: [{ isRestored: false }] },
    })
    expect(namesOf(application)).toEqual(['ann'])
    expect(application.state()).toEqual({ fixture: 'running' })
  })

  test('tells of an item that does not go in order, which is gone all the same', async () => {
    using concert = new Concert(choir([ANN, singer('bob', 'choirFails: remove')]))
    await using application = await concert.launch()
    await expect(concert.reloadAs(application, choir([ANN, CAT]))).rejects.toMatchObject({
      report: { items: [{ item: 'bob', change: 'removed', failed: { message: 'will not go' } }, { item: 'cat' }] },
    })
    expect(namesOf(application)).toEqual(['ann', 'cat'])
  })

  test('asked for twice at once happens one after the other', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    concert.write('fixture-config.yaml', choir([ANN, CAT]))
    const [one, two] = await Promise.all([application.reload(), application.reload()])
    expect([one.reloaded, two.reloaded]).toEqual([['fixture'], []])
    expect(namesOf(application)).toEqual(['ann', 'cat'])
  })

  test('that hangs in an item is given up when the process stops, and all ends in order', async () => {
    using concert = new Concert()
    const application = await concert.launch()
    concert.write('fixture-config.yaml', choir([ANN, BOB, singer('cat', 'choirFails: hang')]))
    const reloading = application.reload().catch((error: unknown) => error)
    await expect.poll(() => concert.diary.lines.at(-1)).toBe('add cat')
    const { stopFailures } = await application.stop()
    expect([stopFailures, application.state()]).toEqual([[], { fixture: 'stopped' }])
    expect(await reloading).toMatchObject({ code: 'AESOP_RUNTIME_LAUNCH_STOPPED' })
    const ended = concert.news.filter((line) => /^(stop|destroy) /.test(line))
    expect(ended).toHaveLength(8)
    await expect(application.reload()).rejects.toMatchObject({ code: 'AESOP_RUNTIME_LAUNCH_STOPPED' })
  })

  test('is given up when an item takes too long, and the others go on', async () => {
    using concert = new Concert()
    await using application = await concert.launch({ startTimeoutMs: 200 })
    const text = choir([ANN, singer('cat', 'choirFails: hang'), singer('dan')])
    await expect(concert.reloadAs(application, text)).rejects.toMatchObject({
      report: {
        items: [{ item: 'bob' }, { item: 'cat', failed: { code: 'AESOP_RUNTIME_STEP_TIMED_OUT' } }, { item: 'dan' }],
      },
    })
    expect(namesOf(application)).toContain('dan')
  })

  test('ends the beans of an item that came behind those that lead them, like the others', async () => {
    using concert = new Concert()
    const application = await concert.launch()
    await concert.reloadAs(application, choir([ANN, BOB, singer('cat', 'needs: { ref: a }')], top('a')))
    concert.diary.lines.length = 0
    await application.stop()
    const ids = ['choir', 'choir.singers[2]', 'a', 'choir.singers[1]', 'choir.singers[0]']
    expect(concert.news).toEqual([...ids.map((id) => `stop ${id}`), ...ids.map((id) => `destroy ${id}`)])
  })

  test('is answered over HTTP with what became of each item, and why one did not work', async () => {
    using concert = new Concert()
    await using application = await concert.launch({ admin: '127.0.0.1:0' })
    const post = (): ReturnType<typeof ask> => ask(application, '/admin/reload', { method: 'POST' })
    concert.write('fixture-config.yaml', choir([ANN, CAT]))
    expect(await post()).toMatchObject({
      status: 200,
      json: {
        reloaded: ['fixture'],
        items: [
          { item: 'bob', change: 'removed' },
          { item: 'cat', change: 'added' },
        ],
      },
    })
    concert.write('fixture-config.yaml', choir([ANN, CAT], '', 'large'))
    expect(await post()).toMatchObject({ status: 409, json: { code: 'AESOP_RUNTIME_RELOAD_WHOLE' } })
    concert.write('fixture-config.yaml', choir([ANN, CAT, singer('dan', 'choirFails: add')]))
    expect(await post()).toMatchObject({
      status: 500,
      json: {
        code: 'AESOP_RUNTIME_RELOAD_INCOMPLETE',
        report: { items: [{ item: 'dan', failed: { message: 'dan has no voice' } }] },
      },
    })
  })

  test('by SIGHUP says what became of each item', async () => {
    using concert = new Concert()
    await using application = await concert.launch()
    const said: string[] = []
    const runner = new ProcessRunner({ say: (text) => said.push(text), report: (error) => said.push(String(error)) })
    try {
      const ended = runner.run(application, () => undefined)
      await application.start()
      concert.write('fixture-config.yaml', choir([singer('ann', 'needs: 1'), CAT]))
      process.emit('SIGHUP', 'SIGHUP')
      await expect.poll(() => said.at(-1)).toBe('reloaded fixture (bob removed, ann replaced, cat added)')
      await application.stop()
      expect(await ended).toBe(0)
    } finally {
      runner.release()
    }
  })
})
