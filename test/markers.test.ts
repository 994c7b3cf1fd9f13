import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LaunchedProcess } from './support/launched-process.ts'
import { ADMIN_TOKEN, assertNoLeak, leaksIn, RELAY_TOKEN, ROW_TEXT, SERVER_PASSWORD } from './support/markers.ts'
import provideRunFolder from './support/run-folder.ts'
import { searchedLog } from './support/searched-log.ts'
import { fetchSearched } from './support/searched-page.ts'
import { newFolder, removeFolder } from './support/test-folder.ts'

/* That the search for markers, which every test with a process, a folder or a page makes, finds them. */

/** Tests that talk to servers or start processes, and what they share. */
const MADE_BY_TESTS = /^(?:integration|fault|soak|support)\/.*\.ts$/
/** The search itself, and the folders of database servers. */
const FOLDERS_OF_THEIR_OWN = [
  'support/private-server.ts',
  'support/run-folder.ts',
  'support/test-folder.ts',
  'support/unpacked-mysql.ts',
]

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a marker is found', () => {
  test.each([
    ['as it is', SERVER_PASSWORD],
    ['in JSON', JSON.stringify({ password: `"${SERVER_PASSWORD}` })],
    ['in a URI', `mysql://aesop:${encodeURIComponent(SERVER_PASSWORD)}@127.0.0.1`],
    ['in part, after the sign that ends user information', SERVER_PASSWORD.split('@')[1] ?? ''],
    ['in part, after the first sign', SERVER_PASSWORD.slice(SERVER_PASSWORD.indexOf('/'))],
    ['in hex', Buffer.from(SERVER_PASSWORD).toString('hex')],
    ...['', 'a', 'ab', 'aesop:'].map((before) => [`in base64 after "${before}"`, base64(before + SERVER_PASSWORD)]),
    ['of the admin server', ADMIN_TOKEN],
    ['of the relay', RELAY_TOKEN],
  ])('%s', (_name, text) => {
    expect(leaksIn(`before\n${text}\nafter`, ['secret'])).toHaveLength(1)
    expect(leaksIn(text, ['row'])).toEqual([])
  })

  test('of a row, and of both', () => {
    expect(leaksIn(`key ${ROW_TEXT} 1`, ['secret', 'row'])).toHaveLength(1)
    expect(leaksIn(SERVER_PASSWORD + ROW_TEXT, ['secret', 'row'])).toHaveLength(2)
    expect(leaksIn('a password and a row', ['secret', 'row'])).toEqual([])
  })
})

test('what is said of it names the place and shows the line, without the marker', () => {
  const failure = (): void => {
    assertNoLeak(`stderr of --set x=${SERVER_PASSWORD}`, `first\nlogin as ${SERVER_PASSWORD} failed\nlast`)
  }
  expect(failure).toThrow(/^stderr of --set x=\[secret\]\S* holds a marker of a secret: login as \[secret\]\S* failed$/)
  expect(failure).not.toThrow('S3cMark')
})

describe('a leak fails', () => {
  /** A process that writes one text, in the place of the launch. */
  const writing = (text: string, stream: 'stdout' | 'stderr', ...args: string[]): Promise<number | null> => {
    const script = `printf %s "$TEXT" >&${stream === 'stdout' ? 1 : 2}`
    return LaunchedProcess.start(args, { TEXT: text }, undefined, ['sh', '-c', script]).untilExit()
  }

  test.each([
    ['a secret', SERVER_PASSWORD, 'stderr', 'bootstrap.yaml'],
    ['a secret', RELAY_TOKEN, 'stdout', 'bootstrap.yaml'],
    ['a row', ROW_TEXT, 'stderr', 'bootstrap.yaml'],
    ['a row', ROW_TEXT, 'stdout', 'state'],
  ] as const)('a process that wrote %s, %s, to %s of %s', async (_kind, text, stream, arg) => {
    await expect(writing(text, stream, arg)).rejects.toThrow(`${stream} of aesop-launch ${arg} holds a marker`)
  })

  test('no process whose consumers print rows', async () => {
    expect(await writing(ROW_TEXT, 'stdout', 'bootstrap.yaml')).toBe(0)
  })

  test.each([
    ['a secret', SERVER_PASSWORD, 'checkpoints/current.json', true],
    ['a row', ROW_TEXT, 'maxscn/shop.json', true],
    ['a row in what a consumer keeps', ROW_TEXT, '../seen', false],
    ['a secret in a descriptor of the test', SERVER_PASSWORD, '../relay-config.yaml', false],
  ])('a folder whose files hold %s', (_name, text, file, isLeak) => {
    const folder = newFolder('leak')
    mkdirSync(join(folder, '.aesop/checkpoints'), { recursive: true })
    mkdirSync(join(folder, '.aesop/maxscn'))
    writeFileSync(join(folder, '.aesop', file), text)
    const remove = (): void => {
      removeFolder(folder)
    }
    if (isLeak) expect(remove).toThrow(file)
    else expect(remove).not.toThrow()
  })

  test('a run, by its exit code, too, in files that are left', () => {
    const { AESOP_TEST_RUN_FOLDER: own } = process.env
    const code = process.exitCode
    delete process.env['AESOP_TEST_RUN_FOLDER']
    const end = provideRunFolder()
    writeFileSync(join(newFolder('left'), 'checkpoint'), SERVER_PASSWORD)
    expect(end).toThrow(/aesop-run-\w+\/aesop-left-\w+\/checkpoint holds a marker of a secret/)
    const ended = process.exitCode
    process.exitCode = code
    if (own === undefined) delete process.env['AESOP_TEST_RUN_FOLDER']
    else process.env['AESOP_TEST_RUN_FOLDER'] = own
    expect(ended).toBe(1)
  })

  test('a log line, in its message, its fields and the errors there', () => {
    const leaks: Error[] = []
    const log = searchedLog('relay', undefined, (leak) => leaks.push(leak))
    log.info('ready', { port: 1 })
    log.warn(`with ${SERVER_PASSWORD}`)
    log.debug('failed', { error: new Error('outer', { cause: new Error(ROW_TEXT) }) })
    expect(leaks.map(({ message }) => message)).toEqual([
      expect.stringContaining('a line of relay holds a marker of a secret'),
      expect.stringContaining('a line of relay holds a marker of a row'),
    ])
  })

  test('a page, in its headers and its body', async () => {
    const page =
      (body: string, headers: Record<string, string> = {}) =>
      () =>
        Promise.resolve(new Response(body, { headers }))
    expect((await fetchSearched('http://h/', {}, page('well'))).text).toBe('well')
    await expect(fetchSearched('http://h/x', {}, page(ROW_TEXT))).rejects.toThrow('GET http://h/x')
    await expect(fetchSearched('http://h/', {}, page('', { 'x-y': RELAY_TOKEN }))).rejects.toThrow('a secret')
  })
})

test('tests with servers make their folders where they are searched', () => {
  const folder = import.meta.dirname
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => MADE_BY_TESTS.test(path))
  expect(files.length).toBeGreaterThan(50)
  const making = files.filter((path) => readFileSync(join(folder, path), 'utf8').includes('tmpdir('))
  expect(making.sort()).toEqual(FOLDERS_OF_THEIR_OWN)
})
