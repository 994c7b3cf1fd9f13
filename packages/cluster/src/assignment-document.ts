import { type Assignment, type Owner } from './assignment.ts'
import { documentOf, type Fields, isCount, listIn, readDocument, textIn } from './document.ts'
import { DocumentMalformedError } from './errors.ts'

/** An assignment and the leadership that it is of. */
export interface TermAssignment {
  readonly term: bigint
  readonly assignment: Assignment
}

const NOBODY = -1

/** Owners stand once, and partitions name them by their place: 1,000 partitions are some ten kilobytes. */
export function assignmentDocument({ term, assignment }: TermAssignment): Buffer {
  const places = new Map<string, number>()
  const owners: [string, string][] = []
  const placeOf = ({ memberId, incarnation }: Owner): number => {
    const key = `${memberId} ${incarnation}`
    const known = places.get(key)
    if (known !== undefined) return known
    places.set(key, owners.length)
    return owners.push([memberId, incarnation]) - 1
  }
  const partitions = assignment.map(({ owner, epoch }) => [owner === undefined ? NOBODY : placeOf(owner), epoch])
  return documentOf({ term: term.toString(), owners, partitions })
}

/** @throws DocumentFormatNewerError, DocumentMalformedError */
export function readAssignmentDocument(bytes: Uint8Array, where: string): TermAssignment {
  const fields = readDocument(bytes, where)
  const owners = listIn(fields, 'owners', where).map((each) => ownerIn(each, where))
  return {
    term: termIn(fields, where),
    assignment: listIn(fields, 'partitions', where).map((each) => {
      const [place, epoch] = Array.isArray(each) ? (each as unknown[]) : []
      if (!isCount(epoch) || !(place === NOBODY || (isCount(place) && place < owners.length))) {
        throw DocumentMalformedError.of(where, 'a partition is no pair of owner and epoch')
      }
      return { owner: owners[place], epoch }
    }),
  }
}

function termIn(fields: Fields, where: string): bigint {
  const text = textIn(fields, 'term', where)
  if (!/^\d{1,19}$/.test(text)) throw DocumentMalformedError.of(where, 'term is no whole number')
  return BigInt(text)
}

function ownerIn(value: unknown, where: string): Owner {
  const [memberId, incarnation] = Array.isArray(value) ? (value as unknown[]) : []
  if (typeof memberId !== 'string' || typeof incarnation !== 'string') {
    throw DocumentMalformedError.of(where, 'an owner is no pair of member and incarnation')
  }
  return { memberId, incarnation }
}
