import { inspect } from 'node:util'
import { type Logger } from '@aesop/kernel'
import { lastLines, witness } from './witness.ts'

const LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type Level = (typeof LEVELS)[number]
type Fields = Readonly<Record<string, unknown>>
const KEPT_MAX = 200

/** The level of `AESOP_TEST_LOG`, whose lines and graver ones are shown as they come; undefined: none is. */
export function shownLevel(): Level | undefined {
  const wanted = process.env['AESOP_TEST_LOG']
  if (wanted === undefined || wanted === '') return undefined
  const level = LEVELS.find((each) => each === wanted)
  if (level === undefined) throw new Error(`AESOP_TEST_LOG is "${wanted}", expected one of ${LEVELS.join(', ')}`)
  return level
}

/** Writes a line where whoever runs the test reads it at once. */
function showLine(who: string, line: string): void {
  process.stderr.write(`[${who}] ${line}\n`)
}

/** Shows what a process writes, whatever its level, where AESOP_TEST_LOG is given. */
export function showText(who: string, text: string): void {
  if (shownLevel() === undefined) return
  for (const line of text.split('\n')) if (line !== '') showLine(who, line)
}

/**
 * The log of something that a test runs: shown as AESOP_TEST_LOG says, and its last lines are told when a wait ends in vain.
 * @param take gets each line too
 */
export function testLog(who: string, take?: (level: Level, message: string, fields?: Fields) => void): Logger {
  const kept: string[] = []
  const rank = LEVELS.indexOf(shownLevel() ?? 'error') - (shownLevel() === undefined ? 1 : 0)
  witness(`log of ${who}`, () => lastLines(kept))
  const line = (level: Level) => (message: string, fields?: Fields) => {
    take?.(level, message, fields)
    const text = `${level} ${message}${fields === undefined ? '' : ` ${inspect(fields, { breakLength: Infinity, depth: 4 })}`}`
    kept.push(text)
    if (kept.length > KEPT_MAX) kept.splice(0, KEPT_MAX / 2)
    if (LEVELS.indexOf(level) <= rank) showLine(who, text)
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
