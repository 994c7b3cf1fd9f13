/*
 * The least that a server can do to send as many bytes as a relay: the same 64 KiB again and again, over plain sockets.
 * Argument: bytes of each answer. Prints its port.
 */
import { createServer, type Socket } from 'node:net'

const PIECE_BYTES = 64 * 1024
const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const END = '0\r\n\r\n'

const piece = Buffer.from(`${PIECE_BYTES.toString(16)}\r\n${'x'.repeat(PIECE_BYTES)}\r\n`)
const pieces = Math.ceil(Number(process.argv[2]) / PIECE_BYTES)

function answer(socket: Socket): void {
  let left = pieces
  const send = (): void => {
    if (left-- > 0) socket.write(piece, send)
    else socket.write(END)
  }
  socket.write(HEAD, send)
}

const server = createServer((socket) => {
  socket.on('data', () => {
    answer(socket)
  })
  // Its reader goes away when it has had enough.
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : ''}\n`)
})
