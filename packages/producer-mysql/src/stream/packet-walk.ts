/** What is read of mysql2's packet parser, and set. */
export interface WalkedParser {
  /** The step that takes the next bytes: the parser sets it anew when a packet is cut, and when it is whole again. */
  execute: (chunk: Buffer) => void
  /** Parts of a packet that is larger than one part. */
  readonly largePacketParts: readonly unknown[]
}

/** A packet in `chunk`, its head from `start`, its payload from four bytes behind that to `end`. */
export interface PacketTaker {
  /** Whether packets are taken now; asked at each read. */
  begins(): boolean
  /** @returns false: nothing was done with it, and it goes the way of all others */
  take(chunk: Buffer, start: number, end: number): boolean
}

const HEAD_BYTES = 4
/** The length of a packet that goes on in the next one. */
const PART_BYTES = 0xff_ffff

/**
 * Hands packets out that lie whole in what came from the socket, before a packet is made of them: a log of short transactions has
 * thousands in each read. What is cut, large, or not taken goes through the parser, as does all that is behind it in its read;
 * what the parser sees is the same stream without whole packets.
 */
export function walkPackets(parser: WalkedParser, taker: PacketTaker): void {
  const between: unknown = Reflect.get(Object.getPrototypeOf(parser) as object, 'executeStart')
  let step = parser.execute
  const walk = (chunk: Buffer): void => {
    const isBetween = step === between && parser.largePacketParts.length === 0
    const at = isBetween && taker.begins() ? takeWhole(chunk, taker) : 0
    if (at < chunk.length) step.call(parser, at === 0 ? chunk : chunk.subarray(at))
  }
  Object.defineProperty(parser, 'execute', {
    configurable: true,
    get: () => walk,
    set: (next: WalkedParser['execute']) => {
      step = next
    },
  })
}

/** @returns where the first packet begins that was not taken */
function takeWhole(chunk: Buffer, taker: PacketTaker): number {
  let at = 0
  while (chunk.length - at > HEAD_BYTES) {
    const length = lengthAt(chunk, at)
    const end = at + HEAD_BYTES + length
    if (length === PART_BYTES || end > chunk.length || !taker.take(chunk, at, end)) return at
    at = end
  }
  return at
}

function lengthAt(chunk: Buffer, at: number): number {
  return (chunk[at] as number) | ((chunk[at + 1] as number) << 8) | ((chunk[at + 2] as number) << 16)
}
