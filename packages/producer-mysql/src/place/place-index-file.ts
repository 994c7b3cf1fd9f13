import { constants, fsyncSync, ftruncateSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  formatJson,
  type Logger,
  makePrivateFolder,
  messageOf,
  parseJson,
  readIfThere,
  withPrivateFile,
  writeFileAtomically,
} from '@aesop/kernel'

const CRC_DIGITS = 8

/** Lines of an append-only file, each with its checksum: see DESIGN.md. */
export class PlaceIndexFile {
  readonly #path: string
  readonly #log: Logger
  /** What is whole in the file. */
  #bytes = 0
  /** Lines that could not be written yet. */
  #unwritten: string[] = []

  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
  }

  /**
   * What stands behind the last damaged line, oldest first; a torn last line is cut off. What lies before damage is let go: nobody
   * knows what stood between.
   */
  load(): unknown[] {
    const text = this.#text()
    const lines = text.split('\n')
    // Behind the last line feed there is nothing, or a torn line.
    const torn = lines.pop() ?? ''
    const values = lines.map(valueOf)
    const damaged = values.lastIndexOf(undefined)
    const isTornLast = damaged >= 0 && damaged === values.length - 1 && torn === ''
    const kept = values.slice(0, isTornLast ? -1 : undefined)
    const whole = kept.slice(kept.lastIndexOf(undefined) + 1)
    this.#bytes = Buffer.byteLength(text)
    if (torn !== '' || damaged >= 0) {
      this.#log.warn(`places of the log were damaged: ${whole.length} of ${lines.length} are kept`, {
        path: this.#path,
      })
      this.replace(whole)
    }
    return whole
  }

  /** @param durably whether it has to be on disk before anything that follows it. Never throws: it is tried again with the next one */
  append(value: unknown, durably: boolean): void {
    this.#unwritten.push(lineOf(value))
    const bytes = Buffer.from(this.#unwritten.join(''))
    this.#writing(() => {
      makePrivateFolder(dirname(this.#path))
      withPrivateFile(this.#path, constants.O_RDWR | constants.O_CREAT, (file) => {
        ftruncateSync(file, this.#bytes)
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, this.#bytes + at)
        if (durably) fsyncSync(file)
      })
      this.#bytes += bytes.length
      this.#unwritten = []
    })
  }

  /** Never throws. */
  replace(values: readonly unknown[]): void {
    const text = values.map(lineOf).join('')
    this.#writing(() => {
      writeFileAtomically(this.#path, text)
      this.#bytes = Buffer.byteLength(text)
      this.#unwritten = []
    })
  }

  #text(): string {
    try {
      return readIfThere(this.#path) ?? ''
    } catch (error) {
      this.#log.warn(`places of the log can not be read: ${messageOf(error)}`, { path: this.#path })
      return ''
    }
  }

  /** Without a place a late reading begins earlier; nothing is lost, and the source goes on. */
  #writing(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.#log.warn(`a place of the log can not be kept: ${messageOf(error)}`, { path: this.#path })
    }
  }
}

function lineOf(value: unknown): string {
  const text = formatJson(value)
  return `${checksum(text)} ${text}\n`
}

/** Undefined: it is damaged. */
function valueOf(line: string): unknown {
  const text = line.slice(CRC_DIGITS + 1)
  if (line !== `${checksum(text)} ${text}`) return undefined
  return parseJson(text)
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(CRC_DIGITS, '0')
}
