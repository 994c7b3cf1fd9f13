import { describe, expect, it } from 'vitest'
import { type BinlogPosition } from '../src/log/binlog-stream.ts'
import { heartbeatPlace } from '../src/stream/heartbeat-place.ts'
import { DOUBT_BEATS, IdleWatch, QUIET_BEATS } from '../src/stream/idle-watch.ts'

const BEAT_MS = 100
const PLACE = { file: 'mysql-bin.000001', position: 1184 }

/** A watch whose server answers what the test says, when the test says so. */
class Watched {
  readonly asked: BinlogPosition[] = []
  readonly astray: string[] = []
  nowMs = 0
  private readonly answers: { resolve(found: string | undefined): void; reject(error: Error): void }[] = []
  readonly watch = new IdleWatch({
    heartbeatMs: BEAT_MS,
    ask: (place) => {
      this.asked.push(place)
      return new Promise((resolve, reject) => this.answers.push({ resolve, reject }))
    },
    onAstray: (place, found) => this.astray.push(`${place.file}:${place.position}: ${found}`),
  })

  beats(count: number, place = PLACE, apartMs = BEAT_MS): this {
    for (let i = 0; i < count; i++) this.watch.heartbeat(place, (this.nowMs += apartMs))
    return this
  }

  /** The answer to the oldest question that has none; an error is none. */
  async answer(found: string | undefined | Error): Promise<void> {
    const waiting = this.answers.shift()
    if (waiting === undefined) throw new Error('nothing was asked')
    if (found instanceof Error) waiting.reject(found)
    else waiting.resolve(found)
    await new Promise(setImmediate)
  }

  /** Quiet until the first question. */
  quiet(place = PLACE): this {
    return this.beats(1 + QUIET_BEATS, place)
  }
}

describe('a watch over an idle connection', () => {
  it('asks when nothing but heartbeats has come, from one place, and again and again', async () => {
    const watched = new Watched().beats(QUIET_BEATS)
    expect(watched.asked).toEqual([])
    watched.beats(1)
    expect(watched.asked).toEqual([PLACE])
    await watched.answer(undefined)
    watched.beats(QUIET_BEATS - 1)
    expect(watched.asked).toHaveLength(1)
    watched.beats(1)
    expect(watched.asked).toHaveLength(2)
    expect(watched.astray).toEqual([])
  })

  it('is sure when a second answer contradicts, and nothing has come between', async () => {
    const watched = new Watched().quiet()
    await watched.answer('its log ends at mysql-bin.000001:328')
    watched.beats(DOUBT_BEATS - 1)
    expect(watched.asked).toHaveLength(1)
    watched.beats(1)
    expect(watched.astray).toEqual([])
    await watched.answer('its log ends at mysql-bin.000001:574')
    expect(watched.astray).toEqual(['mysql-bin.000001:1184: its log ends at mysql-bin.000001:574'])
  })

  it('is sure within six heartbeats of the first one that contradicts, whatever it has asked before', async () => {
    for (let before = 0; before <= QUIET_BEATS; before++) {
      const watched = new Watched().beats(1 + before)
      if (watched.asked.length > 0) await watched.answer(undefined)
      let beats = 0
      for (let answered = watched.asked.length; watched.astray.length === 0; beats++) {
        watched.beats(1)
        if (watched.asked.length === answered) continue
        answered++
        await watched.answer('its log ends elsewhere')
      }
      expect(beats).toBeLessThanOrEqual(6)
    }
  })

  it.each<[string, (watched: Watched) => void]>([
    ['what was written comes', (watched) => watched.beats(1, { ...PLACE, position: 1430 })],
    ['the log is rotated', (watched) => watched.beats(1, { file: 'mysql-bin.000002', position: 385 })],
    [
      'nobody takes for a while',
      (watched) => {
        watched.watch.forget()
      },
    ],
  ])('has no doubt any more when %s', async (_name, happens) => {
    for (const isAnswered of [true, false]) {
      const watched = new Watched().quiet()
      if (isAnswered) await watched.answer('its log ends elsewhere')
      happens(watched)
      if (!isAnswered) await watched.answer('its log ends elsewhere')
      watched.quiet()
      await watched.answer('its log ends elsewhere')
      expect(watched.astray).toEqual([])
    }
  })

  it('has no doubt any more when the next answer agrees', async () => {
    const watched = new Watched().quiet()
    for (const found of ['another server answers', undefined, 'another server answers', undefined]) {
      await watched.answer(found)
      watched.beats(QUIET_BEATS)
    }
    expect(watched.asked).toHaveLength(5)
    expect(watched.astray).toEqual([])
  })

  it('does not count heartbeats that have waited on the way', () => {
    const watched = new Watched().beats(1).beats(1000, PLACE, 0).beats(1000, PLACE, 0.01)
    expect(watched.asked).toEqual([])
  })

  it('asks one question at a time, and takes none that is not answered for an answer', async () => {
    const watched = new Watched().quiet().beats(10 * QUIET_BEATS)
    expect(watched.asked).toHaveLength(1)
    await watched.answer(new Error('the server is busy'))
    watched.beats(QUIET_BEATS)
    expect(watched.asked).toHaveLength(2)
    await watched.answer('its log ends elsewhere')
    watched.beats(DOUBT_BEATS)
    await watched.answer(new Error('the server is busy'))
    expect(watched.astray).toEqual([])
    watched.beats(DOUBT_BEATS)
    await watched.answer('its log ends elsewhere')
    expect(watched.astray).toHaveLength(1)
  })
})

describe('the place in a heartbeat', () => {
  function heartbeat(type: number, position: number, body: Buffer): Buffer {
    const header = Buffer.alloc(19)
    header.writeUInt8(type, 4)
    header.writeUInt32LE(position, 13)
    return Buffer.concat([Buffer.from('before'), header, body, Buffer.from('after')])
  }
  const placeIn = (event: Buffer): BinlogPosition | undefined => heartbeatPlace(event, 6, event.length - 5)

  it('is the name in its body and the position in its header', () => {
    expect(placeIn(heartbeat(27, 1184, Buffer.from('mysql-bin.000001')))).toEqual(PLACE)
  })

  it('is beyond 4 GiB where the header has 0 and eight bytes stand before the name', () => {
    const long = Buffer.alloc(8)
    long.writeBigUInt64LE(5_000_000_000n)
    const event = heartbeat(27, 0, Buffer.concat([long, Buffer.from('mysql-bin.000001')]))
    expect(placeIn(event)).toEqual({ file: 'mysql-bin.000001', position: 5_000_000_000 })
  })

  it.each([
    ['another kind of heartbeat', heartbeat(41, 1184, Buffer.from('mysql-bin.000001'))],
    ['no name', heartbeat(27, 1184, Buffer.from('\x01\x02'))],
    ['eight bytes and no name', heartbeat(27, 0, Buffer.from('\x01\0\0\0\0\0\0\0\x02'))],
  ])('is not known from %s', (_name, event) => {
    expect(placeIn(event)).toBeUndefined()
  })
})
