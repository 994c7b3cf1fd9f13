import {
  type Application,
  createApplication,
  launch,
  LaunchStoppedError,
  prepareLaunch,
  StartFailedError,
  StateDirectoryHeldError,
  StepTimedOutError,
} from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { existsSync, readdirSync } from 'node:fs'
import { BOOTSTRAP, DescriptorFolder } from './support/descriptor-folder.ts'
import { Diary, fixtureContainer } from './support/fixture-container.ts'

/** a needs b, b needs an inner bean and c; d comes before c because it says so. */
const FOUR = (deeds: Readonly<Record<string, string>> = {}): string => `beans:
  a: { class: Step, properties: { needs: { ref: b }${deeds['a'] ?? ''} } }
  b: { class: Step, properties: { needs: [{ class: Step }, { ref: c }]${deeds['b'] ?? ''} } }
  c: { class: Step, dependsOn: d, properties: { ${(deeds['c'] ?? '').replace(/^, /, '')} } }
  d: { class: Step, properties: { ${(deeds['d'] ?? '').replace(/^, /, '')} } }
`

async function launchFour(diary: Diary, deeds: Record<string, string> = {}, options = {}) {
  using folder = DescriptorFolder.withFixture(FOUR(deeds))
  return await launch(folder.bootstrap, { containers: [fixtureContainer(diary)], ...options })
}

const of = (diary: Diary, step: string): string[] =>
  diary.lines.filter((line) => line.startsWith(`${step} `)).map((line) => line.slice(step.length + 1))

const ORDER = ['d', 'c', 'b.needs[0]', 'b', 'a']

describe('the life of beans', () => {
  test('everything is made and initialised, then started, dependencies first', async () => {
    const diary = new Diary()
    const application = await launchFour(diary)
    expect(diary.lines).toEqual([
      ...ORDER.flatMap((id) => [`construct ${id}`, `init ${id}`]),
      ...ORDER.map((id) => `start ${id}`),
    ])
    expect(application.state()).toEqual({ fixture: 'running' })
  })

  test('stop is the exact reverse of start, destroy of construction', async () => {
    const diary = new Diary()
    const application = await launchFour(diary)
    diary.lines.length = 0
    await application.stop()
    const reversed = [...ORDER].reverse()
    expect(diary.lines).toEqual([...reversed.map((id) => `stop ${id}`), ...reversed.map((id) => `destroy ${id}`)])
    expect(application.state()).toEqual({ fixture: 'stopped' })
  })

  test('stopping twice stops once', async () => {
    const diary = new Diary()
    const application = await launchFour(diary)
    const [first, second] = await Promise.all([application.stop(), application.stop()])
    expect(second).toBe(first)
    expect(of(diary, 'stop')).toHaveLength(5)
  })

  test('a failing start rolls back everything that had started, in reverse', async () => {
    const diary = new Diary()
    const failure: unknown = await launchFour(diary, { b: ', fail: start' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StartFailedError)
    expect(failure).toMatchObject({ bean: 'b', message: 'bean "b" failed to start: start was told to fail' })
    expect((failure as StartFailedError).finding.path).toBe('fixture > a > b')
    expect(of(diary, 'stop')).toEqual(['b.needs[0]', 'c', 'd'])
    expect(of(diary, 'destroy')).toEqual([...ORDER].reverse())
  })

  test.each(['construct', 'init'])('a failing %s starts nothing and destroys what was made', async (step) => {
    const diary = new Diary()
    const failure: unknown = await launchFour(diary, { b: `, fail: ${step}` }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'AESOP_RUNTIME_BUILD_FAILED', bean: 'b' })
    expect(of(diary, 'start')).toEqual([])
    expect(of(diary, 'destroy')).toEqual([...(step === 'init' ? ['b'] : []), 'b.needs[0]', 'c', 'd'])
  })

  test('a failing stop does not keep the others from stopping', async () => {
    const diary = new Diary()
    const application = await launchFour(diary, { b: ', fail: stop', d: ', fail: destroy' })
    const { stopFailures } = await application.stop()
    expect(stopFailures).toEqual([expect.objectContaining({ bean: 'b' }), expect.objectContaining({ bean: 'd' })])
    expect(of(diary, 'stop')).toEqual([...ORDER].reverse())
  })

  test('a start that hangs runs into its limit, is told to stop, and is rolled back', async () => {
    const diary = new Diary()
    const started = launchFour(diary, { c: ', hang: start' }, { startTimeoutMs: 20 })
    const failure: unknown = await started.catch((error: unknown) => error)
    expect((failure as Error).cause).toBeInstanceOf(StepTimedOutError)
    expect(of(diary, 'stop')).toEqual(['c', 'd'])
  })

  test('a stop that hangs runs into its limit, and the others are stopped', async () => {
    const diary = new Diary()
    const application = await launchFour(diary, { c: ', hang: stop' }, { stopTimeoutMs: 20 })
    const { stopFailures } = await application.stop()
    expect(stopFailures.map((error) => error.cause)).toEqual([expect.any(StepTimedOutError)])
    expect(of(diary, 'stop')).toEqual([...ORDER].reverse())
  })
})

