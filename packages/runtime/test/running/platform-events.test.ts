import { launch, type PlatformEvent, prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { deedsContainer, type Greeter, type Listener } from '../support/deeds-container.ts'
import { BOOTSTRAP, DescriptorFolder } from '../support/descriptor-folder.ts'

const LISTENING = `beans:
  bad: { class: Listener, properties: { fail: true } }
  listener: { class: Listener }
  greeter: { class: Greeter, properties: { word: x } }
`
const names = (events: readonly PlatformEvent[]): string[] =>
  events.map((event) => (event.type === 'container.state' ? `${event.container} ${event.state}` : event.type))

describe('platform events', () => {
  test('reach listener beans in order, from the end of their own making to the stop, whatever other listeners do', async () => {
    using folder = DescriptorFolder.withFixture(LISTENING)
    const errors: string[] = []
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined }
    const loggerOf = (_container: string, bean: string) => ({
      ...log,
      error: (message: string) => errors.push(`${bean}: ${message}`),
    })
    const application = await launch(folder.bootstrap, { containers: [deedsContainer()], loggerOf })
    const { events } = application.get('listener') as Listener
    const { context } = application.get('greeter') as Greeter
    context.publish({ type: 'alert', severity: 'warning', message: 'look here' })
    await application.stop()
    expect(names(events)).toEqual(['fixture running', 'bootstrap.started', 'alert', 'fixture stopping'])
    expect(errors).toContain('bad: the listener failed at the platform event bootstrap.started')
  })

  test('are delivered after the publisher has gone on', async () => {
    using folder = DescriptorFolder.withFixture(LISTENING)
    await using application = await launch(folder.bootstrap, { containers: [deedsContainer()] })
    const { context } = application.get('greeter') as Greeter
    const seen: string[] = []
    application.listen({ onPlatformEvent: ({ type }) => void seen.push(type) })
    context.publish({ type: 'alert', severity: 'info', message: 'x' })
    expect(seen).toEqual([])
    await expect.poll(() => seen).toEqual(['alert'])
  })

  test('tell of a bean that fails to start in a container that may fail, which can be started later', async () => {
    const bootstrap = BOOTSTRAP.replace(
      '[fixture]',
      '[fixture, { class: OtherRuntimeComponentContainer, properties: { onFailure: continue } }]',
    )
    using folder = new DescriptorFolder({
      'bootstrap.yaml': bootstrap,
      'fixture-config.yaml': LISTENING,
      'other-config.yaml': 'beans:\n  late: { class: ./late.mjs#Late }\n',
      'late.mjs':
        'let n = 0\nexport class Late { static schema = {}; start() { if (++n === 1) throw new Error("too early") } }\n',
    })
    const containers = [deedsContainer(), deedsContainer(undefined, 'other')]
    await using application = await launch(folder.bootstrap, { containers })
    const { events } = application.get('listener') as Listener
    expect(application.state()).toEqual({ fixture: 'running', other: 'failed' })
    expect(names(events)).toEqual(expect.arrayContaining(['bean.failed', 'alert', 'other failed', 'bootstrap.started']))
    expect(events).toContainEqual(expect.objectContaining({ type: 'bean.failed', container: 'other', bean: 'late' }))
    await application.startContainer('other')
    expect(application.state()).toEqual({ fixture: 'running', other: 'running' })
  })

  test("may be listened to by a bean of the user's own that no other bean refers to", async () => {
    const mailer =
      'export class Mailer { static schema = {}; events = []; onPlatformEvent(event) { this.events.push(event.type) } }'
    using folder = DescriptorFolder.withFixture('beans:\n  mailer: { class: ./mailer.mjs#Mailer }\n', {
      'mailer.mjs': `${mailer}\n`,
    })
    const containers = [deedsContainer()]
    expect((await prepareLaunch(folder.bootstrap, { containers })).problems).toEqual([])
    await using application = await launch(folder.bootstrap, { containers })
    await expect
      .poll(() => application.get('mailer'))
      .toMatchObject({ events: ['container.state', 'bootstrap.started'] })
  })

  test('tell of a bean that gives up', async () => {
    using folder = DescriptorFolder.withFixture(LISTENING)
    const application = await launch(folder.bootstrap, { containers: [deedsContainer()] })
    const { events } = application.get('listener') as Listener
    const { context } = application.get('greeter') as Greeter
    context.fail(new Error('no more'))
    await application.ended
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'bean.failed', container: 'fixture', bean: 'greeter' }),
    )
  })

  test('a listener that hangs holds up the stop for a second at most', async () => {
    using folder = DescriptorFolder.withFixture('beans:\n  a: { class: ./slow.mjs#Slow }\n', {
      'slow.mjs': 'export class Slow { onPlatformEvent() { return new Promise(() => undefined) } }\n',
    })
    const application = await launch(folder.bootstrap, { containers: [deedsContainer()] })
    const began = performance.now()
    expect(await application.stop()).toEqual({ stopFailures: [] })
    expect(performance.now() - began).toBeLessThan(5000)
  })
})
