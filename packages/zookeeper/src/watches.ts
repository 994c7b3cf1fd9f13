import { SettingInvalidError } from './errors.ts'
import { JuteWriter } from './jute-writer.ts'
import { type Chroot } from './node-path.ts'
import { opcodes, xids } from './opcodes.ts'
import { type WatchMode } from './operations.ts'
import { type WatchEvent } from './watch-event.ts'

export type Watcher = (event: WatchEvent) => void

/** What one-time watches look at: data of a node that is there, that a node comes, a list of children. */
export type WatchKind = 'data' | 'exist' | 'child'
type Kind = WatchKind | WatchMode

/** In this order they stand in setWatches and setWatches2. */
const ONE_TIME = ['data', 'exist', 'child'] as const
const LASTING = ['persistent', 'recursive'] as const

/** Whom a notification of a type ends, beside those that stay. */
const ENDED: Readonly<Record<WatchEvent['type'], readonly WatchKind[]>> = {
  created: ['data', 'exist'],
  deleted: ['data', 'exist', 'child'],
  changed: ['data', 'exist'],
  children: ['child'],
  reconnected: [],
}

/** Paths of one packet of setWatches: servers take a megabyte, and others' operations wait behind it. */
const PIECE_BYTES_MAX = 128 * 1024
const LENGTH_BYTES = 4
/** Header, zxid and counts. */
const PIECE_HEAD_BYTES = 48

/** The watches of a session, by path. */
export class Watches {
  readonly #of: Readonly<Record<Kind, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  }

  /** Kinds of watches whose requests are under way, by path. */
  readonly #asked = new Map<string, Kind[]>()

  /**
   * A watch of this kind is asked for: servers (3.8) keep one kind for each path of a session, and forget a lasting one for a one-time one that comes
   * behind it, or do not tell the latter of children.
   * @returns what says that the request has ended
   * @throws SettingInvalidError where the path has another kind
   */
  ask(kind: Kind, path: string): () => void {
    const other = this.#kindsAt(path).find((each) => groupOf(each) !== groupOf(kind))
    if (other !== undefined) {
      throw SettingInvalidError.of(
        'watcher',
        path,
        `the path has a ${groupOf(other)} watch of this session, and servers keep one kind`,
      )
    }
    this.#asked.set(path, [...(this.#asked.get(path) ?? []), kind])
    return () => {
      const [, ...rest] = this.#asked.get(path) ?? []
      if (rest.length > 0) this.#asked.set(path, rest)
      else this.#asked.delete(path)
    }
  }

  #kindsAt(path: string): Kind[] {
    const set = [...ONE_TIME, ...LASTING].filter((kind) => this.#of[kind].has(path))
    return [...set, ...(this.#asked.get(path) ?? [])]
  }

  add(kind: Kind, path: string, watcher: Watcher): void {
    const there = this.#of[kind].get(path)
    if (there === undefined) this.#of[kind].set(path, new Set([watcher]))
    else there.add(watcher)
  }

  /** Whom to tell; one-time watches are over with it. */
  take(event: WatchEvent): Watcher[] {
    const told = new Set<Watcher>()
    for (const kind of ENDED[event.type]) {
      for (const watcher of this.#of[kind].get(event.path) ?? []) told.add(watcher)
      this.#of[kind].delete(event.path)
    }
    for (const watcher of this.#of.persistent.get(event.path) ?? []) told.add(watcher)
    for (const path of this.#isForRecursive(event) ? pathsAbove(event.path) : []) {
      for (const watcher of this.#of.recursive.get(path) ?? []) told.add(watcher)
    }
    return [...told]
  }

  /** They are told of the child itself; that a list of children has changed is told for another watch. */
  #isForRecursive({ type }: WatchEvent): boolean {
    return type !== 'children' && this.#of.recursive.size > 0
  }

  /** Those that stay, with the path that they were set on. */
  lasting(): { readonly path: string; readonly watcher: Watcher }[] {
    return LASTING.flatMap((kind) =>
      [...this.#of[kind]].flatMap(([path, watchers]) => [...watchers].map((watcher) => ({ path, watcher }))),
    )
  }

  /**
   * What sets all watches again on a new connection. Servers notify at once of what has changed since `lastZxid`.
   *
   *     int xid -8, int opcode 101 | 105, long lastZxid, vectors of paths: data, exist, child (105: persistent, recursive)
   */
  packets(lastZxid: bigint, chroot: Chroot): Buffer[] {
    return [
      ...this.#pieces(ONE_TIME, chroot).map((piece) => packet(opcodes.setWatches, lastZxid, piece, ONE_TIME)),
      ...this.#pieces(LASTING, chroot).map((piece) =>
        packet(opcodes.setWatches2, lastZxid, piece, [...ONE_TIME, ...LASTING]),
      ),
    ]
  }

  #pieces(kinds: readonly Kind[], chroot: Chroot): Piece[] {
    const pieces: Piece[] = []
    let piece: Piece | undefined
    for (const kind of kinds) {
      for (const path of this.#of[kind].keys()) {
        const whole = chroot.whole(path)
        const bytes = LENGTH_BYTES + Buffer.byteLength(whole)
        if (piece === undefined || piece.bytes + bytes > PIECE_BYTES_MAX) pieces.push((piece = new Piece()))
        piece.add(kind, whole, bytes)
      }
    }
    return pieces
  }
}

function groupOf(kind: Kind): 'one-time' | WatchMode {
  return kind === 'persistent' || kind === 'recursive' ? kind : 'one-time'
}

class Piece {
  bytes = PIECE_HEAD_BYTES
  readonly #paths: Record<Kind, string[]> = { data: [], exist: [], child: [], persistent: [], recursive: [] }

  add(kind: Kind, path: string, bytes: number): void {
    this.#paths[kind].push(path)
    this.bytes += bytes
  }

  write(writer: JuteWriter, kinds: readonly Kind[]): void {
    for (const kind of kinds) writer.vector(this.#paths[kind], (path) => writer.text(path))
  }
}

function packet(opcode: number, lastZxid: bigint, piece: Piece, kinds: readonly Kind[]): Buffer {
  const writer = new JuteWriter().int(xids.setWatches).int(opcode).long(lastZxid)
  piece.write(writer, kinds)
  return writer.packet()
}

/** The path itself and all that it is below. */
function pathsAbove(path: string): string[] {
  const ends = [...path.matchAll(/\//g)].map(({ index }) => (index === 0 ? 1 : index))
  return [...new Set([...ends.map((end) => path.slice(0, end)), path])]
}
