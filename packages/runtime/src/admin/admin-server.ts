import { createServer, type Server, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { type Logger, messageOf, type Metric, silentLogger } from '@aesop/kernel'
import { type Contribution } from '../contribution.ts'
import { type Application } from '../lifecycle/application.ts'
import { type LogLevels } from '../log/log-levels.ts'
import { type SecretMask } from '../log/secret-mask.ts'
import { actionRoutes } from './action-routes.ts'
import { type AdminAccess, adminGuard, openNote } from './admin-access.ts'
import { type AdminAddress, hostAndPort } from './admin-address.ts'
import { AdminConnections } from './admin-connections.ts'
import { AdminListenFailedError } from './admin-errors.ts'
import { sendError, sendJson } from './admin-response.ts'
import { guardRequests } from './request-guard.ts'
import { pageRoutes } from './page-routes.ts'

export interface AdminOptions extends AdminAddress, AdminAccess {
  /** When true a taken port is an error; when false any free port does instead, with a warning. */
  readonly isPortFixed: boolean
  /** Hides secrets in everything that is shown. */
  readonly mask: SecretMask
  /** The levels that /admin/loggers shows and sets. */
  readonly levels?: LogLevels | undefined
  readonly log?: Logger | undefined
  /** Pages and metrics of other packages. */
  readonly contributions?: readonly Contribution[] | undefined
  /** How long a request may take to arrive, in milliseconds; default 10,000. */
  readonly readTimeoutMs?: number
}

/** The admin server of a process. */
export interface AdminServer {
  readonly url: string
  close(): Promise<void>
}

/** How long requests that are under way may still take when the server closes. */
const CLOSE_MAX_MS = 1000
const READ_TIMEOUT_MS = 10_000
const READ_CHECKS_MAX_MS = 1000

/**
 * Opens the admin server of a process; it closes after the containers have been stopped. Who may ask is said by the
 * bootstrap descriptor, and what the options say wins.
 * @throws AdminAccessInvalidError, AdminTokenUnusableError, AdminTokenMissingError, AdminListenFailedError
 */
export async function openAdminServer(application: Application, options: AdminOptions): Promise<AdminServer> {
  const { host, mask, log } = options
  const guard = adminGuard(accessOf(application, options), host, log)
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(guardRequests(guard))
  app.use(express.json({ strict: false }))
  const connections = new AdminConnections(log ?? silentLogger)
  const contributed = options.contributions?.flatMap(({ metrics }) => metrics ?? []) ?? []
  const ownMetrics = (): Metric[] => [
    ...guard.metrics('aesop_admin'),
    ...connections.metrics(),
    ...contributed.flatMap((metrics) => metrics()),
  ]
  const pages = pageRoutes(application, options, guard, ownMetrics)
  app.use(pages.routes)
  app.use(actionRoutes(application, options))
  app.use((request, response) => {
    sendJson(response.status(404), mask, { message: `there is no page ${request.path}`, pages: pages.paths })
  })
  app.use(sendError(mask, log ?? silentLogger))
  const http = createServer(readLimits(options), app)
  connections.watch(http)
  const server = await listen(http, options)
  const { port } = server.address() as AddressInfo
  if (guard.isOpen) log?.warn(openNote(host))
  const url = `http://${hostAndPort({ host, port })}`
  const close = async (): Promise<void> => {
    await closeServer(server)
    await pages.end()
  }
  application.adminUrl = url
  application.closeAtEnd(close)
  return { url, close }
}

/** Node looks for requests that take too long only every half minute, unless it is told to look more often. */
function readLimits({ readTimeoutMs = READ_TIMEOUT_MS }: AdminOptions): ServerOptions {
  const connectionsCheckingInterval = Math.min(READ_CHECKS_MAX_MS, Math.ceil(readTimeoutMs / 4))
  return { headersTimeout: readTimeoutMs, requestTimeout: readTimeoutMs, connectionsCheckingInterval }
}

function accessOf({ plan: { admin = {} } }: Application, options: AdminOptions): AdminAccess {
  const { token = admin.token, hosts = admin.hosts, peers = admin.peers, insecure = admin.insecure } = options
  return { token, hosts, peers, insecure }
}

async function listen(server: Server, options: AdminOptions): Promise<Server> {
  const { host, port, isPortFixed, log } = options
  try {
    await listenOn(server, host, port)
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException
    if (isPortFixed || error.code !== 'EADDRINUSE') throw new AdminListenFailedError(hostAndPort(options), error)
    await listenOn(server, host, 0)
    log?.warn(`port ${port} is taken, so the admin server uses another one; --admin chooses`)
  }
  // Node emits what accept says (EMFILE), and a process ends by an error that nobody hears.
  server.on('error', (error) => log?.warn(`the admin server could not accept a connection: ${messageOf(error)}`))
  return server
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections()
    }, CLOSE_MAX_MS)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
