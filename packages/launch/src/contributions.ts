import { invariant } from '@aesop/kernel'
import { type CommandDefinition, type ContainerDefinition, type Contribution } from '@aesop/runtime'
import { commands } from './commands.ts'

/** What the launcher itself brings; the containers of this distribution stand in `standard-contributions.ts`. */
export const ownContribution: Contribution = {
  name: 'launch',
  commands,
  pages: [{ path: '/admin/places', load: async () => (await import('./places-page.ts')).placesPage }],
}

export function commandsOf(contributions: readonly Contribution[]): readonly CommandDefinition[] {
  return contributions.flatMap((each) => each.commands ?? [])
}

export function containersOf(contributions: readonly Contribution[]): readonly ContainerDefinition[] {
  return contributions.flatMap((each) => each.containers ?? [])
}

/** Names are unique in a launcher: the second of two would be there and never be found. */
export function refuseMeetingNames(contributions: readonly Contribution[]): void {
  const kinds: readonly (readonly [string, (each: Contribution) => readonly string[]])[] = [
    ['command', ({ commands = [] }) => commands.map(({ name }) => name)],
    ['option', optionsOf],
    ['container', ({ containers = [] }) => containers.map(({ name }) => name)],
    ['page', ({ pages = [] }) => pages.map(({ path }) => path)],
  ]
  for (const [kind, namesOf] of kinds) {
    const owners = new Map<string, string>()
    for (const each of contributions) {
      for (const name of namesOf(each)) {
        const other = owners.get(name)
        invariant(other === undefined, `${kind} ${name} is contributed by ${other ?? ''} and by ${each.name}`)
        owners.set(name, each.name)
      }
    }
  }
}

/** Long names of the options of a contribution: of its commands, and of its containers. */
function optionsOf({ commands = [], containers = [] }: Contribution): readonly string[] {
  return [...commands, ...containers].flatMap(({ options = {} }) => Object.keys(options))
}
