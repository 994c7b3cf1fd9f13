import { test } from 'vitest'
import { assertStories } from '../../packages/segment-files/test/support/crash-stories.ts'

test('whatever a process is ended by, and however often: nothing is lost that was safe, and nothing served behind a hole', async () => {
  await assertStories(10_000)
})
