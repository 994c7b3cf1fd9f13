import { resolve } from 'node:path'
import { formatJson, type Place, type PlaceChange, type PlaceDesk } from '@aesop/kernel'
import {
  createApplication,
  EXIT_CODES,
  formatError,
  formatProblem,
  type Invocation,
  type Preparation,
  prepareLaunch,
  type ReportOptions,
  stateHolder,
  StateLock,
} from '@aesop/runtime'
import { PlaceTargetError, UsageError } from './errors.ts'
import { changeText, deskReport, deskText, placeRecord, placeText } from './place-report.ts'
import { placeDesksOf } from './places-page.ts'
import { preparationOptions } from './preparation-options.ts'
import { type StateCommand, stateCommand } from './state-arguments.ts'

/**
 * Shows and moves the stored places of sources and registrations. The beans are built, because they know where they keep
 * them, and nothing is started. Who changes something holds the lock of the state directory meanwhile.
 */
export async function state(invocation: Invocation): Promise<number> {
  const command = stateCommand(invocation)
  const { options, path } = command
  const { containers } = invocation
  const preparation = await prepareLaunch(resolve(path), { ...preparationOptions(options), containers })
  const report: ReportOptions = { mask: preparation.mask, color: options.color, verbose: options.verbose }
  for (const problem of preparation.problems) process.stderr.write(`${formatProblem(problem, report)}\n\n`)
  if (preparation.launch === undefined) return EXIT_CODES.descriptors
  const { stateDirectory } = preparation.launch
  if (command.verb === 'show' && !options.json) await showHolder(stateDirectory)
  const lock = isChange(command)
    ? await StateLock.take(stateDirectory, `aesop-launch state ${command.verb}`)
    : undefined
  try {
    return await withDesks(preparation, report, (desks) => run(command, desks))
  } finally {
    await lock?.release()
  }
}

async function showHolder(stateDirectory: string): Promise<void> {
  const holder = await stateHolder(stateDirectory)
  if (holder === undefined) return
  const { what, pid, host, since } = holder
  process.stdout.write(`in use by ${what} (process ${pid} on ${host}, since ${since})\n\n`)
}

function isChange({ verb, yes }: StateCommand): boolean {
  return yes && verb !== 'show' && verb !== 'locate'
}

/** A container whose beans can't be made hides its places, and no others. */
async function withDesks(
  preparation: Preparation,
  report: ReportOptions,
  use: (desks: readonly PlaceDesk[]) => Promise<number>,
): Promise<number> {
  const application = await createApplication(preparation, { locksState: false })
  try {
    for (const error of await application.buildAll()) process.stderr.write(`${formatError(error, report)}\n`)
    return await use(await placeDesksOf(application))
  } finally {
    await application.stop()
  }
}

async function run(command: StateCommand, desks: readonly PlaceDesk[]): Promise<number> {
  const { verb, to = '', reason, yes, options } = command
  if (verb === 'show') return show(command, desks)
  const desk = deskFor(command, desks)
  if (verb === 'locate') {
    const place = placeRecord(await desk.locate(to))
    process.stdout.write(options.json ? `${formatJson(place, 2)}\n` : `${placeText(place)}\n`)
    return EXIT_CODES.stopped
  }
  const change = await changeOf(command, desk, desks)
  if (yes) await change.apply(reason)
  process.stdout.write(options.json ? `${changeJson(desk, change, yes)}\n` : `${changeText(desk, change)}\n`)
  if (!options.json) process.stdout.write(yes ? 'Done.\n' : 'Nothing was changed: --yes does it.\n')
  return EXIT_CODES.stopped
}

async function show(command: StateCommand, desks: readonly PlaceDesk[]): Promise<number> {
  const reports = await Promise.all(desks.filter((desk) => isMeant(command, desk)).map(deskReport))
  if (reports.length === 0) deskFor(command, desks)
  process.stdout.write(command.options.json ? `${formatJson(reports, 2)}\n` : `${reports.map(deskText).join('\n\n')}\n`)
  return EXIT_CODES.stopped
}

async function changeOf(command: StateCommand, desk: PlaceDesk, desks: readonly PlaceDesk[]): Promise<PlaceChange> {
  const { verb, to = '' } = command
  const others = await Promise.all(desks.filter(({ kind }) => kind !== desk.kind).map(placeOf))
  // A source goes on above all readers; a registration may be set to where the only source stands.
  const highest = others.reduce((max, { scn = -1n }) => (scn > max ? scn : max), -1n)
  const readersScn = desk.kind === 'source' || others.length === 1 ? highest : -1n
  const question = { to, readersScn, readersScnSpace: onlySpaceOf(others) }
  if (verb === 'set') return desk.set(question)
  if (verb === 'pass') return desk.pass(question)
  if (verb === 'release') return desk.release(question)
  return desk.reset(question)
}

/** Of a place that can't be read nothing is known; the desk it belongs to says so. */
async function placeOf(desk: PlaceDesk): Promise<Place> {
  try {
    return (await desk.show()) ?? {}
  } catch {
    return {}
  }
}

function onlySpaceOf(places: readonly Place[]): string | undefined {
  const [only, ...more] = new Set(places.flatMap(({ scnSpace }) => scnSpace ?? []))
  return more.length === 0 ? only : undefined
}

function changeJson(desk: PlaceDesk, { from, to, effects }: PlaceChange, isDone: boolean): string {
  const { kind, name } = desk
  const before = from === undefined ? {} : { from: placeRecord(from) }
  return formatJson({ kind, name, ...before, to: placeRecord(to), effects, done: isDone }, 2)
}

/** @throws PlaceTargetError when none or several are meant */
function deskFor(command: StateCommand, desks: readonly PlaceDesk[]): PlaceDesk {
  const meant = desks.filter((desk) => isMeant(command, desk))
  // Without a name, places are those of the source, when there is but one.
  const isNamed = command.source !== undefined || command.registration !== undefined
  const [only, ...more] = isNamed ? meant : meant.filter(({ kind }) => kind === 'source')
  if (only === undefined || more.length > 0) throw new PlaceTargetError(wanted(command), desks)
  return only
}

function isMeant({ source, registration }: StateCommand, { kind, name }: PlaceDesk): boolean {
  if (source === undefined && registration === undefined) return true
  return kind === 'source' ? name === source : name === registration
}

function wanted({ source, registration }: StateCommand): string | undefined {
  if (source !== undefined && registration !== undefined)
    throw new UsageError('give --source or --registration, not both')
  return source === undefined ? registration && `registration "${registration}"` : `source "${source}"`
}
