import { jsonShape } from '@aesop/kernel'
import { ResponseTooLargeError } from './errors.ts'

/** How much of an answer a client reads. */
export interface AnswerLimits {
  /** Of its text, and of what that becomes when it is inflated. */
  readonly bytes: number
  /** Objects and lists of its JSON. */
  readonly entries: number
  /** How deep these lie in one another; a schema is one text. */
  readonly depth: number
}

const KIB = 1024
const MIB = 1024 * KIB

/** By the command that is answered. There are 32,767 ids of sources. */
export const answerLimits = {
  sources: { bytes: 4 * MIB, entries: 32 * KIB, depth: 8 },
  register: { bytes: 16 * MIB, entries: 64 * KIB, depth: 8 },
} as const satisfies Readonly<Record<string, AnswerLimits>>

/** Looks at a text before objects are made of it. @throws ResponseTooLargeError */
export function checkAnswer(path: string, text: string, limits: AnswerLimits): void {
  const what = `the answer to ${path}`
  if (text.length > limits.bytes) throw ResponseTooLargeError.of(what, limits.bytes, 'bytes')
  const { containers, depth } = jsonShape(text)
  if (containers > limits.entries) throw ResponseTooLargeError.of(what, limits.entries, 'entries')
  if (depth > limits.depth) throw ResponseTooLargeError.of(what, limits.depth, 'levels')
}
