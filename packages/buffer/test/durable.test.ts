import { EventBuffer, SegmentPool } from '@aesop/buffer'
import { expect, it } from 'vitest'

interface Kept {
  readonly promise: Promise<void>
  keep(): void
  refuse(error: Error): void
}

function kept(): Kept {
  let keep = (): void => undefined
  let refuse: Kept['refuse'] = () => undefined
  const promise = new Promise<void>((resolve, reject) => {
    keep = resolve
    refuse = reject
  })
  return { promise, keep, refuse }
}

function bufferWith(own: Promise<void> | undefined, beside?: () => Promise<void> | undefined): EventBuffer {
  const store = Object.assign(new SegmentPool(512, 4096, 1024), { whenDurable: () => own })
  const options = { maxBytes: 4096, physicalPartition: 1, store }
  return new EventBuffer(beside === undefined ? options : { ...options, durableBeside: beside })
}

it('what is closed is safe at once where nothing keeps it, or where all has been kept', () => {
  expect(bufferWith(undefined).whenDurable()).toBeUndefined()
  expect(bufferWith(undefined, () => undefined).whenDurable()).toBeUndefined()
})

it('one promise is handed on as it is', () => {
  const { promise } = kept()
  expect(bufferWith(promise).whenDurable()).toBe(promise)
  expect(bufferWith(undefined, () => promise).whenDurable()).toBe(promise)
})

it('what two have to keep is safe when both have it, and never when one can not', async () => {
  const [own, beside] = [kept(), kept()]
  let isSafe = false
  const safe = bufferWith(own.promise, () => beside.promise)
    .whenDurable()
    ?.then((answer) => {
      isSafe = true
      return answer
    })
  own.keep()
  await new Promise((resolve) => setImmediate(resolve))
  expect(isSafe).toBe(false)
  beside.keep()
  expect(await safe).toBeUndefined()
  const refused = kept()
  const never = bufferWith(Promise.resolve(), () => refused.promise).whenDurable()
  refused.refuse(new Error('the disk is full'))
  await expect(never).rejects.toThrow('the disk is full')
})
