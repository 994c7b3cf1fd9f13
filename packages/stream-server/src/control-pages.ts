import { formatJson } from '@aesop/kernel'
import { InvalidRequestError, parameters, type RequestParameters } from '@aesop/wire'

/** What can be done to a physical source by its producer. */
export interface SourceControl {
  readonly name: string
  readonly status: 'running' | 'paused' | 'shutdown'
  /** SCN of the newest window. */
  readonly scn: bigint
  pause(): void
  resume(): void
}

/** What the commands of a relay act on. */
export interface RelayControl {
  readonly sources: readonly SourceControl[]
  /** For people: where it listens, and its sources. */
  info(): object
  /** Ends every stream between windows. */
  disconnectClients(): void
}

const ACTIONS: Readonly<Record<string, (source: SourceControl) => void>> = {
  pause: (source) => {
    source.pause()
  },
  unpause: (source) => {
    source.resume()
  },
}
const RELAY_COMMANDS = ['disconnectClients', 'printRelayInfo'] as const

/** Whether it changes nothing. */
export function onlyShows(command: string, subPath: string): boolean {
  return command === 'controlSources' ? subPath === 'status' : subPath === 'printRelayInfo'
}

/**
 * Answers `/controlSources/{status|pause|unpause}[?sources=a,b]`, and then `start` of exactly one: how the sources are after it, one
 * object behind the other, as in Databus.
 * @throws InvalidRequestError of a source or a command that there is none
 */
export function controlSources({ sources }: RelayControl, subPath: string, request: RequestParameters): string {
  const names = request.text(parameters.sources)?.split(',')
  const unknown = names?.find((name) => !sources.some((source) => source.name === name))
  if (unknown !== undefined) throw noSource(unknown, sources)
  const chosen = sources.filter(({ name }) => names?.includes(name) !== false)
  if (subPath === 'start') startOne(chosen, request)
  else if (subPath !== 'status') for (const source of chosen) actionOf(subPath)(source)
  return chosen.map(({ name, status, scn }) => `${formatJson({ name, status, SCN: scn })}\n`).join('')
}

/** Answers `/relayCommand/<command>` with a line of text. @throws InvalidRequestError of a command that there is none */
export function relayCommand(control: RelayControl, subPath: string): string {
  switch (subPath) {
    case 'printRelayInfo':
      return `${formatJson(control.info())}\r\n`
    case 'disconnectClients':
      control.disconnectClients()
      return 'clients are disconnected between windows\r\n'
    default:
      throw new InvalidRequestError(
        `Invalid value for relayCommand.command: ${subPath}: expected ${RELAY_COMMANDS.join(' or ')}`,
      )
  }
}

/** Databus begins at an SCN then; here the place of a source is moved while nothing runs, with `aesop-launch state`. */
function startOne(chosen: readonly SourceControl[], request: RequestParameters): void {
  const [only, ...others] = chosen
  if (only === undefined || others.length > 0)
    throw new InvalidRequestError('Invalid value for controlSources.sources: start needs exactly one source')
  if (request.text('scn') !== undefined)
    throw new InvalidRequestError(
      'Invalid value for controlSources.scn: a source goes on where it stands; stop the process and move it with aesop-launch state set',
    )
  only.resume()
}

function actionOf(name: string): (source: SourceControl) => void {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action !== undefined) return action
  throw new InvalidRequestError(
    `Invalid value for controlSources.command: ${name}: expected status, pause, unpause or start (a source is shut down with its process)`,
  )
}

function noSource(name: string, sources: readonly SourceControl[]): InvalidRequestError {
  const names = sources.map((source) => source.name).join(', ')
  return new InvalidRequestError(`Invalid value for controlSources.sources: ${name}: expected ${names}`)
}
