import { Router } from 'express'
import { type HttpGuard, type Logger, type Metric, silentLogger, visibleLines } from '@aesop/kernel'
import { type Application } from '../lifecycle/application.ts'
import { TargetUnknownError } from '../lifecycle/operation-errors.ts'
import { openNote } from './admin-access.ts'
import { type AdminOptions } from './admin-server.ts'
import { sendJson } from './admin-response.ts'
import { beanPages, containerPage, startupPage } from './bean-pages.ts'
import { configPage, graphPage } from './definition-pages.ts'
import { healthReport } from './health-report.ts'
import type { MetricsPage } from './metrics-page.ts'
import { isTrusted } from './request-guard.ts'

export interface Pages {
  readonly routes: Router
  readonly paths: readonly string[]
  /** Lets go of what the pages hold. */
  end(): Promise<void>
}

/** The pages that only show. */
export function pageRoutes(
  application: Application,
  { host, mask, log, levels, contributions = [] }: AdminOptions,
  guard: HttpGuard,
  ownMetrics: () => readonly Metric[],
): Pages {
  let metrics: Promise<MetricsPage> | undefined
  const routes = Router()
  routes.get('/health/ready', (_request, response) => {
    const report = healthReport(application)
    response.status(report.isReady ? 200 : 503)
    if (!isTrusted(response)) response.type('text/plain').send(`${report.status}\n`)
    else sendJson(response, mask, guard.isOpen ? { ...report, warnings: [openNote(host)] } : report)
  })
  routes.get('/health/live', (_request, response) => {
    if (isTrusted(response)) sendJson(response, mask, { status: 'up' })
    else response.type('text/plain').send('up\n')
  })
  routes.get('/metrics', async (_request, response) => {
    metrics ??= openMetrics(application, ownMetrics, log ?? silentLogger)
    const { contentType, text } = await (await metrics).render()
    response.type(contentType).send(mask.apply(text))
  })
  const pages: Readonly<Record<string, (query: Readonly<Record<string, unknown>>) => unknown>> = {
    '/admin/containers': () => application.containers.map(containerPage),
    '/admin/beans': ({ container }) => beansOf(application, container),
    '/admin/startup': () => startupPage(application),
    '/admin/config': () => configPage(application),
    '/admin/loggers': () => levels?.list() ?? [],
  }
  for (const [path, page] of Object.entries(pages)) {
    routes.get(path, (request, response) => {
      sendJson(response, mask, page(request.query))
    })
  }
  routes.get('/admin/graph', (request, response) => {
    const graph = graphPage(application, request.query['format'])
    if (typeof graph === 'string') response.type('text/plain').send(`${visibleLines(mask.apply(graph))}\n`)
    else sendJson(response, mask, graph)
  })
  const contributed = contributions.flatMap((each) => each.pages ?? [])
  for (const { path, load } of contributed) {
    routes.get(path, async (request, response) => {
      const page = await load()
      sendJson(response, mask, await page(application, request.query))
    })
  }
  const own = ['/health/live', '/health/ready', '/metrics', '/admin/graph', ...Object.keys(pages)]
  const paths = [...own, ...contributed.map(({ path }) => path)].sort()
  routes.get(['/', '/admin'], (_request, response) => {
    sendJson(response, mask, { application: application.plan.applicationName, pages: paths })
  })
  const end = async (): Promise<void> => {
    ;(await metrics)?.end()
  }
  return { routes, paths, end }
}

/** The library of metrics is loaded when somebody asks for them: it would cost every start its time. */
async function openMetrics(application: Application, own: () => readonly Metric[], log: Logger): Promise<MetricsPage> {
  const { MetricsPage } = await import('./metrics-page.ts')
  return new MetricsPage(application, own, log)
}

function beansOf(application: Application, container: unknown): object[] {
  if (typeof container !== 'string') return beanPages(application)
  const names = application.containers.map((each) => each.name)
  if (!names.includes(container)) throw new TargetUnknownError('container', container, names)
  return beanPages(application, container)
}
