import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Launched, LaunchFolder } from './support/launched.ts'

const timeout = 30_000

describe('the exit code tells the truth', { timeout }, () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('0 after %s, and everything was stopped', async (signal) => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    await launched.until('test is ready')
    launched.signal(signal)
    const { code, stdout, stderr } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\n' })
    expect(stderr).toContain(`${signal}: stopping; once more ends at once`)
  })

  test.each(['stderr', 'stdout'] as const)('a closed %s ends nothing', async (stream) => {
    using folder = new LaunchFolder('')
    using launched = new Launched(['bootstrap.yaml', '--admin', '0', '--log-level', 'debug'], folder.path)
    await launched.until('test is ready')
    const admin = /admin=(\S+)/.exec(launched.stderr)?.[1] ?? ''
    launched.closeOutput(stream)
    // Each reload writes lines of the log; stop and start print to stdout.
    for (let times = 0; times < 3; times++) {
      const { status } = await fetch(`${admin}/admin/containers/fixture/reload`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
      expect(status).toBe(200)
    }
    expect((await fetch(`${admin}/health/ready`)).status).toBe(200)
    launched.signal('SIGTERM')
    expect((await launched.ended).code).toBe(0)
  })

  test.each([
    [[], 'took 7 rows\n'],
    [['--json'], '{"rows":7}\n'],
  ])('0 when a bean is done, and %j shows what it has come to behind everything else', async (args, result) => {
    using folder = new LaunchFolder('later: finish')
    using launched = new Launched(['run', 'bootstrap.yaml', ...args], folder.path)
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: `start\nstop\n${result}` })
  })

  test.each([
    ['a bean gives up', 'later: fail', 'gave up'],
    ['an exception is caught by nobody', 'later: throw', 'thrown later'],
    ['a rejection is handled by nobody', 'later: reject', 'rejected later'],
  ])('1 when %s, after an orderly stop', async (_title, deed, reason) => {
    using folder = new LaunchFolder(deed)
    using launched = new Launched(['run', 'bootstrap.yaml'], folder.path)
    const { code, stdout, stderr } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'start\nstop\n' })
    expect(stderr).toContain(reason)
  })

  test.each([
    [[], 'Example:'],
    [['--frsh', 'bootstrap.yaml'], 'did you mean "--fresh"?'],
    [['a.yaml', 'b.yaml'], 'takes one argument'],
    [['check'], 'check needs at least one descriptor'],
    [['bootstrap.yaml', '--set', 'novalue'], 'key=value'],
    [['bootstrap.yaml', '--start-timeout', 'soon'], 'duration'],
    [['explain', 'AESOP_NO_SUCH'], 'no error code'],
    [['cluster', 'x.yaml'], 'not available yet'],
  ])('2 for the arguments %j', async (args, text) => {
    using folder = new LaunchFolder('')
    const { code, stdout, stderr } = await new Launched(args, folder.path).ended
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
  })

  test('4 when another process has the state directory, which goes on; a killed one has nothing', async () => {
    using folder = new LaunchFolder('')
    using first = new Launched(['bootstrap.yaml', '--admin', '0'], folder.path)
    await first.until('test is ready')
    const second = await new Launched(['bootstrap.yaml', '--fresh', '--admin', '0'], folder.path).ended
    expect({ code: second.code, stdout: second.stdout }, second.stderr).toEqual({ code: 4, stdout: '' })
    expect(second.stderr).toMatch(/AESOP_RUNTIME_STATE_HELD.* is in use by test \(process \d+ on /)
    expect(first.stdout).toBe('start\n')
    first.signal('SIGKILL')
    await first.ended
    using third = new Launched(['bootstrap.yaml', '--admin', '0'], folder.path)
    await third.until('test is ready')
  })

  test('3 for errors in descriptors, and nothing was started', async () => {
    using folder = new LaunchFolder('prt: 1')
    const { code, stdout, stderr } = await new Launched(['bootstrap.yaml'], folder.path).ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('fixture-config.yaml:4:19')
    expect(stderr).toContain('1 error in 2 files. Nothing was started.')
  })

  test('3 for a container that is not available yet, at check and at run', async () => {
    using folder = new LaunchFolder(
      '',
      'beans:\n  i: { class: BootstrapInfo, properties: { componentContainers: [later] } }\n',
    )
    const run = await new Launched(['bootstrap.yaml'], folder.path).ended
    const check = await new Launched(['check', 'bootstrap.yaml'], folder.path).ended
    expect([run.code, check.code]).toEqual([3, 3])
    expect(run.stderr).toContain('component container "later" can\'t be launched: not written yet')
    expect(check.stderr).toContain('AESOP_RUNTIME_CONTAINER_UNAVAILABLE')
  })

  test('3 for a missing bootstrap descriptor', async () => {
    using folder = new LaunchFolder('')
    const { code, stderr } = await new Launched(['nothing.yaml'], folder.path).ended
    expect(code).toBe(3)
    expect(stderr).toContain('AESOP_DESCRIPTOR_NOT_FOUND')
  })

  test('4 when a bean fails to start, with its place and what to do', async () => {
    using folder = new LaunchFolder('fail: start')
    const { code, stderr } = await new Launched(['bootstrap.yaml'], folder.path).ended
    expect(code).toBe(4)
    expect(stderr).toContain('error AESOP_RUNTIME_START_FAILED: bean "worker" failed to start: start was told to fail')
    expect(stderr).toContain('--> fixture-config.yaml:3:5')
    expect(stderr).toContain('path: fixture > worker')
  })

  test.each(['fail: stop', 'hang: stop'])('5 when a bean does not stop: %s', async (deed) => {
    using folder = new LaunchFolder(deed)
    using launched = new Launched(['bootstrap.yaml', '--shutdown-timeout', '50ms'], folder.path)
    await launched.until('test is ready')
    launched.signal('SIGTERM')
    expect((await launched.ended).code).toBe(5)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('128+n after %s when the work of a bean has an end and is not there', async (signal, code) => {
    using folder = new LaunchFolder('later: work')
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    await launched.until('test is ready')
    launched.signal(signal)
    const ended = await launched.ended
    expect([ended.code, ended.stdout]).toEqual([code, 'start\nstop\n'])
    expect(ended.stderr).not.toContain('half of it')
  })

  test('128+n when a second signal comes while a bean hangs', async () => {
    using folder = new LaunchFolder('hang: stop')
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    await launched.until('test is ready')
    launched.signal('SIGTERM')
    await launched.until('stop\n')
    launched.signal('SIGINT')
    expect((await launched.ended).code).toBe(130)
  })

  test('0 when a signal comes while a start hangs: the start is given up soon, and told to stop', async () => {
    using folder = new LaunchFolder('hang: start')
    using launched = new Launched(['bootstrap.yaml'], folder.path)
    await launched.until('start\n')
    launched.signal('SIGTERM')
    const { code, stdout } = await launched.ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'start\nstop\n' })
  })
})

