import { AesopError, type Logger } from '@aesop/kernel'
import { formatError, openProcessLog, SecretMask } from '@aesop/runtime'
import { describe, expect, test, vi } from 'vitest'

/*
 * What a row, a server or a consumer says may hold anything: a line feed would forge a line of the log, an escape sequence
 * would write over what a terminal shows.
 */
const FORGED = 'key 7\n12:00:00.000 ERROR  relay r: disk on fire\r\u001b[2J\u009b31m\u2028\u202eabc'
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

class ForgedError extends AesopError {
  static readonly kind = { code: 'AESOP_TEST_FORGED', meaning: 'm', remedy: FORGED, canRetry: false } as const
}
const forged = new ForgedError(ForgedError.kind, FORGED, { cause: new Error(FORGED) })
forged.name = FORGED

/** What a log writes, line by line. */
async function written(format: 'text' | 'json', write: (log: Logger) => void, bean = 'r'): Promise<string[]> {
  let text = ''
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk, ...rest) => {
    text += String(chunk)
    for (const done of rest) if (typeof done === 'function') done()
    return true
  })
  try {
    const log = await openProcessLog({ level: 'info', format, color: false, mask: new SecretMask(), verbose: true })
    write(log.loggerOf('relay', bean))
    await log.flush()
  } finally {
    spy.mockRestore()
  }
  return text.trimEnd().split('\n')
}

describe.each(['text', 'json'] as const)('the log as %s', (format) => {
  test.each([
    [
      'message',
      (log: Logger): void => {
        log.info(FORGED)
      },
    ],
    [
      'field',
      (log: Logger): void => {
        log.info('m', { text: FORGED })
      },
    ],
    [
      'name of a field',
      (log: Logger): void => {
        log.info('m', { [FORGED]: 1 })
      },
    ],
    [
      'field within a field',
      (log: Logger): void => {
        log.info('m', { all: [{ text: FORGED }] })
      },
    ],
  ])('writes one line without anything hidden for a hostile %s', async (_what, write) => {
    const lines = await written(format, write)
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(HIDDEN)
    expect(lines[0]).toContain('disk on fire')
  })

  test('writes no line of a hostile name of a bean', async () => {
    const lines = await written(
      format,
      (log) => {
        log.info('m')
      },
      FORGED,
    )
    expect([lines.length, HIDDEN.test(lines.join(''))]).toEqual([1, false])
  })

  test('lets the stack of an error forge nothing', async () => {
    const lines = await written(format, (log) => {
      log.error('failed', { error: forged })
    })
    expect(lines.filter((line) => HIDDEN.test(line) || /^\d\d:\S+ ERROR {2}relay r: disk/.test(line))).toEqual([])
    expect(lines.slice(1).filter((line) => !/^ {4}at |disk on fire/.test(line))).toEqual([])
  })

  test('cuts what is long', async () => {
    const long = 'ö'.repeat(500_000)
    const lines = await written(format, (log) => {
      log.warn(long, { text: long, all: [long], error: new Error(long) })
    })
    expect(lines.map(({ length }) => length > 100_000)).not.toContain(true)
    expect(lines[0]).toContain('(1000000 bytes, cut)')
  })
})

test('a report on stderr shows nothing hidden, and each line of a text behind its own', () => {
  const lines = formatError(forged, { mask: new SecretMask(), verbose: true }).split('\n')
  expect(lines.filter((line) => HIDDEN.test(line))).toEqual([])
  expect(lines.filter((line) => !/^error AESOP_TEST_FORGED: |^ /.test(line))).toEqual([])
})
