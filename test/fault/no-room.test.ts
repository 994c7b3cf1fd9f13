import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LaunchedProcess } from '../support/launched-process.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { StatefulLaunch } from '../support/stateful-launch.ts'
import { until } from '../support/until.ts'

/*
 * A disk without room and a process without file descriptors: relay and client in one process go on, say so, and save when
 * they can. The disk is a small file system that only the process sees, which needs no rights.
 */
const OWN_DISK = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
const onOwnDisk = (folder: string): string[] => [
  ...['unshare', '--user', '--map-root-user', '--mount'],
  ...['sh', '-c', OWN_DISK, folder],
]

describe('a process that can write nothing', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start()
  })
  afterAll(() => server.destroy())
  beforeEach(async () => {
    await server.query('RESET MASTER')
    await server.query(
      'DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)',
    )
  })

  const insert = (id: number): Promise<unknown> => server.query('INSERT INTO shop.item VALUES (?)', [id])
  const launchOf = (): StatefulLaunch => new StatefulLaunch({ uri: server.uri(), sources: ['shop.item'] })

  /** SCN of a file of the state, as the process sees it. */
  function savedScn(launched: LaunchedProcess, path: string, field: string): number {
    const root = `/proc/${launched.child.pid ?? 0}/root`
    return Number(new RegExp(`"${field}":(\\d+)`).exec(readFileSync(join(root, path), 'utf8'))?.[1])
  }

  /** Nothing is being saved: a file that replaced another one on a full disk would leave room for the next. */
  function isSettled(launched: LaunchedProcess, state: string): boolean {
    const [checkpoint, maxScn] = savedScns(launched, state)
    const files = readdirSync(join(`/proc/${launched.child.pid ?? 0}/root`, state), { recursive: true })
    return checkpoint === maxScn && !files.some((file) => String(file).endsWith('.tmp'))
  }

  const savedScns = (launched: LaunchedProcess, state: string): number[] => [
    savedScn(launched, join(state, 'checkpoints/people/current.json'), 'windowScn'),
    savedScn(launched, join(state, 'maxscn/shop.json'), 'scn'),
  ]

  /** Rows come while nothing can be saved; when it can again, the places of both are the newest. */
  async function goesOn(launch: StatefulLaunch, launched: LaunchedProcess, heal: () => void): Promise<void> {
    const state = join(launch.folder, '.aesop')
    const scns = (): number[] => savedScns(launched, state)
    const before = scns()
    for (const id of [2, 3, 4]) await insert(id)
    await launch.until('UPSERT 4')
    await launched.until(() => launched.errors.includes('a checkpoint could not be saved'), 30_000, 'it said so')
    await launched.until(
      () => launched.errors.includes('the place in the log could not be saved'),
      30_000,
      'the source said so',
    )
    expect(launched.exitCode).toBeUndefined()
    expect(scns()).toEqual(before)
    heal()
    await until('both places are saved', () => scns().every((scn, i) => scn > (before[i] ?? scn)))
    await insert(5)
    await launch.until('UPSERT 5')
  }

  /** Has saved the place of its first row, and can save nothing more. */
  async function onFullDisk(launch: StatefulLaunch): Promise<{ launched: LaunchedProcess; filler: string }> {
    const state = join(launch.folder, '.aesop')
    mkdirSync(state)
    const launched = await launch.start(onOwnDisk(state))
    await insert(1)
    await launch.until('UPSERT 1')
    const filler = join(`/proc/${launched.child.pid ?? 0}/root`, state, 'filler')
    await until('the first places are saved', () => isSettled(launched, state))
    fill(filler)
    return { launched, filler }
  }

  test('because its disk is full goes on, and saves when there is room', async () => {
    await using launch = launchOf()
    const { launched, filler } = await onFullDisk(launch)
    await goesOn(launch, launched, () => {
      rmSync(filler)
    })
    expect(await launched.stop('SIGTERM')).toBe(0)
  })

  test('because its disk is full says so when it is to stop, by its exit code', async () => {
    await using launch = launchOf()
    const { launched } = await onFullDisk(launch)
    await insert(2)
    await launch.until('UPSERT 2')
    expect(await launched.stop('SIGTERM')).toBe(5)
    expect(launched.errors).toContain('ENOSPC')
  })

  test('because it has no file descriptors left goes on, and repeats nothing after a restart', async () => {
    await using launch = launchOf()
    const launched = await launch.start()
    await insert(1)
    await launch.until('UPSERT 1')
    const limit = (soft: string): void => {
      execFileSync('prlimit', ['--pid', String(launched.child.pid), `--nofile=${soft}:`])
    }
    limit('3')
    await goesOn(launch, launched, () => {
      limit('1024')
    })
    expect(await launched.stop('SIGTERM')).toBe(0)
    await launch.stop()
    await launch.start()
    await insert(6)
    await launch.until('UPSERT 6')
    expect(launch.changes).toEqual([1, 2, 3, 4, 5, 6].map((id) => `UPSERT ${id}`))
  })
})

/** Takes every byte of a file system, the last ones, too. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  for (const bytes of [4096, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(bytes))
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
  }
  closeSync(file)
}
