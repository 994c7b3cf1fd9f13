import { type Request, Router } from 'express'
import { type Observable } from '@aesop/kernel'
import { type Application } from '../lifecycle/application.ts'
import { TargetUnknownError } from '../lifecycle/operation-errors.ts'
import { LOG_LEVELS, type LoggerState, type LogLevel, type LogLevels } from '../log/log-levels.ts'
import { AdminRequestInvalidError } from './admin-errors.ts'
import { sendJson } from './admin-response.ts'
import { type AdminOptions } from './admin-server.ts'
import { actionNames } from './bean-pages.ts'

/** What the admin server can be told to do. */
export function actionRoutes(application: Application, { mask, levels, log }: AdminOptions): Router {
  const routes = Router()
  routes.post('/admin/containers/:name/:operation', async (request, response) => {
    const { name, operation } = request.params
    log?.info(`asked to ${operation} container "${name}"`)
    sendJson(response, mask, await operate(application, name, operation))
  })
  routes.post('/admin/reload', async (_request, response) => {
    sendJson(response, mask, await application.reload())
  })
  routes.post('/admin/shutdown', (_request, response) => {
    log?.info('asked to shut down')
    // Once the answer has left, or whoever asked has gone.
    response.once('close', () => void application.stop())
    sendJson(response.status(202), mask, { status: 'stopping' })
  })
  routes.post('/admin/beans/:id/actions/:action', async (request, response) => {
    sendJson(response, mask, { result: (await act(application, request, log)) ?? null })
  })
  routes.get('/admin/loggers/:name', (request, response) => {
    sendJson(response, mask, loggerState(levels, request.params.name))
  })
  routes.put('/admin/loggers/:name', (request, response) => {
    const { name } = request.params
    loggerState(levels, name)
    levels?.set(name, levelOf(request.body))
    sendJson(response, mask, loggerState(levels, name))
  })
  return routes
}

async function operate(application: Application, name: string, operation: string): Promise<object> {
  const state = (): object => ({ container: name, state: application.state()[name] })
  switch (operation) {
    case 'stop': {
      const failures = await application.stopContainer(name)
      return { ...state(), stopFailures: failures.map((failure) => failure.message) }
    }
    case 'start':
      await application.startContainer(name)
      return state()
    case 'reload':
      return { ...state(), ...(await application.reload(name)), ...state() }
    default:
      throw new TargetUnknownError('operation', operation, ['stop', 'start', 'reload'])
  }
}

/** Calls an action of a bean; the body is its argument. */
function act(application: Application, request: Request, log: AdminOptions['log']): unknown {
  const { id = '', action = '' } = request.params as Record<string, string>
  const { container } = request.query
  const inContainers = application.containers.filter((each) => typeof container !== 'string' || each.name === container)
  const beans = inContainers.flatMap((each) => each.current.startedBeans)
  const sameId = beans.filter((bean) => bean.id === id)
  if (sameId.length === 0) {
    const withActions = beans.filter((bean) => actionNames(bean.instance).length > 0).map((bean) => bean.id)
    throw new TargetUnknownError('started bean', id, withActions)
  }
  const bean = sameId.find(({ instance }) => actionNames(instance).includes(action))
  const actions = (bean?.instance as Observable | undefined)?.actions
  const call = actions?.[action]
  if (actions === undefined || call === undefined) {
    throw new TargetUnknownError(
      `action of bean "${id}"`,
      action,
      sameId.flatMap((each) => actionNames(each.instance)),
    )
  }
  log?.info(`action ${action} of bean "${id}"`)
  return Reflect.apply(call, actions, [request.body])
}

function loggerState(levels: LogLevels | undefined, name: string): LoggerState {
  const known = levels?.list() ?? []
  if (levels === undefined || !levels.has(name)) {
    throw new TargetUnknownError(
      'logger',
      name,
      known.map((each) => each.name),
    )
  }
  return known.find((each) => each.name === name) ?? { name, effective: levels.effective(name) }
}

/** `{"level": "debug"}`; null takes the level away again. */
function levelOf(body: unknown): LogLevel | undefined {
  const level = typeof body === 'object' && body !== null && 'level' in body ? body.level : undefined
  if (level === null) return undefined
  const found = LOG_LEVELS.find((each) => each === level)
  if (found === undefined) {
    throw new AdminRequestInvalidError(`expected {"level": one of ${LOG_LEVELS.join(', ')} or null}`)
  }
  return found
}
