import { type AesopError } from '@aesop/kernel'
import { describe, expect, it } from 'vitest'
import { formatError, headers, parseError, ScnInFutureError, ScnNotFoundError } from '@aesop/wire'
import { wireErrors } from '@aesop/wire/errors'

describe('the error model', () => {
  const travelling = wireErrors.filter(({ kind }) => !kind.code.startsWith('AESOP_WIRE_RESPONSE_'))

  it.each(travelling.map((errorClass) => [errorClass.kind.code, errorClass] as const))(
    '%s arrives as what it was, through headers and body, and through trailers alone',
    (code, errorClass) => {
      const WireError = errorClass as unknown as new (message: string) => AesopError
      const sent = new WireError('the window 12 of "person" is gone')
      const answer = formatError(sent)
      for (const received of [parseError(answer.headers, answer.body), parseError(answer.headers)]) {
        expect(received).toBeInstanceOf(WireError)
        expect(received?.code).toBe(code)
        expect(received?.canRetry).toBe(errorClass.kind.canRetry)
        expect(received?.message).toBe(sent.message)
      }
    },
  )

  it('uses the names that a Databus client looks for', () => {
    const { headers: sent, body, status } = formatError(ScnNotFoundError.of(5n, 9n))
    expect(status).toBe(500)
    expect(sent[headers.error]).toBe('com.linkedin.databus2.core.container.request.RequestProcessingException')
    expect(sent[headers.errorCause]).toBe('com.linkedin.databus.core.ScnNotFoundException')
    expect(sent[headers.errorCauseMessage]).toBe('no changes after SCN 5: the relay holds what follows SCN 9')
    expect(body.startsWith('{"error":')).toBe(true)
    expect(body.endsWith('\r\n')).toBe(true)
  })

  it('keeps SCNs beyond 2^53 whole', () => {
    const scn = (7n << 52n) | 12345678901n
    const { headers: sent, body } = formatError(ScnInFutureError.of(scn, 1n))
    expect(parseError(sent, body)?.message).toContain(scn.toString())
  })

  it('puts no line break and no foreign character into a header, and keeps them in the body', () => {
    const { headers: sent, body } = formatError(new Error('zwei\r\nZeilen: ü'))
    expect(sent[headers.errorMessage]).toBe('zwei Zeilen: ?')
    expect(parseError(sent, body)?.message).toBe('zwei\r\nZeilen: ü')
  })

  it('takes an error of any other class as a failed request that may be tried again', () => {
    const received = parseError({
      'x-dbus-error': 'com.linkedin.databus2.core.container.request.RequestProcessingException',
      'x-dbus-error-message': 'outer',
      'x-dbus-error-cause': 'java.sql.SQLException',
      'x-dbus-error-cause-message': 'table is gone',
    })
    expect(received?.code).toBe('AESOP_WIRE_REQUEST_FAILED')
    expect(received?.message).toBe('table is gone (java.sql.SQLException)')
    expect(received?.canRetry).toBe(true)
  })

  it('lets the cause decide before the outer class', () => {
    const received = parseError({
      'x-dbus-error': 'x.RequestProcessingException',
      'x-dbus-error-cause': 'y.ScnNotFoundException',
    })
    expect(received).toBeInstanceOf(ScnNotFoundError)
  })

  it('tells of no error where there is none', () => {
    expect(parseError({ 'content-type': 'text/plain' }, 'GOOD')).toBeUndefined()
  })

  it('says something of an error without a message', () => {
    expect(formatError(new Error('')).headers[headers.errorMessage]).toBe('No message provided')
  })
})
