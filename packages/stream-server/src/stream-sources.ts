import { type LogicalSource } from '@aesop/event'
import { type SnapshotReader } from '@aesop/reading'
import {
  BufferNotFoundError,
  InvalidRequestError,
  type RegisterRequest,
  ScnNotFoundError,
  SnapshotFailedError,
  type SourceSchema,
  type StartPlace,
  type StartPlaceRequest,
  type StreamRequest,
} from '@aesop/wire'
import { SourcesClashError } from './errors.ts'
import { type ServedSource } from './served-source.ts'
import { partsOf, removedError, type StreamPart } from './stream-choice.ts'
import { StreamSource } from './stream-source.ts'

/** The physical sources of a server, and which of them a request means. They come and go; a request means those that there are. */
export class StreamSources {
  #all: readonly StreamSource[] = []
  #logical: readonly LogicalSource[] = []
  /** Who had a logical source that is not served any more, by its id. */
  readonly #removed = new Map<number, string>()

  /** @throws SourcesClashError */
  constructor(served: readonly ServedSource[]) {
    this.#set(served.map((source) => new StreamSource(source)))
  }

  /** In the order in which they came. */
  get all(): readonly StreamSource[] {
    return this.#all
  }

  /** What can be asked for, each id once: a source that several physical ones have under one name stands there once. */
  get logical(): readonly LogicalSource[] {
    return this.#logical
  }

  /** Undefined: there are several sources, whose SCNs have nothing in common, or none. */
  get only(): StreamSource | undefined {
    return this.#all.length === 1 ? this.#all[0] : undefined
  }

  /** @throws SourcesClashError, and nothing has changed */
  add(served: ServedSource): StreamSource {
    const source = new StreamSource(served)
    this.#set([...this.#all, source])
    return source
  }

  /** Requests for what it alone has are told from now on that it was removed. */
  remove(source: StreamSource): void {
    this.#set(this.#all.filter((each) => each !== source))
    for (const { id } of source.served.served) if (!this.#isServed(id)) this.#removed.set(id, source.label)
  }

  #set(all: readonly StreamSource[]): void {
    refuseClashes(all)
    this.#all = all
    const byId = new Map(all.flatMap(({ served }) => served.served).map((source) => [source.id, source]))
    this.#logical = [...byId.values()]
    for (const id of byId.keys()) this.#removed.delete(id)
  }

