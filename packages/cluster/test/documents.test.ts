import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, noAssignment } from '../src/assignment.ts'
import { assignmentDocument, readAssignmentDocument } from '../src/assignment-document.ts'
import { DocumentFormatNewerError, DocumentMalformedError, DocumentTooLargeError } from '../src/errors.ts'
import { memberDocument, readMember } from '../src/member-record.ts'
import { checkCheckpoint, readRecord, recordBytes } from '../src/partition-record.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261_130
const WHERE = '/orders/assignment'

const owners = fc.constantFrom(
  { memberId: 'a', incarnation: '1' },
  { memberId: 'a', incarnation: '2' },
  { memberId: 'b', incarnation: '1' },
  undefined,
)

describe('an assignment', () => {
  test('is read as it was written, with its term', () => {
    const reached = { nobody: 0, someone: 0 }
    const partition = fc.record({ owner: owners, epoch: fc.maxSafeNat() })
    assertProperty(
      fc.property(fc.array(partition), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (assignment, term) => {
        expect(readAssignmentDocument(assignmentDocument({ term, assignment }), WHERE)).toEqual({ term, assignment })
        for (const { owner } of assignment) reached[owner === undefined ? 'nobody' : 'someone']++
      }),
      { seed: SEED, numRuns: 100, reached, atLeast: 50 },
    )
  })

  test('of 1,000 partitions and 100 members has less than 60,000 bytes', () => {
    const members = Array.from({ length: 100 }, (_each, i) => ({
      memberId: `${i}`.padStart(64, 'reader-'),
      incarnation: '0123456789abcdef0123456789abcdef',
    }))
    const assignment = assign(members, noAssignment(1_000)).map((each) => ({ ...each, epoch: 1_000_000_000 }))
    expect(assignmentDocument({ term: 2n ** 62n, assignment }).length).toBeLessThan(60_000)
  })

  test.each([
    '{"format":1,"term":"1","owners":[],"partitions":[[0,1]]}',
    '{"format":1,"term":"1","owners":[["a"]],"partitions":[]}',
    '{"format":1,"term":"1","owners":[],"partitions":[[-1,-1]]}',
    '{"format":1,"term":"one","owners":[],"partitions":[]}',
    '{"format":1,"term":"1","owners":[],"partitions":{}}',
    '{"format":1,"owners":[],"partitions":[]}',
  ])('that is damaged is refused, with its place: %s', (text) => {
    const reading = (): unknown => readAssignmentDocument(Buffer.from(text), WHERE)
    expect(reading).toThrow(DocumentMalformedError)
    expect(reading).toThrow(WHERE)
  })
})

describe('a record of a partition', () => {
  const owner = { memberId: 'a', incarnation: '1' }

  test('is read as it was written, whatever bytes the checkpoint has', () => {
    const reached = { none: 0, empty: 0, lines: 0 }
    const checkpoints = fc.option(fc.uint8Array({ maxLength: 20, max: 12 }), { nil: undefined })
    assertProperty(
      fc.property(fc.nat(), fc.boolean(), checkpoints, (epoch, isFree, checkpoint) => {
        const read = readRecord(recordBytes({ epoch, owner, isFree, checkpoint }), WHERE)
        expect({ ...read, checkpoint: read.checkpoint && [...read.checkpoint] }).toEqual({
          epoch,
          owner,
          isFree,
          checkpoint: checkpoint && [...checkpoint],
        })
        if (checkpoint === undefined) reached.none++
        else if (checkpoint.length === 0) reached.empty++
        else if (checkpoint.includes(10)) reached.lines++
      }),
      { seed: SEED + 1, numRuns: 500, reached, atLeast: 20 },
    )
  })

  test('has a checkpoint of 900,000 bytes at most', () => {
    expect(() => {
      checkCheckpoint(Buffer.alloc(900_001))
    }).toThrow(DocumentTooLargeError)
    checkCheckpoint(Buffer.alloc(900_000))
  })

  test.each([
    '{"format":1}',
    '{"format":1,"epoch":1}\n',
    '{"format":1,"epoch":"1","memberId":"a","incarnation":"1","isFree":false,"hasCheckpoint":false}\n',
    '{"format":1,"epoch":1,"memberId":"a","incarnation":"1","isFree":0,"hasCheckpoint":false}\n',
  ])('that is damaged is refused: %s', (text) => {
    expect(() => readRecord(Buffer.from(text), WHERE)).toThrow(DocumentMalformedError)
  })
})

describe('a document', () => {
  test('of a newer format is refused by name, and one without a format is damaged', () => {
    const member = (text: string) => (): unknown => readMember('a', Buffer.from(text), '/orders/members/a')
    expect(member('{"format":2,"incarnation":"1","record":""}')).toThrow(DocumentFormatNewerError)
    expect(member('{"format":2}')).toThrow('/orders/members/a has format 2, and this version knows 1')
    for (const text of ['{"incarnation":"1","record":""}', '{"format":0}', '', '[]', 'null', '{"format":1}', '\xff']) {
      expect(member(text), text).toThrow(DocumentMalformedError)
    }
  })

  test('of a member is read as it was written, and refused where it is too large', () => {
    const record = '{"host":"höst"}'
    expect(readMember('a', memberDocument({ incarnation: '1', record }), '')).toEqual({
      memberId: 'a',
      incarnation: '1',
      record,
    })
    expect(() => memberDocument({ incarnation: '1', record: 'x'.repeat(16_385) })).toThrow(DocumentTooLargeError)
  })
})
