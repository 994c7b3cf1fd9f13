import { Checkpoint } from '@aesop/checkpoint'
import { SCHEMA_CHANGE_ID_DEFAULT } from '@aesop/event'
import { headers } from '@aesop/wire'
import { Agent, request as httpRequest } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { online, until } from './support/relay-fixture.ts'
import {
  CRM,
  following,
  positions,
  type SeveralRelay,
  severalPath,
  SHOP,
  startSeveral,
  turns,
} from './support/several-fixture.ts'

const message = ({ headers }: { headers: Record<string, unknown> }): unknown => headers['x-dbus-error-message']

/** Crm has the windows 20 and 21, shop 10 to 12: of one row each. */
async function filled(): Promise<SeveralRelay> {
  const made = await startSeveral()
  for (const scn of [20n, 21n]) made.crm.addWindow([{ key: Number(scn) }], scn)
  for (const scn of [10n, 11n, 12n]) made.shop.addWindow([{ key: Number(scn) }], scn)
  return made
}

const whole = (scns: readonly string[]): string[] =>
  scns.flatMap((scn) => [`${scn}:${scn.slice(scn.indexOf('/') + 1)}`, `${scn}:end`])

describe('a stream over several sources', () => {
  test('has a window of each in turn, by name, then the rest', async () => {
    const { stream } = await filled()
    const answer = await stream()
    expect(turns(answer.body)).toEqual(whole(['2/20', '1/10', '2/21', '1/11', '1/12']))
    expect(answer.headers[headers.scnSpace]).toBeUndefined()
    expect(answer.headers[headers.previousScn]).toBeUndefined()
  })

  test('goes on after the checkpoint of each', async () => {
    const { stream } = await filled()
    const after = async (text: string) => turns((await stream({ checkPointMult: text })).body)
    const both = [
      [CRM, 20],
      [SHOP, 11],
    ] as const
    expect(await after(positions(both))).toEqual(whole(['2/21', '1/12']))
    expect(await after(positions([[SHOP, 12]]))).toEqual(whole(['2/20', '2/21']))
    expect(await after(positions([[{ id: -1, name: '*' }, Checkpoint.flexible()]]))).toHaveLength(10)
  })

  test('begins after the source that had the last turn', async () => {
    const { stream } = await filled()
    const after = async (cursor: typeof CRM) =>
      turns((await stream({ checkPointMult: positions([], cursor) })).body).slice(0, 4)
    expect(await after(CRM)).toEqual(whole(['1/10', '2/20']))
    expect(await after(SHOP)).toEqual(whole(['2/20', '1/10']))
  })

  test('remembers the turn of a connection', async () => {
    const { port } = await filled()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => {
      agent.destroy()
    })
    // One window has 150 to 300 bytes: no two have room.
    const ask = () =>
      new Promise<string[]>((resolve, reject) => {
        httpRequest({ port, agent, path: severalPath({ size: 300 }) }, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => {
            resolve(turns(Buffer.concat(chunks)).slice(0, 2))
          })
        })
          .on('error', reject)
          .end()
      })
    expect([await ask(), await ask(), await ask()].map(([first]) => first)).toEqual(['2/20:20', '1/10:10', '2/20:20'])
  })

  test('is cut within a window, and the window goes on before any other turn', async () => {
    const { stream, shop } = await startSeveral()
    shop.addWindow([{ key: 1 }, { key: 2 }], 10n)
    const first = await stream({ size: 100 })
    expect(turns(first.body)).toEqual(['1/10:1'])
    const within = Checkpoint.within(10n, 9n, 1n)
    const second = await stream({ checkPointMult: positions([[SHOP, within]]) })
    expect(turns(second.body)).toEqual(['1/10:2', '1/10:end'])
  })

  test('with the newest windows has that of each', async () => {
    const { stream } = await filled()
    const newest = { streamFromLatestScn: 'true', checkPoint: online(3) }
    expect(turns((await stream(newest)).body)).toEqual(whole(['2/21', '1/12']))
  })

  test('follows all of them, and ends between windows', async () => {
    const { port, crm, shop, relay } = await filled()
    const places = positions([
      [CRM, 21],
      [SHOP, 12],
    ])
    const open = await following(port, { checkPointMult: places, follow: 60_000 })
    shop.addWindow([{ key: 13 }], 13n)
    await until(() => open.turns().length === 2)
    crm.addWindow([{ key: 22 }], 22n)
    await until(() => open.turns().length === 4)
    shop.addWindow([{ key: 14 }], 14n)
    await until(() => open.turns().length === 6)
    await relay.stop()
    expect(await open.ended).toBe('whole')
    expect(open.turns()).toEqual(whole(['1/13', '2/22', '1/14']))
  })

  test('says what it can not give, and of which source', async () => {
    const { stream } = await filled()
    const refused = async (parameters: Record<string, string>) => message(await stream(parameters))
    const within = positions([
      [CRM, Checkpoint.within(20n, 19n, 1n)],
      [SHOP, Checkpoint.within(10n, 9n, 1n)],
    ])
    expect(await refused({ checkPoint: online(10) })).toMatch(
      /of shop:1 and crm:2, .*one checkPoint.*give checkPointMult a checkpoint for each/,
    )
    expect(await refused({ checkPointMult: within })).toMatch(/two partitions are within a window: crm:2 and shop:1/)
    expect(await refused({ checkPointMult: positions([[{ id: 3, name: 'hr' }, 3]]) })).toMatch(
      /hr:3 is none of its physical partitions: shop:1, crm:2/,
    )
    expect(await refused({ checkPointMult: positions([[SHOP, 99]]) })).toMatch(/SCN 99 is ahead.* \(shop:1\)/)
    const foreign = Checkpoint.online(10n, -1n, 'of-crm')
    expect(await refused({ checkPointMult: positions([[SHOP, foreign]]) })).toMatch(
      /SCN space "of-crm", and shop:1 serves .* "of-shop"/,
    )
  })
})