  #isServed(id: number): boolean {
    return this.#all.some(({ ids }) => ids.has(id))
  }

  /** Those whose windows a stream reads, in the order of their turns. @throws InvalidRequestError, BufferNotFoundError */
  ofStream(request: StreamRequest): readonly StreamPart[] {
    return partsOf(this.#all, this.#removed, request)
  }

  /** @param label its name and id, with a colon between. @throws BufferNotFoundError */
  labelled(label: string): StreamSource {
    const found = this.#all.find((source) => source.label === label)
    if (found !== undefined) return found
    const labels = this.all.map((source) => source.label)
    throw new BufferNotFoundError(`there is no buffer ${label}, only ${labels.join(', ')}`)
  }

  /**
   * Where somebody begins who has no place in a physical source yet.
   * @throws InvalidRequestError of sources that are unknown, or of several physical ones: each has places of its own
   * @throws ScnNotFoundError where that is not there any more
   */
  async startPlace({ sources, from }: StartPlaceRequest): Promise<StartPlace> {
    const owners = this.#ownersOf(sources)
    const [owner] = owners
    if (owner === undefined || owners.length > 1) throw invalidStart(sources)
    const found = await owner.served.findStart(from)
    if (found.kind === 'found') return { scn: found.scn, scnSpace: owner.scnSpace }
    throw new ScnNotFoundError(`no place to begin in ${owner.label}: ${found.reason}`)
  }

  /** Who reads the table of a logical source as it is. @throws SnapshotFailedError */
  snapshotsOf(source: string): SnapshotReader {
    const owners = this.#all.filter(({ served }) => served.tables.some(({ name }) => name === source))
    const [owner] = owners
    if (owner === undefined)
      throw new SnapshotFailedError(`no snapshot of ${source}: this relay has no table of that name`)
    const { snapshots } = owner.served
    if (snapshots !== undefined) return snapshots
    throw new SnapshotFailedError(`no snapshot of ${source}: the source ${owner.label} is known by its changes alone`)
  }

  /** Changes of tables, which each may have, say nothing where a table does. @throws InvalidRequestError of an unknown id */
  #ownersOf(sources: readonly number[]): readonly StreamSource[] {
    if (!sources.every((id) => this.all.some(({ ids }) => ids.has(id)))) throw invalidStart(sources)
    const tables = sources.filter((id) => this.all.some(({ tableIds }) => tableIds.has(id)))
    const telling = tables.length === 0 ? sources : tables
    return this.all.filter(({ ids }) => telling.some((id) => ids.has(id)))
  }

  /** All versions of the schemas that a request asks for. @throws InvalidRequestError of an unknown source id */
  schemasOf(request: RegisterRequest): SourceSchema[] {
    // A source that is asked for twice is given once: a short request must not make an answer of any size.
    return [...new Set(request.sources ?? this.logical.map(({ id }) => id))].flatMap((id) => {
      const owner = this.all.find((source) => source.ids.has(id))
      const source = owner?.served.served.find((one) => one.id === id)
      if (owner === undefined || source === undefined) throw unknownSource(id, this.#removed.get(id))
      const versions = owner.served.schemas.versions(source.name)
      return versions.map(({ version, text }) => ({ id, version, schema: text }))
    })
  }
}

/** What of a physical source must not be that of another one. */
export interface NamedSource {
  readonly label: string
  readonly served: Pick<ServedSource, 'id' | 'name' | 'tables' | 'served'>
}

/** Of several physical sources each label, each id and each table stands for one thing. @throws SourcesClashError */
export function refuseClashes(sources: readonly NamedSource[]): void {
  const owners = new Map<string, string>()
  const claim = (what: string, owner: string): void => {
    const other = owners.get(what)
    if (other !== undefined && other !== owner) throw new SourcesClashError(what, other, owner)
    owners.set(what, owner)
  }
  for (const { label, served } of sources) {
    const tables = new Set(served.tables.map(({ name }) => name))
    for (const { id, name } of served.served) {
      // What is no table may be told of each of them, under one id: a client asks for it by its name.
      const isTable = tables.has(name)
      claim(`the id ${id}`, isTable ? `${name} of ${label}` : name)
      claim(`the name ${name}`, isTable ? `${name} of ${label}` : `the id ${id}`)
    }
  }
  refuseTwice(sources, 'id', ({ served }) => served.id)
  refuseTwice(sources, 'name', ({ served }) => served.name)
}

/** Events tell by the id whose they are, and people and files by the name. */
function refuseTwice(
  sources: readonly NamedSource[],
  what: string,
  valueOf: (source: NamedSource) => string | number,
): void {
  const owners = new Map<string | number, NamedSource>()
  for (const source of sources) {
    const value = valueOf(source)
    const other = owners.get(value)
    if (other !== undefined)
      throw new SourcesClashError(`the ${what} ${value} of a physical source`, other.label, source.label)
    owners.set(value, source)
  }
}

function unknownSource(id: number, formerOwner: string | undefined): BufferNotFoundError | InvalidRequestError {
  if (formerOwner !== undefined) return removedError(id, formerOwner)
  return new InvalidRequestError(`Invalid value for register.sources: ${id}`, { fields: { id } })
}

function invalidStart(sources: readonly number[]): InvalidRequestError {
  return new InvalidRequestError(
    `Invalid value for startPlace.sources: ${sources.join(',')}, expected sources of one physical source`,
    { fields: { sources } },
  )
}
