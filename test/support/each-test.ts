import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { rememberWitnesses } from './witness.ts'

// What a test has started says nothing in the failure of the next one, nor what a file has started for all of its tests in that of
// another file.
let forgetFile: (() => void) | undefined
beforeAll(() => {
  forgetFile = rememberWitnesses()
})
afterAll(() => {
  forgetFile?.()
})

let forget: (() => void) | undefined
beforeEach(() => {
  forget = rememberWitnesses()
})
afterEach(() => {
  forget?.()
})
