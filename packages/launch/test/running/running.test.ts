import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Launched, LaunchFolder } from '../support/launched.ts'
import { ADMIN_TOKEN } from '../../../../test/support/markers.ts'

const timeout = 30_000
const ADMIN = /admin=(http:\/\/127\.0\.0\.1:\d+)/

/** Waits until the launch is ready and gives the URL of its admin server. */
async function adminOf(launched: Launched): Promise<string> {
  await launched.until('test is ready')
  await launched.until('admin=')
  return ADMIN.exec(launched.stderr)?.[1] ?? ''
}

const write = (folder: LaunchFolder, name: string, text: string): void => {
  writeFileSync(join(folder.path, name), text)
}
const worker = (properties: string): string =>
  `beans:\n  worker:\n    class: Worker\n    properties: { ${properties} }\n`

describe('a reload while everything runs', { timeout }, () => {
  test('SIGHUP replaces what changed: the old beans stop, the new ones start', async () => {
    using folder = new LaunchFolder('port: 1')
    using launched = new Launched(['bootstrap.yaml', '--admin', 'off'], folder.path)
    await launched.until('test is ready')
    write(folder, 'fixture-config.yaml', worker('port: 2'))
    launched.signal('SIGHUP')
    await launched.until('reloaded fixture')
    launched.signal('SIGTERM')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\nstart\nstop\n' })
  })

  test('SIGHUP with errors in a descriptor shows them with their place, and nothing stops', async () => {
    using folder = new LaunchFolder('port: 1')
    using launched = new Launched(['bootstrap.yaml', '--admin', 'off'], folder.path)
    await launched.until('test is ready')
    write(folder, 'fixture-config.yaml', worker('prt: 2'))
    launched.signal('SIGHUP')
    await launched.until('fixture-config.yaml:4:19')
    await launched.until('did you mean "port"?')
    launched.signal('SIGTERM')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\n' })
  })

  test('--watch reloads when a descriptor is written', async () => {
    using folder = new LaunchFolder('port: 1')
    using launched = new Launched(['bootstrap.yaml', '--admin', 'off', '--watch'], folder.path)
    await launched.until('test is ready')
    write(folder, 'fixture-config.yaml', worker('port: 2222'))
    await launched.until('reloaded fixture')
    launched.signal('SIGTERM')
    expect((await launched.ended).code).toBe(0)
  })
})

describe('the admin server', { timeout }, () => {
  test('listens on loopback for a server, says where, and ends the process in order when asked', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    const url = await adminOf(launched)
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    expect(
      (await fetch(`${url}/admin/shutdown`, { method: 'POST', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(202)
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\n' })
  })

  test.each(['standalone', 'test'])('there is none for the nature %s, unless asked for', async (nature) => {
    const info = `{ applicationName: test, runtimeNature: ${nature}, componentContainers: [fixture] }`
    using folder = new LaunchFolder('', `beans:\n  info: { class: BootstrapInfo, properties: ${info} }\n`)
    using silent = new Launched(['bootstrap.yaml'], folder.path)
    await silent.until('test is ready')
    expect(silent.stderr).not.toContain('admin=')
    silent.signal('SIGTERM')
    await silent.ended
    using asked = new Launched(['bootstrap.yaml', '--admin', '0'], folder.path)
    expect(await adminOf(asked)).toMatch(/^http:/)
  })

  test('two servers on one machine are both launched though the default port is one', async () => {
    using folder = new LaunchFolder('')
    using first = new Launched(['bootstrap.yaml'], folder.path)
    const firstUrl = await adminOf(first)
    using other = new LaunchFolder('')
    using second = new Launched(['bootstrap.yaml'], other.path)
    const secondUrl = await adminOf(second)
    expect(secondUrl).not.toBe(firstUrl)
    expect(second.stderr).toContain('port 9090 is taken, so the admin server uses another one; --admin chooses')
  })

  test('a taken port that was asked for ends the launch with 3 before anything starts', async () => {
    using folder = new LaunchFolder('')
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const { port } = other.address() as AddressInfo
    const { code, stdout, stderr } = await new Launched(['bootstrap.yaml', '--admin', `${port}`], folder.path).ended
    other.close()
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(`AESOP_ADMIN_LISTEN_FAILED: the admin server cannot listen on 127.0.0.1:${port}`)
  })

  test('off loopback it needs a token: without one nothing starts', async () => {
    using folder = new LaunchFolder('')
    const args = ['bootstrap.yaml', '--admin', '0.0.0.0:0']
    const { code, stdout, stderr } = await new Launched(args, folder.path, { AESOP_ADMIN_TOKEN: '' }).ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('AESOP_ADMIN_TOKEN_MISSING')
    using open = new Launched(args, folder.path, { AESOP_ADMIN_TOKEN: ADMIN_TOKEN })
    await open.until('test is ready')
    expect(open.stderr).not.toContain(ADMIN_TOKEN)
  })

  test.each(['nowhere', ':1', '70000', 'host:'])('2 for the address %s', async (address) => {
    using folder = new LaunchFolder('')
    const { code, stderr } = await new Launched(['bootstrap.yaml', '--admin', address], folder.path).ended
    expect(code).toBe(2)
    expect(stderr).toContain('expected [host:]port or off')
  })

  test('changes what is logged while the process runs', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(
      ['bootstrap.yaml', '--log-level', 'info', '--log-format', 'json', '--admin', '0'],
      folder.path,
    )
    await launched.until('"admin":"http')
    const url = /"admin":"([^"]+)"/.exec(launched.stderr)?.[1] ?? ''
    const put = async (level: string): Promise<void> => {
      const answer = await fetch(`${url}/admin/loggers/root`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ level }),
      })
      expect(answer.status).toBe(200)
    }
    await put('error')
    await fetch(`${url}/admin/containers/fixture/stop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    await put('info')
    await fetch(`${url}/admin/containers/fixture/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    launched.signal('SIGTERM')
    const { stderr } = await launched.ended
    expect(stderr).not.toContain('asked to stop container')
    expect(stderr).toContain('asked to start container')
  })
})

