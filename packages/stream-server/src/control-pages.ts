import { formatJson } from '@aesop/kernel'
import { InvalidRequestError, parameters, type RequestParameters } from '@aesop/wire'

/** What can be done to a physical source by its producer. */
export interface SourceControl {
  readonly name: string
  readonly status: 'running' | 'paused' | 'shutdown'
  /** Its physical partition. */
  readonly id: number
  /** SCN of the newest window. */
  readonly scn: bigint
  /** SCN after which its buffer begins: that of the newest window, where it is empty. */
  readonly prevScn: bigint
  pause(): void
  resume(): void
  /** Empties its buffer, which begins anew where the source is; resolves when that is done. */
  reset(): Promise<void>
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
const RELAY_COMMANDS = 'disconnectClients, printRelayInfo or resetRelayBuffer/<name>/<id>'
const RESET = 'resetRelayBuffer/'

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
  return chosen.map((source) => `${formatJson(stateOf(source))}\n`).join('')
}

/** Answers `/relayCommand/<command>` with a line of text. @throws InvalidRequestError of a command that there is none */
export async function relayCommand(
  control: RelayControl,
  subPath: string,
  request: RequestParameters,
): Promise<string> {
  if (subPath.startsWith(RESET)) return resetBuffer(control, subPath.slice(RESET.length), request)
  switch (subPath) {
    case 'printRelayInfo':
      return `${formatJson(control.info())}\r\n`
    case 'disconnectClients':
      control.disconnectClients()
      return 'clients are disconnected between windows\r\n'
    default:
      throw new InvalidRequestError(`Invalid value for relayCommand.command: ${subPath}: expected ${RELAY_COMMANDS}`)
  }
}

/** Databus begins at an SCN that is given; here where the source is, because what lies between would be a hole. */
async function resetBuffer({ sources }: RelayControl, named: string, request: RequestParameters): Promise<string> {
  const source = sources.find(({ name, id }) => named === `${name}/${id}` || named === `${name}:${id}`)
  if (source === undefined) {
    const all = sources.map(({ name, id }) => `${name}/${id}`).join(', ')
    throw new InvalidRequestError(`Invalid value for relayCommand.resetRelayBuffer: ${named}: expected ${all}`)
  }
  const given = ['prevScn', 'binlogOffset'].find((name) => request.text(name) !== undefined)
  if (given !== undefined)
    throw new InvalidRequestError(
      `Invalid value for relayCommand.${given}: the buffer begins anew where its source is; stop the process and move that with aesop-launch state set`,
    )
  await source.reset()
  return `${formatJson(stateOf(source))}\r\n`
}

function stateOf({ name, status, scn, prevScn }: SourceControl): object {
  return { name, status, SCN: scn, prevScn }
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
