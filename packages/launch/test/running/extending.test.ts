import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Launched } from '../support/launched.ts'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const PAGE = readFileSync(join(ROOT, 'docs/extending.md'), 'utf8')
const FILES = [...PAGE.matchAll(/^`([\w.-]+)`\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => ({
  name,
  text,
}))
const COMMANDS = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, text = '']) => text.trim().split('\n'))
const OUTPUT = /^```text\n([\s\S]*?)^```$/m.exec(PAGE)?.[1] ?? ''

/** The folder of the page, with all its files, as it is in a checkout: the same packages, the same kind of modules. */
class PageFolder implements Disposable {
  readonly path = newFolder('extending')
  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.path, 'node_modules'))
    writeFileSync(join(this.path, 'package.json'), readFileSync(join(ROOT, 'package.json')))
    for (const { name, text } of FILES) writeFileSync(join(this.path, name), text)
    writeFileSync(
      join(this.path, 'launch.mjs'),
      `import { main } from '@aesop/launch'\nawait main(process.argv.slice(2))\n`,
    )
  }
  /** Runs a command of the page. */
  run(command: string): Launched {
    const [program, ...args] = command.split(' ')
    if (program === 'aesop-launch') return new Launched(args, this.path, {}, join(this.path, 'launch.mjs'))
    return new Launched([], this.path, {}, join(this.path, args.at(-1) ?? ''))
  }
  [Symbol.dispose](): void {
    removeFolder(this.path)
  }
}

const command = (start: string): string => COMMANDS.find((each) => each.startsWith(start)) ?? ''

describe('the page about classes of your own', { timeout: 60_000 }, () => {
  test('has the files and commands that are run here', () => {
    expect(FILES.map(({ name }) => name)).toEqual([
      'bootstrap.yaml',
      'relay-config.yaml',
      'client-config.yaml',
      'consumer.ts',
      'heartbeat.ts',
      'heartbeat-config.yaml',
      'with-heart.yaml',
      'shifted-scns.ts',
      'shop.test.ts',
    ])
    expect(COMMANDS).toHaveLength(5)
  })

  test('its consumer is checked without a problem and prints what the page says', async () => {
    using folder = new PageFolder()
    const check = await folder.run(command('aesop-launch check bootstrap.yaml')).ended
    expect(check.code, check.stderr).toBe(0)
    using launched = folder.run('aesop-launch bootstrap.yaml')
    await launched.until(OUTPUT)
    launched.signal('SIGINT')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: OUTPUT })
  })

  test('its misspelt property is found with exit code 3', async () => {
    using folder = new PageFolder()
    const { code, stderr } = await folder.run(command('aesop-launch check bootstrap.yaml --set')).ended
    expect(code, stderr).toBe(3)
    expect(stderr).toContain('did you mean "mark"?')
  })

  test('its container runs beside the standard ones, shows itself, acts, and is reloaded alone', async () => {
    using folder = new PageFolder()
    using launched = folder.run(command('aesop-launch with-heart.yaml'))
    await launched.until('the heart beats')
    await launched.until('admin=')
    const url = /admin=(http\S+)/.exec(launched.stderr)?.[1] ?? ''
    const get = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text()
    expect(JSON.parse(await get('/health/ready'))).toMatchObject({
      isReady: true,
      containers: { relay: { state: 'running' }, heartbeat: { beans: { heart: { status: 'up' } } } },
    })
    await expect.poll(() => get('/metrics')).toMatch(/heartbeats_total\{container="heartbeat",bean="heart"\} [1-9]/)
    for (const path of ['/admin/beans/heart/actions/reset', '/admin/containers/heartbeat/reload'])
      expect(
        (await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' } })).status,
      ).toBe(200)
    await launched.until('UPSERT shop.book 3!')
    launched.signal('SIGTERM')
    expect((await launched.ended).code).toBe(0)
  })

  test('its generator makes the SCNs of the relay', async () => {
    using folder = new PageFolder()
    const named = /^- (scnGenerator: .*)$/m.exec(PAGE)?.[1] ?? ''
    const relayConfig = FILES.find(({ name }) => name === 'relay-config.yaml')?.text ?? ''
    const withGenerator = relayConfig.replace('- physicalSourceConfig:', `- ${named}\n          physicalSourceConfig:`)
    writeFileSync(join(folder.path, 'relay-config.yaml'), withGenerator)
    using launched = folder.run('aesop-launch bootstrap.yaml --admin 0')
    await launched.until('UPSERT shop.book 3!')
    await launched.until('admin=')
    const url = /admin=(http\S+)/.exec(launched.stderr)?.[1] ?? ''
    const beans = await (await fetch(`${url}/admin/beans`)).text()
    expect(beans).toMatch(/"lastScn":\s*"5000000000002"/)
    expect(beans).toMatch(/"scnSpace":\s*"[^"]+\.shifted"/)
    launched.signal('SIGTERM')
    expect((await launched.ended).code).toBe(0)
  })

  test('its test passes', async () => {
    using folder = new PageFolder()
    const { code, stdout, stderr } = await folder.run(command('node')).ended
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: 'passed\n' })
  })
})
