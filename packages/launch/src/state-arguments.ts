import { type CommonOptions, type Invocation } from '@aesop/runtime'
import { UsageError } from './errors.ts'
import { oneOf, onlyOne } from './option-values.ts'

export const STATE_VERBS = ['show', 'locate', 'set', 'reset', 'pass', 'release'] as const

/** `state <verb> <bootstrap.yaml>`: stored places of sources and registrations. */
export interface StateCommand {
  readonly verb: (typeof STATE_VERBS)[number]
  readonly path: string
  readonly source?: string
  readonly registration?: string
  /** Of `--to` (set), `--at` (locate, pass) or `--table` (release). */
  readonly to?: string
  readonly reason: string
  /** Make the change; without it, it is only shown. */
  readonly yes: boolean
  readonly options: CommonOptions
}

interface Values {
  readonly source?: string
  readonly registration?: string
  readonly to?: string
  readonly at?: string
  readonly table?: string
  readonly reason?: string
  readonly yes?: boolean
}

/** @throws UsageError */
export function stateCommand({ args: [verb, ...rest], values, options }: Invocation): StateCommand {
  const known = oneOf(verb, 'the word after state', STATE_VERBS)
  if (known === undefined) throw new UsageError(`state needs one of ${STATE_VERBS.join(', ')}`)
  if (options.fresh) throw new UsageError('--fresh clears the state at a start; here, state reset forgets one place')
  const path = onlyOne(rest, `state ${known}`, 'a bootstrap descriptor')
  const { source, registration, reason = '', yes = false, ...places } = values as Values
  return {
    verb: known,
    path,
    ...(source === undefined ? {} : { source }),
    ...(registration === undefined ? {} : { registration }),
    ...placeOption(known, places),
    reason,
    yes,
    options,
  }
}

/** Which option says what a verb is about; the others take none. */
const PLACE_OPTIONS = {
  set: 'to',
  locate: 'at',
  pass: 'at',
  release: 'table',
  show: undefined,
  reset: undefined,
} as const

/** `--to` says where a place goes, `--at` which one is meant, `--table` whose rows; each verb takes one of them, or none. */
function placeOption(verb: StateCommand['verb'], { to, at, table }: Values): { to?: string } {
  const wanted = PLACE_OPTIONS[verb]
  const given = { to, at, table }
  for (const name of ['to', 'at', 'table'] as const) {
    if (name !== wanted && given[name] !== undefined) throw new UsageError(`state ${verb} takes no --${name}`)
  }
  if (wanted === undefined) return {}
  const value = given[wanted]
  const what = wanted === 'table' ? 'logical source' : 'place'
  if (value === undefined || value === '') throw new UsageError(`state ${verb} needs --${wanted} <${what}>`)
  return { to: value }
}
