import { ANSWER_HEADERS, formatJson } from '@aesop/kernel'
import { type RequestName, type RequestTotals } from '@aesop/stats'
import * as wire from '@aesop/wire'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { type Admission } from './admission.ts'
import { FailureAnswers, peerOf } from './failure-answers.ts'
import { formatBufferInfo, formatPhysicalSources } from './info-pages.ts'
import { countFailure, type OpenStreams } from './open-streams.ts'
import { type SchemaAnswers } from './schemas-answer.ts'
import { type StatsDesk } from './stats-desk.ts'
import { type StreamServerOptions } from './stream-server.ts'
import { type StreamSources } from './stream-sources.ts'

const ANSWER_HEADERS_LIST = Object.entries(ANSWER_HEADERS)

/** What the paths of a server lead to. */
export interface Desks {
  readonly sources: StreamSources
  readonly streams: OpenStreams
  readonly schemas: SchemaAnswers
  readonly stats: StatsDesk
  readonly requests: RequestTotals
  readonly admission: Admission
}

/** Paths, and what is answered there. */
export function routes(options: StreamServerOptions, desks: Desks): express.Express {
  const { admission, sources, stats } = desks
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false)
  app.use((_request, response, next) => {
    response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
    for (const [name, value] of ANSWER_HEADERS_LIST) response.setHeader(name, value)
    next()
  })
  app.use(admission.inTurn, admission.invited)
  addCommands(app, desks)
  addHealth(app, options)
  app.all(wire.paths.physicalSources, (_request, response) => {
    response.end(formatPhysicalSources(sources.all.map(({ served }) => served)))
  })
  app.all(`${wire.paths.bufferInfo}/*rest`, (request, response) => {
    response.end(bufferInfo(request.path, sources))
  })
  app.all([`${wire.paths.containerStats}/*rest`, `${wire.paths.relayStats}/*rest`], (request, response) => {
    if (request.method === 'PUT' || request.method === 'POST') admission.letIn(request, response, { isAction: true })
    const { subPath, parameters } = wire.parseRequest(request.originalUrl, request.headers)
    response.end(stats.answer(request.method, subPath, parameters))
  })
  app.use((request) => {
    throw wire.UnknownCommandError.of(request.path.slice(1))
  })
  app.use(new FailureAnswers(options.log).send)
  return app
}

/** The commands of the protocol that are counted. */
function addCommands(app: express.Express, { sources, streams, schemas, requests }: Desks): void {
  const add = (
    name: RequestName,
    answer: (request: wire.RequestParameters, response: Response) => void | Promise<void>,
  ): void => void app.all(wire.paths[name], counted(requests, name, answer))
  add('sources', (request, response) => {
    response.end(wire.formatSources(sources.logical, wire.parseSourcesRequest(request)))
  })
  add('register', async (parameters, response) => {
    const request = wire.parseRegisterRequest(parameters)
    await schemas.send(response, sources.schemasOf(request), request)
  })
  add('stream', (request, response) =>
    streams.answer(request, response, (scnSpace) => response.setHeader(wire.headers.scnSpace, scnSpace)),
  )
}

function counted(
  requests: RequestTotals,
  name: RequestName,
  answer: (request: wire.RequestParameters, response: Response) => void | Promise<void>,
): RequestHandler {
  return async (request: Request, response, next) => {
    requests.called(name, peerOf(request))
    try {
      await answer(wire.parseRequest(request.originalUrl, request.headers).parameters, response)
    } catch (error) {
      countFailure(requests, name, error)
      next(error)
    }
  }
}

/** The word of health, which is for everybody who reaches the server. */
export function sendHealthWord(response: Response, isGood: boolean): void {
  response.statusCode = isGood ? 200 : 503
  response.end(isGood ? 'GOOD\n' : 'BAD\n')
}

function addHealth(app: express.Express, { healthPath, status }: StreamServerOptions): void {
  app.all(`/${healthPath}`, (_request, response) => {
    sendHealthWord(response, status().good)
  })
  app.all(`/${healthPath}/status`, (_request, response) => {
    const { good, status: state, message } = status()
    response.statusCode = good ? 200 : 503
    response.end(`${formatJson({ status: state, message })}\n`)
  })
}

function bufferInfo(path: string, sources: StreamSources): string {
  const [, direction, ...rest] = decodeURIComponent(path).slice(1).split('/')
  if (direction !== 'inbound') throw new wire.InvalidRequestError(`Invalid value for bufferInfo.prefix: ${path}`)
  return formatBufferInfo(sources.labelled(rest.join(':')).served.held())
}
