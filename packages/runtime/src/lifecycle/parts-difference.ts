import { positionOf } from '../descriptor/source-file.ts'
import { type ContainerParts, type FixedPart, type ItemDefinition } from './container-parts.ts'

/** How a definition differs from what runs. */
export interface PartsDifference {
  /** What is not an item of a live list and is another one, each with its place. */
  readonly fixed: readonly string[]
  readonly added: readonly ItemDefinition[]
}

/**
 * Compares part by part.
 * @param runningPrints of the items that run; what they and the definition have in common is taken out: the rest goes
 */
export function partsDifference(
  before: ContainerParts,
  after: ContainerParts,
  runningPrints: string[],
): PartsDifference {
  const added = after.items.filter(({ print }) => {
    const at = runningPrints.indexOf(print)
    if (at >= 0) runningPrints.splice(at, 1)
    return at < 0
  })
  return { fixed: fixedChanges(before, after), added }
}

/** A bean that is there before and after, unchanged, counts for nothing, whoever needs it. */
function fixedChanges(before: ContainerParts, after: ContainerParts): string[] {
  const [old, now] = [allParts(before), allParts(after)]
  const names = new Set([...before.fixed, ...after.fixed].map(({ name }) => name))
  return [...names].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)]
    if (was?.print === is?.print) return []
    return is === undefined ? `${name} (it was at ${placeText(was)})` : `${name} (${placeText(is)})`
  })
}

function allParts({ fixed, items }: ContainerParts): ReadonlyMap<string, FixedPart> {
  const tops = items.flatMap((item) => item.tops)
  const owned = tops.map(({ bean, print }) => [bean.id, { name: bean.id, at: bean.at, print }] as const)
  return new Map([...owned, ...fixed.map((part) => [part.name, part] as const)])
}

/** `relay-config.yaml:12`. */
export function placeText(part: Pick<FixedPart, 'at'> | undefined): string {
  if (part === undefined) return 'nowhere'
  return `${part.at.file.path}:${positionOf(part.at).line}`
}
