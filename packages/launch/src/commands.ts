import { type CommandDefinition } from '@aesop/runtime'
import { STATE_VERBS } from './state-arguments.ts'

const GRAPH_FORMATS = ['mermaid', 'dot', 'json'] as const
export const SHELLS = ['bash', 'zsh'] as const

const STATE_OPTIONS: CommandDefinition['options'] = {
  source: { type: 'string', value: '<name>', summary: 'whose place: that of a physical source' },
  registration: { type: 'string', value: '<id>', summary: 'whose place: that of a registration' },
  to: { type: 'string', value: '<place>', summary: 'set: where the place goes' },
  at: { type: 'string', value: '<place>', summary: 'locate, pass: which place is meant' },
  table: { type: 'string', value: '<logical source>', summary: 'release: whose rows' },
  reason: { type: 'string', value: '<text>', summary: 'a note for the journal' },
  yes: { type: 'boolean', summary: 'make the change; without it, it is only shown' },
}

/** What the launcher can do by itself. */
export const commands: readonly CommandDefinition[] = [
  {
    name: 'run',
    takesContainerOptions: true,
    usage: [],
    endsBySignal: false,
    load: async () => (await import('./run-command.ts')).run,
  },
  {
    name: 'check',
    takesContainerOptions: true,
    usage: [['check <descriptor...>', 'check without starting anything']],
    load: async () => (await import('./check-command.ts')).check,
  },
  {
    name: 'print',
    takesContainerOptions: true,
    usage: [['print <descriptor...>', 'effective beans, with the origin of every value']],
    load: async () => (await import('./print-command.ts')).print,
  },
  {
    name: 'graph',
    takesContainerOptions: true,
    usage: [['graph <descriptor...>', 'who needs whom']],
    options: {
      format: { type: 'string', value: '<format>', words: GRAPH_FORMATS, summary: GRAPH_FORMATS.join(', ') },
    },
    load: async () => (await import('./graph-command.ts')).graph,
  },
  {
    name: 'schema',
    usage: [['schema [container]', 'JSON Schema for editors; without a name: of bootstrap.yaml']],
    words: ['launch', 'relay', 'client', 'bootstrap', 'bootstrap-producer', 'blocking-bootstrap'],
    load: async () => (await import('./schema-command.ts')).schema,
  },
  {
    name: 'convert',
    usage: [['convert <spring.xml>', 'Spring XML as a descriptor, on stdout']],
    load: async () => (await import('./convert-command.ts')).convert,
  },
  {
    name: 'explain',
    usage: [['explain <CODE>', 'what an error code means and what to do']],
    load: async () => (await import('./explain-command.ts')).explain,
  },
  {
    name: 'completion',
    usage: [[`completion <${SHELLS.join('|')}>`, 'a script for the shell']],
    words: SHELLS,
    load: async () => (await import('./completion-command.ts')).completion,
  },
  {
    name: 'state',
    usage: [
      ['state show <bootstrap>', 'where they stand, whose rows are left out, what was changed by hand'],
      ['state locate <bootstrap> --at <place>', 'which SCN, file, position, GTID and time a place is'],
      ['state set <bootstrap> --to <place>', 'moves a stored place, with --yes; else shows what would be'],
      ['state reset <bootstrap>', 'forgets a stored place'],
      ['state pass <bootstrap> --at <file:pos>', 'goes past one transaction of a source'],
      ['state release <bootstrap> --table <source>', 'delivers the rows of a table again that are left out'],
    ],
    options: STATE_OPTIONS,
    words: STATE_VERBS,
    load: async () => (await import('./state-command.ts')).state,
  },
]