describe('who starts a bean', () => {
  const MODULE = `const steps = []
class Told { constructor(_options, context) { this.id = context.id } }
export class Waiting extends Told {
  start(signal) { steps.push('start ' + this.id); return new Promise((done) => signal.addEventListener('abort', done)) }
}
export class Worker extends Told {
  start(from, into) { steps.push(\`start \${this.id} from \${from}\`) }
  stop() { steps.push('stop ' + this.id) }
  destroy() { steps.push('destroy ' + this.id) }
}
export class Boss extends Told {
  static schema = { type: 'object', properties: { worker: { 'x-leads': true, 'x-methods': ['start'] },
    crew: { type: 'array', items: { 'x-leads': true, 'x-any': true } }, watched: { 'x-any': true } } }
  constructor(options, context) { super(options, context); this.workers = [options.worker, ...(options.crew ?? [])] }
  start() { for (const each of this.workers) each?.start(7, {}) }
}
export class Journal { steps = steps }
`
  const started = async (beans: string): Promise<{ application: Application; steps: string[] }> => {
    using folder = DescriptorFolder.withFixture(`beans:\n  j: { class: './u.mjs#Journal' }\n${beans}`, {
      'u.mjs': MODULE,
    })
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    const { steps } = application.get('j') as { steps: string[] }
    return { application, steps }
  }

  test.each([
    [
      'by its id',
      "  w: { class: './u.mjs#Worker' }\n  b: { class: './u.mjs#Boss', properties: { worker: { ref: w } } }\n",
      'w',
    ],
    [
      'by another name',
      "  w: { class: './u.mjs#Worker' }\n  v: { ref: w }\n  b: { class: './u.mjs#Boss', properties: { worker: { ref: v } } }\n",
      'w',
    ],
    [
      'inside of it',
      "  b: { class: './u.mjs#Boss', properties: { worker: { class: './u.mjs#Worker' } } }\n",
      'b.worker',
    ],
    ['in a list', "  b: { class: './u.mjs#Boss', properties: { crew: [{ class: './u.mjs#Worker' }] } }\n", 'b.crew[0]'],
  ])('a bean that is given to its leader %s is started and stopped by nobody else', async (_title, beans, id) => {
    const { application, steps } = await started(beans)
    await application.stop()
    expect(steps).toEqual([`start ${id} from 7`, `destroy ${id}`])
  })

  test('a bean whose start wants more than a signal, and that nobody leads, is refused by name', async () => {
    const beans =
      "  w: { class: './u.mjs#Worker' }\n  b: { class: './u.mjs#Boss', properties: { watched: { ref: w } } }\n"
    await expect(started(beans)).rejects.toMatchObject({
      code: 'AESOP_RUNTIME_START_FAILED',
      bean: 'w',
      message: expect.stringMatching(/start that takes 2 arguments.*no bean leads it.*x-leads/) as string,
    })
  })

  test('a start that takes a signal is called, and hears that the process stops', async () => {
    using folder = DescriptorFolder.withFixture("beans:\n  w: { class: './u.mjs#Waiting' }\n", { 'u.mjs': MODULE })
    const preparation = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()] })
    const application = await createApplication(preparation, { startTimeoutMs: 60_000 })
    const starting = application.start()
    while (application.beanCount === 0) await new Promise((done) => setImmediate(done))
    await application.stop()
    await expect(starting).rejects.toBeInstanceOf(LaunchStoppedError)
    // It came to its end by itself: one that does not hear is given up two seconds later, with this as its error.
    const start = application.timeline().find(({ bean, step }) => bean === 'w' && step === 'start')
    expect(start).toMatchObject({ bean: 'w', step: 'start' })
    expect(start?.error).toBeUndefined()
  })
})