describe('the end', { timeout }, () => {
  test('readiness fails at the signal, and the beans work on for the drain delay', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml', '--drain-delay', '1s', '--admin', '0'], folder.path)
    const url = await adminOf(launched)
    const signalledAt = performance.now()
    launched.signal('SIGTERM')
    await launched.until('SIGTERM: stopping')
    expect((await fetch(`${url}/health/ready`)).status).toBe(503)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect(launched.stdout).toBe('start\n')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\n' })
    expect(performance.now() - signalledAt).toBeGreaterThan(950)
  })

  test('128+n when a second signal comes while it drains', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml', '--drain-delay', '60s', '--admin', 'off'], folder.path)
    await launched.until('test is ready')
    launched.signal('SIGTERM')
    await launched.until('SIGTERM: stopping')
    launched.signal('SIGTERM')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 143, stdout: 'start\n' })
  })

  test('1 when a bean gives up, without waiting for the drain delay', async () => {
    using folder = new LaunchFolder('later: fail')
    using launched = new Launched(['bootstrap.yaml', '--drain-delay', '60s', '--admin', 'off'], folder.path)
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'start\nstop\n' })
  })

  test('0 at a signal while a module of the user is loaded, because nothing was started', async () => {
    using folder = new LaunchFolder('')
    write(folder, 'fixture-config.yaml', 'beans:\n  a: { class: ./slow.mjs#Slow }\n')
    write(
      folder,
      'slow.mjs',
      'process.stderr.write("loading\\n")\nawait new Promise((done) => setTimeout(done, 60000))\nexport class Slow {}\n',
    )
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    await launched.until('loading')
    launched.signal('SIGTERM')
    const { code, stderr } = await launched.ended
    expect(code).toBe(0)
    expect(stderr).toContain('SIGTERM: stopped before anything was started')
  })
})

describe('a signal before the command is loaded', { timeout }, () => {
  /** The launcher as it is, beside a command that takes its time to load. */
  function launcherOf(folder: LaunchFolder): string {
    const bin = join(folder.path, 'bin')
    mkdirSync(bin)
    mkdirSync(join(folder.path, 'dist'))
    write(folder, 'package.json', '{ "type": "module" }')
    copyFileSync(resolve(import.meta.dirname, '../../bin/aesop-launch.js'), join(bin, 'aesop-launch.js'))
    const main = pathToFileURL(resolve(import.meta.dirname, '../../src/main.ts')).href
    write(
      folder,
      'dist/main.js',
      `process.stderr.write('loading\\n')
await new Promise((done) => process.stdin.once('data', done))
export const { main } = await import('${main}')
`,
    )
    return join(bin, 'aesop-launch.js')
  }

  test.each([
    [['bootstrap.yaml'], 0, 'SIGTERM: stopped before anything was started'],
    [['check', 'bootstrap.yaml'], 143, ''],
  ] as const)('%j ends with %i', async (args, expected, text) => {
    using folder = new LaunchFolder('')
    using launched = new Launched(args, folder.path, {}, launcherOf(folder))
    await launched.until('loading')
    launched.signal('SIGTERM')
    launched.write('go on\n')
    const { code, stdout, stderr } = await launched.ended
    expect({ code, stdout }, stderr).toEqual({ code: expected, stdout: '' })
    expect(stderr).toContain(text)
  })

  test('a second one ends the process at once', async () => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml'], folder.path, {}, launcherOf(folder))
    await launched.until('loading')
    launched.signal('SIGINT')
    launched.signal('SIGTERM')
    expect([130, 143]).toContain((await launched.ended).code)
  })
})
