import { isRefused } from '@aesop/zookeeper'
import { type Assignment, isSameOwner } from '../assignment.ts'
import { assignmentDocument, readAssignmentDocument } from '../assignment-document.ts'
import { type AssignmentRead, type AssignmentWritten, type Wait } from '../coordinator.ts'
import { AssignmentInvalidError } from '../errors.ts'
import { type ClusterHome } from './cluster-home.ts'

/** The one document that says who is to have which partition. */
export class AssignmentNode {
  readonly #home: ClusterHome

  constructor(home: ClusterHome) {
    this.#home = home
  }

  async read(wait: Wait): Promise<AssignmentRead> {
    const { data, revision } = await this.#current(wait)
    return { ...readAssignmentDocument(data, this.#home.paths.assignment), revision }
  }

  async write(
    assignment: Assignment,
    { revision, term }: { readonly revision: number; readonly term: bigint },
    wait: Wait,
  ): Promise<AssignmentWritten> {
    const { session, paths } = this.#home
    const current = await this.#current(wait)
    const document = assignmentDocument({ term, assignment })
    // What an attempt of the own, whose answer was lost, has written.
    if (current.revision === revision + 1 && current.data.equals(document)) {
      return { outcome: 'written', revision: current.revision }
    }
    if (current.revision !== revision) return { outcome: 'moved' }
    const former = readAssignmentDocument(current.data, paths.assignment)
    if (former.term > term) return { outcome: 'deposed' }
    checkEpochs(former.assignment, assignment)
    try {
      const { version } = await session.setData(paths.assignment, document, { version: revision, ...wait })
      return { outcome: 'written', revision: version }
    } catch (error) {
      if (isRefused(error, 'BadVersion')) return { outcome: 'moved' }
      throw error
    }
  }

  async #current(wait: Wait): Promise<{ data: Buffer; revision: number }> {
    const { session, paths } = this.#home
    const [, { data, stat }] = await Promise.all([
      session.sync(paths.assignment, wait),
      session.getData(paths.assignment, wait),
    ])
    return { data, revision: stat.version }
  }
}

/** @throws AssignmentInvalidError */
function checkEpochs(former: Assignment, next: Assignment): void {
  if (former.length !== next.length) {
    throw new AssignmentInvalidError(`the assignment has ${next.length} partitions, and the cluster ${former.length}`)
  }
  for (const [partition, { owner, epoch }] of next.entries()) {
    const before = former[partition]
    if (before === undefined) continue
    const isOthers = owner !== undefined && !isSameOwner(owner, before.owner)
    if (Number.isSafeInteger(epoch) && epoch >= before.epoch + (isOthers ? 1 : 0)) continue
    const expected = isOthers ? 'another owner has a greater one' : 'it is never lower'
    throw new AssignmentInvalidError(
      `the epoch of partition ${partition} is ${epoch} behind ${before.epoch}: ${expected}`,
    )
  }
}