describe('factories and their products', () => {
  const MODULE = `const steps = []
class Product {
  constructor(name) { this.name = name }
  start() { steps.push('start ' + this.name) }
  stop() { steps.push('stop ' + this.name) }
}
export class Factory extends Product {
  constructor() { super('factory') }
  init() { steps.push('init factory') }
  createInstance() { steps.push('create'); return new Product('product') }
}
export class Passing {
  constructor(options) { this.options = options }
  createInstance() { return this.options.needs }
}
export class Journal { steps = steps }
`

  test('the factory is initialised before it creates, and both are started and stopped', async () => {
    using folder = DescriptorFolder.withFixture(
      'beans:\n  a: { class: ./user.mjs#Factory }\n  j: { class: ./user.mjs#Journal }\n',
      { 'user.mjs': MODULE },
    )
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    const { steps } = application.get('j') as { steps: string[] }
    await application.stop()
    const order = ['init factory', 'create', 'start factory', 'start product', 'stop product', 'stop factory']
    expect(steps).toEqual(order)
  })

  test('a factory that hands on a bean does not give it a second life', async () => {
    const diary = new Diary()
    using folder = DescriptorFolder.withFixture(
      'beans:\n  s: { class: Step }\n  p: { class: ./user.mjs#Passing, properties: { needs: { ref: s } } }\n',
      { 'user.mjs': MODULE },
    )
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer(diary)] })
    expect(application.get('p')).toBe(application.get('s'))
    await application.stop()
    expect(diary.lines).toEqual(['construct s', 'init s', 'start s', 'stop s', 'destroy s'])
  })
})

