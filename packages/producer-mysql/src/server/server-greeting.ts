import { type Socket } from 'node:net'
import { MysqlGreetingInvalidError, MysqlPacketTooLargeError } from '../error/trust-errors.ts'

/*
 * The first packet of a connection, which the server sends:
 *
 *   0  3  length of the payload
 *   3  1  sequence id, 0
 *   4  1  version of the protocol, 10; FF: an error
 *   5  …  version of the server, ends with 00
 *      4  id of the connection
 *      8  first part of the challenge
 *      1  00
 *      2  capabilities, lower half
 *      …
 */
const PACKET_HEADER_BYTES = 4
const PROTOCOL_VERSION = 10
const ERROR_MARKER = 0xff
const CLIENT_SSL = 0x0800

/** Bound of every packet until the log-in is over. */
export const LOGIN_BYTES_MAX = 64 * 1024

export interface ServerGreeting {
  readonly offersTls: boolean
  /** An error stands in its place: the server is full, or refuses this host. */
  readonly isRefusal: boolean
}

/**
 * Reads the greeting, and gives it back to the socket for whoever reads on. Nothing is sent.
 *
 * @throws MysqlGreetingInvalidError, MysqlPacketTooLargeError, or what the socket ends with
 */
export async function readGreeting(socket: Socket, server: string): Promise<ServerGreeting> {
  const bytes = await firstPacket(socket, server)
  socket.unshift(bytes)
  return greetingIn(bytes, server)
}

/** @param bytes the whole packet @throws MysqlGreetingInvalidError */
function greetingIn(bytes: Buffer, server: string): ServerGreeting {
  const protocol = bytes[PACKET_HEADER_BYTES]
  if (protocol === ERROR_MARKER) return { offersTls: false, isRefusal: true }
  if (protocol !== PROTOCOL_VERSION)
    throw new MysqlGreetingInvalidError(
      server,
      `its protocol is ${protocol ?? 'missing'}, expected ${PROTOCOL_VERSION}`,
    )
  const versionEnd = bytes.indexOf(0, PACKET_HEADER_BYTES + 1)
  const capabilities = versionEnd + 1 + 4 + 8 + 1
  if (versionEnd < 0 || capabilities + 2 > bytes.length) throw new MysqlGreetingInvalidError(server, 'it is cut short')
  return { offersTls: (bytes.readUInt16LE(capabilities) & CLIENT_SSL) !== 0, isRefusal: false }
}

function firstPacket(socket: Socket, server: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0)
    const settle = (act: () => void): void => {
      socket.off('readable', onReadable).off('error', onError).off('close', onClose)
      act()
    }
    const onError = (error: Error): void => {
      settle(() => {
        reject(error)
      })
    }
    const onClose = (): void => {
      onError(new Error('the connection was closed before the server greeted'))
    }
    const onReadable = (): void => {
      const chunk: unknown = socket.read()
      if (!Buffer.isBuffer(chunk)) return
      read = Buffer.concat([read, chunk])
      try {
        if (isWhole(read, server)) {
          settle(() => {
            resolve(read)
          })
        }
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)))
      }
    }
    socket.on('readable', onReadable).on('error', onError).on('close', onClose)
  })
}

/** What comes behind a greeting, before it was answered, would be read as if it had come under the protection of TLS. */
function isWhole(read: Buffer, server: string): boolean {
  if (read.length < PACKET_HEADER_BYTES) return false
  const length = read.readUIntLE(0, 3)
  const protocol = read[PACKET_HEADER_BYTES]
  if (length > LOGIN_BYTES_MAX) throw new MysqlPacketTooLargeError(server, 'a greeting', length, LOGIN_BYTES_MAX)
  if (read.length > PACKET_HEADER_BYTES + length && protocol !== ERROR_MARKER)
    throw new MysqlGreetingInvalidError(server, 'more follows it before it was answered')
  return read.length >= PACKET_HEADER_BYTES + length
}
