import fc from 'fast-check'
import { describe, it } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { SqliteSession } from '../src/sqlite/sqlite-session.ts'
import { PictureSchedule, reached } from './picture-schedule.ts'

describe('a consumer that reads snapshot and log', () => {
  it('has the table as it was at the target, whatever happens meanwhile', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const session = new SqliteSession(':memory:', 'writes')
        await new PictureSchedule(session, seed).run(150)
        session.close()
      }),
      { seed: 20261128, numRuns: 80, reached, atLeast: 5 },
    )
  })
})
