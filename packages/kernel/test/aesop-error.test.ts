import { AesopError, invariant, InvariantError, messageOf, silentLogger, systemCodeOf } from '@aesop/kernel'
import { expect, test } from 'vitest'

class DiskFullError extends AesopError {
  static readonly kind = {
    code: 'AESOP_TEST_DISK_FULL',
    meaning: 'Full.',
    remedy: 'Make room.',
    canRetry: true,
  } as const
  constructor(cause?: unknown) {
    super(DiskFullError.kind, 'the disk is full', { cause, fields: { path: '/x' } })
  }
}

test('an error carries name, code, remedy, fields and cause', () => {
  const cause = new Error('ENOSPC')
  const error = new DiskFullError(cause)
  expect(error).toMatchObject({
    name: 'DiskFullError',
    code: 'AESOP_TEST_DISK_FULL',
    canRetry: true,
    remedy: 'Make room.',
    cause,
  })
  expect(error.fields).toEqual({ path: '/x' })
  expect('cause' in new DiskFullError()).toBe(false)
})

test('a place may know a better remedy than the kind', () => {
  expect(new AesopError(DiskFullError.kind, 'm', { remedy: 'Use another disk.' }).remedy).toBe('Use another disk.')
})

test('whatever was thrown has a text, and a system code where there is one', () => {
  expect([messageOf(new Error('a')), messageOf('b'), messageOf(undefined)]).toEqual(['a', 'b', 'undefined'])
  expect(systemCodeOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT')
  expect([systemCodeOf(null), systemCodeOf('x'), systemCodeOf({ code: 5 })]).toEqual([undefined, undefined, undefined])
})

test('a broken invariant is no AesopError, so that no retry loop takes it for one', () => {
  expect(() => {
    invariant(false, 'one is two')
  }).toThrow(InvariantError)
  expect(new InvariantError('x')).not.toBeInstanceOf(AesopError)
  invariant(true, 'one is one')
})

test('the silent logger takes every level', () => {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    expect(() => {
      silentLogger[level]('x')
    }).not.toThrow()
  }
})

test('an error is known by its code, also one of another copy of the package', async () => {
  const path = '../src/aesop-error.ts?another'
  const copy = (await import(path)) as { AesopError: typeof AesopError }
  expect(copy.AesopError).not.toBe(AesopError)
  class OtherCopy extends copy.AesopError {
    static readonly kind = DiskFullError.kind
  }
  class OtherCause extends AesopError {
    static readonly kind = { ...DiskFullError.kind, code: 'AESOP_TEST_OTHER' } as const
  }
  const thrown: unknown = new OtherCopy(OtherCopy.kind, 'full')
  expect([thrown instanceof AesopError, thrown instanceof DiskFullError, thrown instanceof OtherCause]).toEqual([
    true,
    true,
    false,
  ])
  expect({ code: DiskFullError.kind.code } instanceof DiskFullError).toBe(false)
  expect(new DiskFullError() instanceof OtherCopy).toBe(true)
})
