import { formatJson } from '@aesop/kernel'
import { type RequestBook, type RequestName } from '@aesop/stats'
import * as wire from '@aesop/wire'
import { type Express, type Request, type RequestHandler, type Response } from 'express'
import { type Admission } from './admission.ts'
import { type ClientBook, type ClientTraffic } from './client-book.ts'
import { controlSources, onlyShows, relayCommand } from './control-pages.ts'
import { peerOf } from './failure-answers.ts'
import { formatBufferInfo, formatPhysicalBuffers, formatPhysicalSources } from './info-pages.ts'
import { countFailure, type OpenStreams, type StreamClient } from './open-streams.ts'
import { type SchemaAnswers } from './schemas-answer.ts'
import { type StatsDesk } from './stats-desk.ts'
import { type StreamServerOptions } from './stream-server.ts'
import { type StreamSources } from './stream-sources.ts'

/** What the paths of a server lead to. */
export interface Desks {
  readonly sources: StreamSources
  readonly streams: OpenStreams
  readonly schemas: SchemaAnswers
  readonly stats: StatsDesk
  readonly requests: RequestBook
  readonly clients: ClientBook
  readonly admission: Admission
}

/** Paths of windows, and what is answered there. */
export function addRoutes(app: Express, options: StreamServerOptions, desks: Desks): void {
  const { admission, sources } = desks
  addCommands(app, desks)
  app.all(wire.paths.physicalSources, (_request, response) => {
    response.end(formatPhysicalSources(sources.all.map(({ served }) => served)))
  })
  app.all(`${wire.paths.bufferInfo}/*rest`, (request, response) => {
    response.end(bufferInfo(request.path, sources))
  })
  app.all(wire.paths.physicalBuffers, (request, response) => {
    const { parameters } = wire.parseRequest(request.originalUrl, request.headers)
    const isPretty = parameters.text(wire.parameters.pretty) !== undefined
    response.end(
      formatPhysicalBuffers(
        sources.all.map(({ served }) => served),
        isPretty,
      ),
    )
  })
  app.all(wire.paths.startPlace, async (request, response) => {
    const { parameters } = wire.parseRequest(request.originalUrl, request.headers)
    response.end(wire.formatStartPlace(await sources.startPlace(wire.parseStartPlaceRequest(parameters))))
  })
  addSnapshots(app, desks)
  addStats(app, desks)
  addControl(app, options, admission)
}

/** Rows of tables. A condition runs in the source's server: it needs the token, as what changes something does. */
function addSnapshots(app: Express, { sources, admission }: Desks): void {
  app.all(wire.paths.snapshot, async (request, response) => {
    const asked = wire.parseSnapshotRequest(wire.parseRequest(request.originalUrl, request.headers).parameters)
    if (asked.where !== undefined) admission.letIn(request, response, { needsToken: true })
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort()
    })
    const chunk = await answered(() => sources.snapshotsOf(asked.source).readChunk(asked, gone.signal))
    for (const [name, value] of Object.entries(wire.snapshotHeaders(chunk))) response.setHeader(name, value)
    response.setHeader('Content-Type', 'application/octet-stream')
    response.end(chunk.bytes)
  })
  app.all(wire.paths.snapshotTable, async (request, response) => {
    const source = wire.parseSnapshotTableRequest(wire.parseRequest(request.originalUrl, request.headers).parameters)
    response.end(wire.formatSnapshotTable(await answered(() => sources.snapshotsOf(source).describe(source))))
  })
}

async function answered<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work()
  } catch (error) {
    throw wire.snapshotFailure(error)
  }
}

function addStats(app: Express, { admission, stats }: Desks): void {
  const { containerStats, relayStats, javaStats } = wire.paths
  app.all([`${containerStats}/*rest`, `${relayStats}/*rest`, `${javaStats}/*rest`], (request, response) => {
    if (request.method === 'PUT' || request.method === 'POST') admission.letIn(request, response, { isAction: true })
    const { subPath, parameters } = wire.parseRequest(request.originalUrl, request.headers)
    response.end(stats.answer(request.method, subPath, parameters))
  })
}

/** What shows is for everybody who may ask; what changes something needs the token. */
function addControl(app: Express, { control, configuration }: StreamServerOptions, admission: Admission): void {
  const { controlSources: sourcesPath, relayCommand: commandPath, config } = wire.paths
  app.all([`${sourcesPath}/*rest`, `${commandPath}/*rest`], async (request, response) => {
    const { command, subPath, parameters } = wire.parseRequest(request.originalUrl, request.headers)
    if (!onlyShows(command, subPath)) admission.letIn(request, response, { isAction: true, needsToken: true })
    response.end(
      command === 'controlSources'
        ? controlSources(control, subPath, parameters)
        : await relayCommand(control, subPath, parameters),
    )
  })
  app.all(config, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new wire.InvalidRequestError(
        'a running relay is not reconfigured over HTTP: change its descriptor and reload it',
      )
    response.end(formatJson(configuration()))
  })
}

/** The commands of the protocol that are counted. */
function addCommands(app: Express, desks: Desks): void {
  const { sources, streams, schemas } = desks
  const add = (
    name: RequestName,
    answer: (request: wire.RequestParameters, response: Response, by: StreamClient) => void | Promise<void>,
  ): void => void app.all(wire.paths[name], counted(desks, name, answer))
  add('sources', (request, response) => {
    // Written before its end it comes in chunks: of an answer with a length Databus' Java client takes the first 8 KiB as all.
    response.write(wire.formatSources(sources.logical, wire.parseSourcesRequest(request)))
    response.end()
  })
  add('register', async (parameters, response, { counted }) => {
    const request = wire.parseRegisterRequest(parameters)
    counted.about(request.sources ?? sources.logical.map(({ id }) => id))
    await schemas.send(response, sources.schemasOf(request), request)
  })
  add('stream', (request, response, by) =>
    streams.answer(request, response, by, (scnSpace) => response.setHeader(wire.headers.scnSpace, scnSpace)),
  )
}

function counted(
  { requests, clients }: Desks,
  name: RequestName,
  answer: (request: wire.RequestParameters, response: Response, by: StreamClient) => void | Promise<void>,
): RequestHandler {
  return async (request: Request, response, next) => {
    const peer = peerOf(request)
    const client = nameOf(request) ?? peer
    const by = {
      name: client,
      peer,
      counted: requests.called(name, peer, client),
      traffic: met(clients, client, request),
    }
    try {
      await answer(wire.parseRequest(request.originalUrl, request.headers).parameters, response, by)
    } catch (error) {
      countFailure(by.counted, error)
      next(error)
    }
  }
}

/** What a client calls itself, or its machine. */
function nameOf({ headers }: Request): string | undefined {
  return [headers[wire.headers.clientService], headers[wire.headers.clientHost]].find(
    (given): given is string => typeof given === 'string' && given !== '',
  )
}

function met(clients: ClientBook, name: string, { socket }: Request): ClientTraffic | undefined {
  const traffic = clients.met(name)
  if (traffic?.came(socket) === true)
    socket.once('close', () => {
      traffic.left()
    })
  return traffic
}

function bufferInfo(path: string, sources: StreamSources): string {
  const [, direction, ...rest] = decodeURIComponent(path).slice(1).split('/')
  if (direction !== 'inbound') throw new wire.InvalidRequestError(`Invalid value for bufferInfo.prefix: ${path}`)
  return formatBufferInfo(sources.labelled(rest.join(':')).served.held())
}
