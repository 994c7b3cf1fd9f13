import type { CommandDefinition } from '@aesop/runtime'

/** What can be asked of a bootstrap producer: each verb is a word behind `bootstrap`. */
export const BOOTSTRAP_VERBS = ['seed', 'status', 'pause', 'resume', 'cancel', 'verify'] as const

/** The command `aesop-launch bootstrap`, as data. */
export const bootstrapCommand: CommandDefinition = {
  name: 'bootstrap',
  usage: [
    ['bootstrap seed <table>', 'reads a table anew into the store of a running producer'],
    ['bootstrap status [<bootstrap.yaml>]', 'how far each table is; of a descriptor: by what its store has'],
    ['bootstrap pause', 'no more rows are read from tables, until resume or a restart'],
    ['bootstrap resume', 'goes on with it'],
    ['bootstrap cancel <table>', 'ends the seeding of a table, which is not served then'],
    ['bootstrap verify <bootstrap.yaml> [<table>…]', 'compares tables, row by row, with what the store has'],
  ],
  options: {
    where: { type: 'string', value: '<condition>', summary: 'seed: only rows for which it holds are read' },
    detach: { type: 'boolean', summary: 'seed: comes back when it has begun' },
  },
  words: BOOTSTRAP_VERBS,
  load: async () => (await import('./run-bootstrap-command.ts')).runBootstrapCommand,
}
