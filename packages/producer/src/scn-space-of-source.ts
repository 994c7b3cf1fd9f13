import { randomUUID } from 'node:crypto'
import { type MaxScn } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'
import { type PhysicalSourceConfig } from './physical-source-config.ts'

export interface ScnSpaceOptions {
  readonly physicalSource: PhysicalSourceConfig
  /** What is stored of the source, if it still holds of the SCNs that come. */
  readonly stored: MaxScn | undefined
  /** The one that the source itself tells, when nothing is stored; left out: nobody can know it, and a new one is made. */
  readonly told?: () => Promise<string>
  readonly log?: Logger
}

/**
 * The SCN space of a source whose producer begins:
 *
 * | what is known                    | its SCN space                                       |
 * |----------------------------------|-----------------------------------------------------|
 * | `scnSpace` of its configuration  | that one                                            |
 * | else: one is stored              | that one                                            |
 * | else: the source tells its own   | that one                                            |
 * | else                             | a new one, which nothing else has                   |
 */
export async function scnSpaceOfSource(options: ScnSpaceOptions): Promise<string> {
  const { physicalSource, stored, told, log } = options
  const { name, scnSpace: named } = physicalSource
  const before = stored?.scnSpace
  if (named === undefined) return before ?? (await told?.()) ?? randomUUID()
  if (before !== undefined && before !== named) {
    const what = `the SCN space of ${name} was "${before}" and is "${named}" from now on, as configured`
    log?.warn(`${what}: clients with checkpoints of the former one are refused by name`)
  }
  return named
}
