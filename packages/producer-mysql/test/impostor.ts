import { constants, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'

/** Made once: it takes a while. */
const ownKeys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const CAPABILITIES = 0x008f_f7df
const CLIENT_SSL = 0x0800

/** How somebody plays who is not the server. */
export interface Play {
  /** Whether TLS is offered; none is spoken. */
  readonly offersTls?: boolean
  /** The plugin of the greeting; default `mysql_native_password`. */
  readonly plugin?: string
  /** Packets that answer the log-in, in one write, in the place of anything else. */
  readonly answer?: Buffer
  /** Asks for this plugin when the client has answered. */
  readonly switchTo?: string
  /** In the place of the greeting. */
  readonly greeting?: Buffer
  /** Sent with the greeting, before the client has answered. */
  readonly behind?: Buffer
}

/** Speaks MySQL's log-in and keeps what it is sent; with `caching_sha2_password` it asks for the password under its own key. */
export class Impostor {
  /** Everything that clients sent. */
  received = Buffer.alloc(0)
  /** What its key could decrypt. */
  decrypted: Buffer | undefined
  readonly port: number
  private readonly listener: Server
  private readonly sockets = new Set<Socket>()

  private constructor(listener: Server, play: Play) {
    this.listener = listener
    const address = listener.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
    listener.on('connection', (socket) => {
      this.sockets.add(socket)
      this.speak(socket, play)
    })
  }

  static async start(play: Play = {}): Promise<Impostor> {
    const listener = createServer()
    await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve))
    return new Impostor(listener, play)
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.listener.close()
  }

  private speak(socket: Socket, play: Play): void {
    const { plugin = 'mysql_native_password', switchTo } = play
    socket.on('error', () => undefined)
    socket.write(
      Buffer.concat([play.greeting ?? greeting(plugin, play.offersTls ?? false), play.behind ?? Buffer.alloc(0)]),
    )
    let step = switchTo === undefined ? 1 : 0
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
      const sequence = (chunk[3] ?? 0) + 1
      if (play.answer !== undefined) {
        if (step++ === 1) socket.write(play.answer)
        return
      }
      if (step === 0) socket.write(packet(sequence, authSwitch(switchTo ?? '')))
      if (step === 1) socket.write(packet(sequence, Buffer.from([1, 4])))
      if (step === 2) socket.write(packet(sequence, Buffer.concat([Buffer.from([1]), publicPem(ownKeys.publicKey)])))
      if (step === 3) this.decrypted = decrypt(ownKeys.privateKey, chunk.subarray(4))
      step++
    })
  }
}

export function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, payload])
}

/** An OK packet that logs in, and one that nobody has asked for. */
export const TWO_WELCOMES = Buffer.concat(
  [2, 3].map((sequence) => packet(sequence, Buffer.from([0, 0, 0, 2, 0, 0, 0]))),
)

function greeting(plugin: string, offersTls: boolean): Buffer {
  const capabilities = Buffer.alloc(4)
  capabilities.writeUInt32LE(offersTls ? CAPABILITIES | CLIENT_SSL : CAPABILITIES & ~CLIENT_SSL)
  return packet(
    0,
    Buffer.concat([
      Buffer.from('\n9.1.0\0', 'latin1'),
      Buffer.from([7, 0, 0, 0]),
      Buffer.from('abcdefgh\0', 'latin1'),
      capabilities.subarray(0, 2),
      Buffer.from([45, 2, 0]),
      capabilities.subarray(2),
      Buffer.from([21]),
      Buffer.alloc(10),
      Buffer.from('ijklmnopqrst\0', 'latin1'),
      Buffer.from(`${plugin}\0`, 'latin1'),
    ]),
  )
}

function authSwitch(plugin: string): Buffer {
  return Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${plugin}\0abcdefghijklmnopqrst\0`, 'latin1')])
}

function publicPem(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'spki', format: 'pem' }))
}

function decrypt(key: KeyObject, bytes: Buffer): Buffer | undefined {
  try {
    return privateDecrypt({ key, oaepHash: 'sha1', padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes)
  } catch {
    return undefined
  }
}