describe('what is written where', { timeout }, () => {
  test('check writes nothing to stdout but JSON when asked', async () => {
    using folder = new LaunchFolder('port: "${port:x}", uri: "mysql://me%2Fhunter22@localhost/1/x"')
    const text = await new Launched(['check', 'bootstrap.yaml'], folder.path).ended
    const json = await new Launched(['check', 'fixture-config.yaml', '--json'], folder.path).ended
    expect({ code: text.code, stdout: text.stdout }).toEqual({ code: 3, stdout: '' })
    expect(json.code).toBe(3)
    expect(JSON.parse(json.stdout)).toEqual([
      expect.objectContaining({
        code: 'AESOP_DESCRIPTOR_PROPERTY_TYPE',
        severity: 'error',
        file: 'fixture-config.yaml',
        line: 4,
        column: 25,
        bean: 'worker',
        path: 'worker.properties.port',
      }),
    ])
    expect(text.stderr).toContain('value from the default of ${port}')
    expect(text.stderr).toContain('uri: mysql://localhost/1/x')
    expect(text.stderr).not.toContain('hunter22')
  })

  test('a misspelt --set is an error', async () => {
    using folder = new LaunchFolder('port: "${worker.port:1}"')
    const { code, stderr } = await new Launched(['check', 'bootstrap.yaml', '--set', 'worker.prt=2'], folder.path).ended
    expect(code).toBe(3)
    expect(stderr).toContain('value set by --set worker.prt')
    expect(stderr).toContain('did you mean "port"?')
  })

  test('the log is JSON when asked, and its secrets are hidden', async () => {
    using folder = new LaunchFolder('fail: stop, uri: "${db.password}", later: say')
    using launched = new Launched(['bootstrap.yaml', '--log-format', 'json', '--admin', 'off'], folder.path, {
      DB_PASSWORD: 'p@ss/"wrd"',
    })
    await launched.until('is ready')
    launched.signal('SIGTERM')
    const { stderr } = await launched.ended
    const lines = stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toMatchObject({ level: 'info', message: 'test is ready', containers: 'fixture' })
    expect(lines[1]).toMatchObject({
      level: 'error',
      container: 'fixture',
      bean: 'worker',
      code: 'AESOP_RUNTIME_STOP_FAILED',
    })
    expect(lines[1]?.['message']).toBe('bean "worker" failed to stop: stop was told to fail with ${db.password}')
  })

  test('there are no colours in a pipe unless they are forced, and none with --no-color', async () => {
    using folder = new LaunchFolder('prt: 1')
    // What the terminal of who runs the tests likes is not what they are about.
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('NO_COLOR', '1')
    const plain = await new Launched(['check', 'bootstrap.yaml'], folder.path).ended
    const forced = await new Launched(['check', 'bootstrap.yaml'], folder.path, { FORCE_COLOR: '1' }).ended
    const off = await new Launched(['check', 'bootstrap.yaml', '--no-color'], folder.path, { FORCE_COLOR: '1' }).ended
    expect([plain, forced, off].map(({ stderr }) => stderr.includes('\u001b['))).toEqual([false, true, false])
  })

  test('the help of a command, or of a verb of it, has its lines and options alone', async () => {
    using folder = new LaunchFolder('')
    const help = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout } = await new Launched([...args, '--help'], folder.path).ended
      expect(code).toBe(0)
      return stdout
    }
    const command = await help('state')
    for (const part of [
      'state show <bootstrap>',
      'state release <bootstrap>',
      '--to <place>',
      '--table <logical source>',
    ])
      expect(command).toContain(part)
    expect(command).not.toContain('aesop-launch check')
    const locate = await help('state', 'locate', 'bootstrap.yaml')
    expect(locate).toMatch(
      /^Usage:\n {7}aesop-launch state locate <bootstrap> --at <place>\n[^\n]*\n\nOptions of state\n/,
    )
    expect(locate).toContain('--at <place>')
    expect(locate).not.toContain('--to <place>')
    expect(await help('state', 'nothing')).toBe(command)
    expect(await help('nothing')).toContain('Exit codes')
  })

  test('help and version go to stdout with code 0', async () => {
    using folder = new LaunchFolder('')
    const help = await new Launched(['--help'], folder.path).ended
    const version = await new Launched(['-V'], folder.path).ended
    expect([help.code, version.code]).toEqual([0, 0])
    expect(help.stdout).toContain('Usage: aesop-launch')
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