describe('which source a request means', () => {
  const sub = (id: number, partition: object, more = {}): object => ({
    physicalSource: { uri: 'databus:physical-source:ANY', role: 'ANY' },
    physicalPartition: partition,
    logicalPartition: { source: { id, name: 'x' }, id: -1 },
    ...more,
  })
  const ANY = { id: -1, name: '*' }
  const meaning = async ({ stream }: SeveralRelay, ...subs: object[]) => {
    const answer = await stream({ subs: JSON.stringify(subs) })
    return answer.status === 200 ? turns(answer.body).map((line) => line.split(':')[0]) : message(answer)
  }

  test('a subscription means the partition that it names, or all that have its source', async () => {
    const relay = await filled()
    const crm = ['2/20', '2/20', '2/21', '2/21']
    expect(await meaning(relay, sub(50, ANY))).toEqual(crm)
    expect(await meaning(relay, sub(-1, { id: 2, name: 'crm' }))).toEqual(crm)
    expect(await meaning(relay, sub(-1, ANY))).toHaveLength(10)
    expect(await meaning(relay, sub(-1, ANY, { physicalSource: { uri: 'memory:crm' } }))).toEqual(crm)
    expect(await meaning(relay, sub(50, { id: 1, name: 'shop' }))).toMatch(/stream.subs: 50 of shop:1/)
    expect(await meaning(relay, sub(-1, { id: 9, name: 'shop' }))).toMatch(/stream.subs: all of shop:9/)
  })

  test('changes of tables are those of the partition, or of the sources that are asked for beside them', async () => {
    const relay = await filled()
    const changes = SCHEMA_CHANGE_ID_DEFAULT
    // Of windows of tables that are not asked for, the ends come.
    expect(await meaning(relay, sub(changes, { id: 2, name: 'crm' }))).toEqual(['2/20', '2/21'])
    expect(await meaning(relay, sub(changes, ANY), sub(50, ANY))).toEqual(['2/20', '2/20', '2/21', '2/21'])
    expect(await meaning(relay, sub(changes, { id: 2, name: 'crm' }), sub(40, ANY))).toEqual([
      '2/20',
      '1/10',
      '1/10',
      '2/21',
      '1/11',
      '1/11',
      '1/12',
      '1/12',
    ])
    const alone = await relay.stream({ sources: changes })
    expect(message(alone)).toMatch(
      /32767: of shop:1 and crm:2; .*ask for a table beside it, or name the physicalPartition in subs/,
    )
  })
})
