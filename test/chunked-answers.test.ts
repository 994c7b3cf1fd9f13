import { formatError, OffsetNotFoundError } from '@aesop/wire'
import { expect, test } from 'vitest'
import { ChunkedAnswers } from './bench/chunked-answers.ts'

/* What the readers of `npm run bench` understand of HTTP: answers as `node:http` writes them, cut at every byte. */

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const headerLines = (of: Readonly<Record<string, string>>): string =>
  Object.entries(of)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
/** Bodies hold what chunks end with, and what looks like the end of an answer. */
const BODIES = ['one\r\n0\r\n\r\n', 'two'.repeat(20), 'three']
const OVERRUN = formatError(new OffsetNotFoundError('the reader was overrun')).headers

/** What came of each answer; an error where there is one. */
function taken(text: string, pieces: readonly number[]): string[] {
  const answers: string[] = []
  let body = ''
  const chunked = new ChunkedAnswers({
    body: (bytes, from, to) => {
      body += bytes.toString('latin1', from, to)
    },
    ended: (error) => {
      answers.push(error ?? body)
      body = ''
    },
  })
  const bytes = Buffer.from(text)
  // Behind what is read lies what was read before, line ends among it.
  const memory = Buffer.alloc(bytes.length + 2, '\n')
  let at = 0
  for (const length of pieces) {
    bytes.copy(memory, 0, at, at + length)
    chunked.take(memory, length)
    at += length
  }
  return answers
}

test('answers come whole, wherever they are cut, and one that failed with its error', () => {
  const good = `${HEAD}${BODIES.map(chunkOf).join('')}0\r\n\r\n`
  const failed = `${HEAD}${chunkOf('one')}0\r\n${headerLines(OVERRUN)}\r\n`
  const text = `${good}${failed}${good}`
  const expected = [BODIES.join(''), 'AESOP_RELAY_OFFSET_NOT_FOUND: the reader was overrun', BODIES.join('')]
  for (let cut = 0; cut <= text.length; cut++)
    expect(taken(text, [cut, text.length - cut]), `cut at ${cut}`).toEqual(expected)
  expect(
    taken(
      text,
      Array.from(text, () => 1),
    ),
  ).toEqual(expected)
})

test('an answer that is no stream is refused with the error that it tells', () => {
  const refused = `HTTP/1.1 500 Internal Server Error\r\n${headerLines(OVERRUN)}Content-Length: 2\r\n\r\n{}`
  for (let cut = 0; cut < refused.length; cut++)
    expect(() => taken(refused, [cut, refused.length - cut]), `cut at ${cut}`).toThrow(
      'expected a stream, got HTTP/1.1 500 Internal Server Error: AESOP_RELAY_OFFSET_NOT_FOUND: the reader was overrun',
    )
  const busy = 'HTTP/1.1 503 Service Unavailable\r\n\r\n'
  expect(() => taken(busy, [busy.length])).toThrow('got HTTP/1.1 503 Service Unavailable: no error is named')
  const inOnePiece = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
  expect(() => taken(inOnePiece, [inOnePiece.length])).toThrow('an answer without chunks')
})
