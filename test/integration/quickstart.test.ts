import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LaunchedProcess } from '../support/launched-process.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'

/*
 * What a newcomer does first: the launch of the top-level bootstrap.yaml, in a copy of its files so that the tests do
 * not share a state folder with anybody.
 */
const ROOT = resolve(import.meta.dirname, '../..')
const DEADLINE_MS = 60_000
const ROWS = 23
const CUT_AT = 3001
const ROWS_BEFORE_CUT = 19
const LATE = 'late: bootstrapped, rows of bookshop.book 6, bookshop.customer 1, bookshop.sale 3; live from here on'
let folder = ''

beforeEach(() => {
  folder = newFolder('quickstart')
  cpSync(join(ROOT, 'bootstrap.yaml'), join(folder, 'bootstrap.yaml'))
  cpSync(join(ROOT, 'samples/quickstart'), join(folder, 'samples/quickstart'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})
afterEach(() => {
  removeFolder(folder)
})

const LOG = (): string => join(folder, 'samples/quickstart/binlog/mysql-bin.000002')

/** Ends the second log in the middle of an event, and gives the rest of it. */
function cutLog(): Buffer {
  const whole = readFileSync(LOG())
  writeFileSync(LOG(), whole.subarray(0, CUT_AT))
  return whole.subarray(CUT_AT)
}

const start = (...args: string[]): LaunchedProcess => LaunchedProcess.start(['bootstrap.yaml', ...args], {}, folder)

const isLate = (line: string): boolean => line.startsWith('late: ')
/** What the first consumer prints; the late one has its own lines. */
const rowsIn = (lines: readonly string[]): string[] => lines.filter((line) => line !== '' && !isLate(line))

async function rowsUntil(launch: LaunchedProcess, count: number): Promise<readonly string[]> {
  return rowsIn(await launch.untilOutput((lines) => rowsIn(lines).length >= count, DEADLINE_MS))
}

const allRows = (launch: LaunchedProcess): Promise<readonly string[]> => rowsUntil(launch, ROWS)

describe('the quick start', () => {
  test('prints one line per change to stdout, and nothing else there but what the late consumer says', async () => {
    const launch = start()
    const rows = await allRows(launch)
    await launch.untilOutput((lines) => lines.some(isLate), DEADLINE_MS)
    expect(await launch.stop()).toBe(0)
    expect(launch.output.filter(isLate)).toEqual([LATE])
    expect(rows).toHaveLength(ROWS)
    expect(rows.filter((row) => !/^(UPSERT|DELETE) bookshop\.(book|customer|sale) \d+ {2}\S/.test(row))).toEqual([])
    expect(rows[0]).toBe(
      'UPSERT bookshop.book 1  id=1 title=The Left Hand of Darkness author=Ursula K. Le Guin price=12.50 stock=4 shelf=novel published=1969-03-01',
    )
    expect(rows.filter((row) => row.startsWith('DELETE'))).toHaveLength(2)
    expect(launch.errors).toMatch(/ready/)
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stops with 0 on %s and goes on where it was, printing nothing twice',
    async (signal) => {
      const rest = cutLog()
      const first = start()
      await rowsUntil(first, ROWS_BEFORE_CUT)
      await first.untilOutput((lines) => lines.some(isLate), DEADLINE_MS)
      expect(await first.stop(signal)).toBe(0)
      expect(existsSync(join(folder, '.aesop'))).toBe(true)
      appendFileSync(LOG(), rest)
      const again = start()
      await rowsUntil(again, ROWS - ROWS_BEFORE_CUT)
      await again.untilOutput((lines) => lines.filter(isLate).length >= ROWS - ROWS_BEFORE_CUT, DEADLINE_MS)
      expect(await again.stop(signal)).toBe(0)
      expect(again.output.filter(isLate).every((line) => line.startsWith('late: live '))).toBe(true)
      const whole = start('--fresh')
      expect([...rowsIn(first.output), ...rowsIn(again.output)]).toEqual(await allRows(whole))
      await whole.stop()
    },
  )

  test('starts over with --fresh', async () => {
    const first = start()
    await allRows(first)
    await first.stop()
    const fresh = start('--fresh')
    expect(await allRows(fresh)).toHaveLength(ROWS)
    expect(await fresh.stop()).toBe(0)
  })

  test('goes on as its log grows, as tail -f does', async () => {
    const rest = cutLog()
    const launch = start()
    expect(await rowsUntil(launch, ROWS_BEFORE_CUT)).toHaveLength(ROWS_BEFORE_CUT)
    appendFileSync(LOG(), rest)
    expect(await allRows(launch)).toHaveLength(ROWS)
    expect(await launch.stop()).toBe(0)
  })

  test('shows the same by npm start, each time', async () => {
    const first = await outputOfNpmStart()
    expect(rowsIn(first)).toHaveLength(ROWS)
    expect(first.filter(isLate)).toEqual([LATE])
    expect(await outputOfNpmStart()).toEqual(first)
  })
})

/** What it prints, up to the line of the late consumer. */
async function outputOfNpmStart(): Promise<string[]> {
  const args = ['start', '--silent', '--', '--admin', '0']
  const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const ended = new Promise((done) => child.once('exit', done))
  let output = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    output += String(text)
    // The whole group, as a terminal's Ctrl-C does.
    if (output.includes(LATE)) process.kill(-(child.pid ?? 0), 'SIGINT')
  }
  await ended
  return output.trim().split('\n')
}
