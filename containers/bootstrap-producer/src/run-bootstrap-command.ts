import { formatJson } from '@aesop/kernel'
import { EXIT_CODES, type Invocation } from '@aesop/runtime'
import { AdminQuestions } from './admin-questions.ts'
import { BOOTSTRAP_VERBS } from './bootstrap-command.ts'
import { type ProducerPage } from './bootstrap-page.ts'
import { NoBootstrapProducerError } from './errors.ts'
import { followSeeding } from './follow-seeding.ts'
import { seedingLine, storedLine } from './seeding-lines.ts'
import { verify } from './verify-tables.ts'
import { withProducers } from './with-producers.ts'

const PAGE = '/admin/bootstrap'

/** Does what stands behind `aesop-launch bootstrap`. @throws AdminUnreachableError, AdminRefusedError, NoBootstrapProducerError */
export async function runBootstrapCommand(invocation: Invocation): Promise<number> {
  const { args, values, options } = invocation
  const [verb, ...rest] = args
  const fault = faultOf(verb, rest, values)
  if (fault !== undefined) {
    process.stderr.write(`${fault}; aesop-launch --help shows what there is\n`)
    return EXIT_CODES.usage
  }
  const [first = ''] = rest
  if (verb === 'status' && first !== '') return storedStatus(invocation, first)
  if (verb === 'verify') return verify(invocation, first, rest.slice(1))
  const admin = new AdminQuestions(options)
  const pages = (await admin.page(PAGE)) as readonly ProducerPage[]
  if (pages.length === 0) throw new NoBootstrapProducerError(`the process at ${admin.url}`)
  if (verb === 'status') return show(pages, options)
  if (verb === 'seed') return seed(invocation, admin, pages, first)
  for (const { bean, container } of verb === 'cancel' ? [pageWith(pages, first)] : pages)
    await admin.act(bean, container, verb ?? '', verb === 'cancel' ? { table: first } : {})
  return show((await admin.page(PAGE)) as readonly ProducerPage[], options)
}

/** What is wrong with the command line; undefined: nothing. */
function faultOf(verb: string | undefined, rest: readonly string[], values: Invocation['values']): string | undefined {
  if (!BOOTSTRAP_VERBS.some((each) => each === verb)) return `bootstrap needs one of ${BOOTSTRAP_VERBS.join(', ')}`
  const needsTable = verb === 'seed' || verb === 'cancel'
  if (needsTable && rest.length !== 1) return `bootstrap ${verb} needs one table, the name of its logical source`
  if (verb === 'verify' && rest.length === 0) return 'bootstrap verify needs the bootstrap.yaml of a bootstrap producer'
  if (verb !== 'verify' && !needsTable && rest.length > (verb === 'status' ? 1 : 0))
    return `bootstrap ${verb} takes no ${rest.join(' ')}`
  const option = Object.entries(values).find(([, value]) => value !== undefined)?.[0]
  if (option !== undefined && verb !== 'seed') return `bootstrap ${verb} takes no --${option}`
  return undefined
}

function show(pages: readonly ProducerPage[], { json }: Pick<Invocation['options'], 'json'>): number {
  const reports = pages.flatMap(({ producers }) => Object.entries(producers))
  if (json) {
    process.stdout.write(`${formatJson(Object.fromEntries(reports), 2)}\n`)
    return EXIT_CODES.stopped
  }
  for (const [name, { store, sources, isPaused, seeding, fault }] of reports) {
    process.stdout.write(`${name}, into ${store}${isPaused ? ', seedings are held' : ''}\n`)
    if (fault !== undefined) process.stdout.write(`  as it was seen last, because it can not be read now: ${fault}\n`)
    for (const source of sources) process.stdout.write(`  ${storedLine(source)}\n`)
    for (const each of seeding) process.stdout.write(`  seeding ${seedingLine(each).text}\n`)
  }
  return EXIT_CODES.stopped
}

async function seed(
  { values, options }: Invocation,
  admin: AdminQuestions,
  pages: readonly ProducerPage[],
  table: string,
): Promise<number> {
  const { bean, container } = pageWith(pages, table)
  const { where, detach } = values
  await admin.act(bean, container, 'seed', { table, where })
  if (options.json) return show((await admin.page(PAGE)) as readonly ProducerPage[], options)
  if (detach === true) {
    process.stdout.write(`${table} is being seeded; aesop-launch bootstrap status says how far it is\n`)
    return EXIT_CODES.stopped
  }
  const look = async (): Promise<readonly ProducerPage[]> => (await admin.page(PAGE)) as readonly ProducerPage[]
  return followSeeding(table, look, options.color)
}

/** The producer that has the table; where none has, the first one says which there are. */
function pageWith(pages: readonly ProducerPage[], table: string): ProducerPage {
  const has = ({ producers }: ProducerPage): boolean =>
    Object.values(producers).some(({ sources }) => sources.some(({ source }) => source === table))
  return pages.find(has) ?? (pages[0] as ProducerPage)
}

/** By what is stored. */
function storedStatus(invocation: Invocation, path: string): Promise<number> {
  return withProducers(invocation, path, async (producers) => {
    const sources = (await Promise.all(producers.map((each) => each.storedSources()))).flat()
    const text = invocation.options.json ? formatJson(sources, 2) : sources.map(storedLine).join('\n')
    process.stdout.write(`${text}\n`)
    return EXIT_CODES.stopped
  })
}
