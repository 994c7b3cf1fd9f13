import { open, stat, type FileHandle } from 'node:fs/promises'
import { systemCodeOf } from '@aesop/kernel'
import { EVENT_HEADER_BYTES, MySQLConstants } from './binlog-event.ts'
import { byteAt } from './byte-at.ts'
import { BinlogEventCorruptError, BinlogFileError, binlogFileFault } from '../error/errors.ts'
import { crcOf } from './event-checksum.ts'

/** Every log begins with these four bytes; its first event follows. */
export const BINLOG_MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e])
const ENCRYPTED_MAGIC = Buffer.from([0xfd, 0x62, 0x69, 0x6e])
const CHECKSUM_BYTES = 4
const CHUNK_BYTES = 1 << 20
/** No server writes events longer than its largest packet. */
const EVENT_BYTES_MAX = 0x40001000
const AT_FLAGS = 17
const FLAG_IN_USE = 1

/** One event inside `BinlogFile.bytes`; the checksum has been verified and cut off. */
export interface EventPlace {
  readonly offset: number
  readonly end: number
}

/** Reads one log file from front to back, event by event; it may still be growing. */
export class BinlogFile {
  readonly path: string
  /** The file's bytes around the reading position; reused by the next read. */
  bytes: Buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  /** Offset in the file of the next event. */
  position = 0
  /** The server had not closed the log when its description was read: it writes to it, or has died. */
  inUse = false
  private readonly handle: FileHandle
  private checksums = false
  private from = 0
  private to = 0

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.handle = handle
  }

  /** @throws BinlogFileError, BinlogFilesExhaustedError */
  static async open(path: string): Promise<BinlogFile> {
    try {
      return new BinlogFile(path, await open(path, 'r'))
    } catch (error) {
      throw binlogFileFault(path, 'the log can not be opened', error)
    }
  }

  async close(): Promise<void> {
    await this.handle.close()
  }

  /** Whether the magic is there; false while the file is shorter than it. @throws BinlogFileError when it is another */
  async readMagic(): Promise<boolean> {
    while (this.to - this.from < BINLOG_MAGIC.length) if (!(await this.fill())) return false
    const magic = this.bytes.subarray(this.from, this.from + BINLOG_MAGIC.length)
    if (magic.equals(ENCRYPTED_MAGIC)) throw new BinlogFileError(this.path, 'the log is encrypted')
    if (!magic.equals(BINLOG_MAGIC)) {
      throw new BinlogFileError(this.path, `it begins with ${magic.toString('hex')}, expected fe62696e`)
    }
    this.from += BINLOG_MAGIC.length
    this.position = BINLOG_MAGIC.length
    return true
  }

  /** Goes on at another offset of the file. */
  seek(position: number): void {
    this.position = position
    this.from = 0
    this.to = 0
  }

  /** Bytes of an event that has not been written whole. */
  get pendingBytes(): number {
    return this.to - this.from
  }

  /** The next event that is in memory already, or undefined. @throws BinlogEventCorruptError, BinlogFileError */
  next(): EventPlace | undefined {
    const available = this.to - this.from
    if (available < EVENT_HEADER_BYTES) return undefined
    const length = this.bytes.readUInt32LE(this.from + 9)
    if (length < EVENT_HEADER_BYTES || length > EVENT_BYTES_MAX) {
      throw new BinlogEventCorruptError(`its length is ${length}`, this.where())
    }
    if (available < length) return undefined
    const place = this.verified(this.from, this.from + length)
    this.from += length
    this.position += length
    return place
  }

  private verified(offset: number, end: number): EventPlace {
    const type = this.bytes[offset + 4]
    if (type === MySQLConstants.FORMAT_DESCRIPTION_EVENT) return this.verifiedDescription(offset, end)
    // It stands behind the description, itself in the clear; nothing after it is.
    if (type === MySQLConstants.MARIADB_START_ENCRYPTION_EVENT)
      throw new BinlogFileError(this.path, 'the log is encrypted')
    if (!this.checksums) return { offset, end }
    if (end - offset < EVENT_HEADER_BYTES + CHECKSUM_BYTES) {
      throw new BinlogEventCorruptError('it has no room for its checksum', this.where())
    }
    this.check(end, crcOf(this.bytes, offset, end - CHECKSUM_BYTES))
    return { offset, end: end - CHECKSUM_BYTES }
  }

  /**
   * The description says whether the other events of the log carry checksums: its last bytes are the algorithm (0 or 1) and
   * always a checksum, which does not cover the flag that the log is in use.
   */
  private verifiedDescription(offset: number, end: number): EventPlace {
    const algorithmAt = end - CHECKSUM_BYTES - 1
    const algorithm = this.bytes[algorithmAt]
    if (algorithm !== 0 && algorithm !== 1) {
      throw new BinlogFileError(this.path, `checksum algorithm ${algorithm ?? 'none'} is unknown`)
    }
    this.checksums = algorithm === 1
    this.inUse = (byteAt(this.bytes, offset + AT_FLAGS) & FLAG_IN_USE) !== 0
    const covered = Buffer.from(this.bytes.subarray(offset, end - CHECKSUM_BYTES))
    covered[AT_FLAGS] = byteAt(covered, AT_FLAGS) & ~FLAG_IN_USE
    if (this.checksums) this.check(end, crcOf(covered, 0, covered.length))
    return { offset, end: end - CHECKSUM_BYTES }
  }

  private check(end: number, computed: number): void {
    const written = this.bytes.readUInt32LE(end - CHECKSUM_BYTES)
    if (written === computed) return
    const fault = `its checksum is ${hex(written)}, its bytes give ${hex(computed)}`
    throw new BinlogEventCorruptError(fault, this.where())
  }

  private where(): string {
    return `at ${this.path}:${this.position}`
  }

  /** Reads more of the file; false at its end. */
  async fill(): Promise<boolean> {
    this.makeRoom()
    const at = this.position + (this.to - this.from)
    const { bytesRead } = await this.handle.read(this.bytes, this.to, this.bytes.length - this.to, at)
    this.to += bytesRead
    return bytesRead > 0
  }

  /**
   * Whether the file of this name is no longer the one that is read, as when a server was reset, or shorter than what was read,
   * or gone.
   *
   * @throws BinlogFileError, BinlogFilesExhaustedError
   */
  async isReplaced(): Promise<boolean> {
    try {
      const [read, there] = [await this.handle.stat(), await stat(this.path)]
      return read.ino !== there.ino || read.dev !== there.dev || there.size < this.position + this.pendingBytes
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return true
      throw binlogFileFault(this.path, 'the log can not be looked at', error)
    }
  }

  private makeRoom(): void {
    if (this.from > 0) {
      this.bytes.copyWithin(0, this.from, this.to)
      this.to -= this.from
      this.from = 0
    }
    if (this.to < this.bytes.length) return
    const larger = Buffer.allocUnsafe(this.bytes.length * 2)
    this.bytes.copy(larger, 0, 0, this.to)
    this.bytes = larger
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