describe('the life of a process', () => {
  const TWO = BOOTSTRAP.replace('[fixture]', '[fixture, other]')
  const one = 'beans:\n  same: { class: Step }\n'

  test('several containers start in the order of the list and stop in reverse; equal ids do not meet', async () => {
    using folder = new DescriptorFolder({ 'bootstrap.yaml': TWO, 'fixture-config.yaml': one, 'other-config.yaml': one })
    const [first, second] = [new Diary(), new Diary()]
    const containers = [fixtureContainer(first), fixtureContainer(second, 'other')]
    const application = await launch(folder.bootstrap, { containers })
    expect(application.get('same', 'fixture')).not.toBe(application.get('same', 'other'))
    await application.stop()
    const steps = application.timeline().map(({ container, step }) => `${step} ${container}`)
    expect(steps.filter((each) => /start|stop|destroy/.test(each))).toEqual([
      'start fixture',
      'start other',
      'stop other',
      'stop fixture',
      'destroy other',
      'destroy fixture',
    ])
  })

  test('a container that may fail leaves the others running', async () => {
    const bootstrap = BOOTSTRAP.replace(
      '[fixture]',
      '[{ class: FixtureRuntimeComponentContainer, properties: { onFailure: continue } }, other]',
    )
    using folder = new DescriptorFolder({
      'bootstrap.yaml': bootstrap,
      'fixture-config.yaml': 'beans:\n  a: { class: Step, properties: { fail: start } }\n',
      'other-config.yaml': one,
    })
    const application = await launch(folder.bootstrap, {
      containers: [fixtureContainer(), fixtureContainer(undefined, 'other')],
    })
    expect(application.state()).toEqual({ fixture: 'failed', other: 'running' })
  })

  test('a stop during the start ends the start and stops what had started', async () => {
    const diary = new Diary()
    using folder = DescriptorFolder.withFixture(FOUR({ c: ', hang: start' }))
    const definition = fixtureContainer(diary)
    const { createApplication, prepareLaunch } = await import('@aesop/runtime')
    const application = await createApplication(await prepareLaunch(folder.bootstrap, { containers: [definition] }), {
      startTimeoutMs: 100,
    })
    const started = application.start().catch((error: unknown) => error)
    await expect.poll(() => of(diary, 'start')).toContain('c')
    await application.stop()
    expect(await started).toBeInstanceOf(Error)
    expect(of(diary, 'start')).toEqual(['d', 'c'])
    expect(of(diary, 'stop')).toEqual(['c', 'd'])
    expect(application.state()).toEqual({ fixture: 'stopped' })
  })

  test('a bean that gives up stops everything in order, and the end names it', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: ./user.mjs#Failing }\n', {
      'user.mjs':
        'export class Failing { constructor(o, c) { this.c = c } giveUp() { this.c.fail(new Error("no more")) } }\n',
    })
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    ;(application.get('a') as { giveUp(): void }).giveUp()
    const { error } = await application.ended
    expect(error).toMatchObject({
      code: 'AESOP_RUNTIME_BEAN_DIED',
      message: 'bean "a" of container "fixture" can\'t go on: no more',
    })
    expect(application.state()).toEqual({ fixture: 'stopped' })
  })

  test('a bean that is done, also before the others are started, ends everything in order, without an error', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: ./user.mjs#Done }\n  b: { class: Step }\n', {
      'user.mjs':
        'export class Done { constructor(o, c) { this.c = c } start() { this.c.finish({ text: "all done", data: { rows: 3 } }) } }\n',
    })
    const application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    expect(await application.ended).toEqual({ stopFailures: [] })
    expect(application.result).toEqual({ text: 'all done', data: { rows: 3 } })
    expect(application.state()).toEqual({ fixture: 'stopped' })
  })

  test('fresh clears the state before anything is made, but never the project', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: Step }\n', { '.aesop/old': 'x' })
    const options = { containers: [fixtureContainer()], fresh: true }
    const application = await launch(folder.bootstrap, options)
    expect(readdirSync(folder.file('.aesop'))).toEqual(['.lock'])
    await application.stop()
    folder.write('bootstrap.yaml', BOOTSTRAP.replace('properties:\n', 'properties:\n      stateDirectory: .\n'))
    await expect(launch(folder.bootstrap, options)).rejects.toThrow('holds the project itself')
    expect(existsSync(folder.bootstrap)).toBe(true)
  })

  test('holds its state directory from before the first bean to after the last, and a second launch touches nothing', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: Step }\n', { '.aesop/maxscn/a.json': '{}' })
    const options = { containers: [fixtureContainer()] }
    const first = await launch(folder.bootstrap, options)
    const second = launch(folder.bootstrap, { ...options, fresh: true })
    await expect(second).rejects.toThrow(/is in use by \S+ \(process \d+ on /)
    await expect(second).rejects.toThrow(StateDirectoryHeldError)
    expect(existsSync(folder.file('.aesop/maxscn/a.json'))).toBe(true)
    expect(first.state()).toEqual({ fixture: 'running' })
    await first.stop()
    await (await launch(folder.bootstrap, options)).stop()
  })

  test('gives its state directory back when a start fails', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: ./a.ts#Failing }\n', {
      'a.ts': 'export class Failing { start() { throw new Error("no") } }\n',
    })
    const options = { containers: [fixtureContainer()] }
    for (let i = 0; i < 2; i++) await expect(launch(folder.bootstrap, options)).rejects.toThrow('failed to start: no')
  })

  test('removes what killed writers left in its state directory, and nothing that is no left-over', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: Step }\n', {
      '.aesop/maxscn/a.json': '{}',
      '.aesop/maxscn/a.json.4711.tmp': '{',
      '.aesop/checkpoints/r/current.json.0123456789abcdef.tmp': '{',
      '.aesop/notes.tmp': 'mine',
    })
    await using application = await launch(folder.bootstrap, { containers: [fixtureContainer()] })
    const left = readdirSync(application.plan.stateDirectory, { recursive: true }).map(String)
    expect(left.filter((name) => !name.startsWith('.lock')).sort()).toEqual([
      'checkpoints',
      'checkpoints/r',
      'maxscn',
      'maxscn/a.json',
      'notes.tmp',
    ])
  })
})
