import { afterEach, beforeEach } from 'vitest'
import { rememberWitnesses } from './witness.ts'

// What a test has started says nothing in the failure of the next one.
let forget: (() => void) | undefined
beforeEach(() => {
  forget = rememberWitnesses()
})
afterEach(() => {
  forget?.()
})
