import { endAt, isEndOfPeriodAt, lengthAt } from '@aesop/event'
import { type WindowSink } from './window-sink.ts'

/** A sink that takes events over as they are. */
export type CopySink = WindowSink & Required<Pick<WindowSink, 'appendCopy' | 'endWindowCopy'>>

export function takesCopies(sink: WindowSink): sink is CopySink {
  return sink.appendCopy !== undefined && sink.endWindowCopy !== undefined
}

/** Copies windows, piece by piece, as they are: the same bytes under the same SCNs. */
export class WindowCopy {
  readonly #sink: CopySink
  #isOpen = false
  #windows = 0

  constructor(sink: CopySink) {
    this.#sink = sink
  }

  /** Whether the last piece ended within a window. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** How many were closed. */
  get windows(): number {
    return this.#windows
  }

  /** @param bytes whole events, whose checksums were proven, right after those before */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at = endAt(bytes, at)) this.takeEvent(bytes, at, lengthAt(bytes, at))
  }

  /** One event, of which `length` bytes begin at `at`. @throws what the sink throws */
  takeEvent(bytes: Buffer, at: number, length: number): void {
    if (!this.#isOpen) this.#sink.beginWindow()
    this.#isOpen = true
    if (!isEndOfPeriodAt(bytes, at)) {
      this.#sink.appendCopy(bytes, at, length)
      return
    }
    this.#sink.endWindowCopy(bytes, at)
    this.#isOpen = false
    this.#windows += 1
  }

  /** The window that is open has no end. */
  giveUp(): void {
    if (this.#isOpen) this.#sink.rollbackWindow()
    this.#isOpen = false
  }
}
