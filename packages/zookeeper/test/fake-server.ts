import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter } from '../src/frame-splitter.ts'
import { JuteReader } from '../src/jute-reader.ts'
import { JuteWriter } from '../src/jute-writer.ts'
import { opcodes } from '../src/opcodes.ts'

/** A request as the server sees it. */
export interface Asked {
  readonly xid: number
  readonly opcode: number
  readonly socket: Socket
}

export interface FakeOptions {
  /** The time that it agrees to; default 600. */
  readonly timeoutMs?: number
  /** What it does with requests but beats; `undefined` answers `ok`. */
  readonly answer?: (asked: Asked) => Buffer | undefined
  /** Whether it answers beats; default true. */
  readonly beats?: boolean
  /** What it says all the time without being asked. */
  readonly chatter?: Buffer
}

/** An answer, or what no server answers. */
export function reply(xid: number, code: number, body = Buffer.alloc(0)): Buffer {
  const packet = new JuteWriter().int(xid).long(1n).int(code).packet()
  const whole = Buffer.concat([packet, body])
  whole.writeInt32BE(whole.length - 4)
  return whole
}

/** Says what a real server never would: for faults that can't be had from one. */
export class FakeServer implements AsyncDisposable {
  readonly requests: Asked[] = []
  connections = 0
  readonly #server: Server
  readonly #options: FakeOptions
  readonly #sockets = new Set<Socket>()

  private constructor(options: FakeOptions) {
    this.#options = options
    this.#server = createServer((socket) => {
      this.#serve(socket)
    })
  }

  static async start(options: FakeOptions = {}): Promise<FakeServer> {
    const fake = new FakeServer(options)
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket): void {
    this.connections++
    this.#sockets.add(socket)
    const frames = new FrameSplitter()
    let greeted = false
    const { chatter } = this.#options
    const talking = chatter === undefined ? undefined : setInterval(() => greeted && socket.write(chatter), 50)
    socket.on('close', () => {
      clearInterval(talking)
    })
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) {
        if (greeted) this.#answer(frame, socket)
        else socket.write(this.#greeting())
        greeted = true
      }
    })
  }

  #greeting(): Buffer {
    const { timeoutMs = 600 } = this.#options
    return new JuteWriter().int(0).int(timeoutMs).long(7n).buffer(Buffer.alloc(16)).bool(false).packet()
  }

  #answer(frame: Buffer, socket: Socket): void {
    const reader = new JuteReader(frame)
    const asked = { xid: reader.int('an xid'), opcode: reader.int('an opcode'), socket }
    this.requests.push(asked)
    if (asked.opcode === opcodes.sync) {
      if (this.#options.beats !== false) socket.write(reply(asked.xid, 0, Buffer.from([0, 0, 0, 1, 47])))
      return
    }
    const answer = this.#options.answer?.(asked)
    socket.write(answer ?? reply(asked.xid, 0))
  }
}
