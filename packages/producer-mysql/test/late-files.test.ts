import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { LateRig } from '../../../test/support/late-rig.ts'
import { newFolder } from '../../../test/support/test-folder.ts'

const LOGS = dirname(fileURLToPath(new URL('../../../samples/quickstart/binlog/mysql-bin.index', import.meta.url)))
const FILES = ['mysql-bin.000001', 'mysql-bin.000002']

test('log files are read again for those who are late: the same bytes; what stood in a file that is not there any more is gone', async () => {
  const folder = newFolder('logs')
  for (const file of ['mysql-bin.index', ...FILES]) copyFileSync(join(LOGS, file), join(folder, file))
  const uri = `binlog:${join(folder, 'mysql-bin.index')}`
  const rig = new LateRig({ uri, name: 'bookshop', sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'] })
  onTestFinished(() => rig.producer.stop())
  await rig.start()
  await rig.reached(26)
  await rig.noteLast()
  const live = await rig.live(rig.beganAfterScn)
  expect(live.size).toBeGreaterThan(4)
  expect(await rig.late(rig.beganAfterScn)).toEqual(live)
  await rig.producer.stop()
  rmSync(join(folder, FILES[0] ?? ''))
  const again = rig.again()
  onTestFinished(() => again.producer.stop())
  await again.start()
  const reader = again.producer.lateReading?.readFrom(rig.beganAfterScn)
  const sought = await reader?.seek(rig.beganAfterScn, -1)
  reader?.close()
  const [firstOfSecond = -1n] = [...live.keys()].filter((scn) => scn >> 32n === 2n)
  expect(sought).toMatchObject({ kind: 'gone' })
  if (sought?.kind !== 'gone') return
  expect(sought.prevScn).toBeLessThan(firstOfSecond)
  again.lastRowsScn = rig.lastRowsScn
  expect(await again.late(sought.prevScn)).toEqual(new Map([...live].filter(([scn]) => scn > sought.prevScn)))
})

test('a time in the second in which the oldest log begins is refused where an older one is gone: its end may have been of that second', async () => {
  const folder = newFolder('logs')
  const oldest = FILES[1] ?? ''
  copyFileSync(join(LOGS, oldest), join(folder, oldest))
  writeFileSync(join(folder, 'mysql-bin.index'), `./${oldest}\n`)
  const uri = `binlog:${join(folder, 'mysql-bin.index')}`
  const rig = new LateRig({ uri, name: 'bookshop', sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'] })
  onTestFinished(() => rig.producer.stop())
  await rig.start()
  const begunMs = readFileSync(join(folder, oldest)).readUInt32LE(4) * 1000
  expect(await rig.producer.findStart?.({ kind: 'time', ms: begunMs + 999 })).toMatchObject({ kind: 'gone' })
  expect(await rig.producer.findStart?.({ kind: 'time', ms: begunMs + 1000 })).toMatchObject({ kind: 'found' })
})

test('a time that was captured under another configuration is refused as what is read late there would be', async () => {
  const uri = `binlog:${join(LOGS, 'mysql-bin.index')}`
  const rig = new LateRig({ uri, name: 'bookshop', sources: ['bookshop.book', 'bookshop.customer', 'bookshop.sale'] })
  onTestFinished(() => rig.producer.stop())
  await rig.start()
  await rig.reached(26)
  const begunMs = readFileSync(join(LOGS, FILES[1] ?? '')).readUInt32LE(4) * 1000
  const time = { kind: 'time', ms: begunMs } as const
  expect(await rig.producer.findStart?.(time)).toMatchObject({ kind: 'found' })
  await rig.producer.stop()
  rig.forgetReread()
  const again = rig.again({ sources: ['bookshop.book', 'bookshop.customer'] })
  onTestFinished(() => again.producer.stop())
  await again.start()
  expect(await again.producer.findStart?.(time)).toMatchObject({
    kind: 'gone',
    reason: expect.stringMatching(/was configured otherwise/) as string,
  })
})
