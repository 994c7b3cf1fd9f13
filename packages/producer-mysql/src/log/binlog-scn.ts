import { BinlogScnOverflowError } from '../error/errors.ts'

/**
 * The SCN of a transaction in a binary log, 64 bits, positive:
 *
 * | bits  | what                                                                                        |
 * |-------|---------------------------------------------------------------------------------------------|
 * | 63    | 0                                                                                           |
 * | 52–62 | generation: raised when another server takes over                                           |
 * | 32–51 | number of the log file, from the digits of its name                                         |
 * | 0–31  | below `POSITION_BOUND`: end position of the event that closes the transaction; from there   |
 * |       | on `POSITION_BOUND` + the number of transactions that ended there before it in the same log |
 *
 * A log grows beyond 4 GiB when one transaction is that large; it is rotated right after the commit group, so that few
 * others follow in it. They are counted whether or not anybody captures them: another list of tables gives the same SCNs.
 *
 * SCNs of one history compare as integers. 4294967300 is file 1, position 4: the beginning of the first log.
 */
export interface BinlogScn {
  readonly generation: number
  readonly fileNumber: number
  /** The low 32 bits. */
  readonly position: number
}

/** 4 GiB − 1 MiB: from here on the low bits of an SCN count transactions. */
export const POSITION_BOUND = 0x100000000 - 0x100000

const GENERATION_MAX = 0x7ff
const FILE_NUMBER_MAX = 0xfffff
const POSITION_MAX = 0xffffffff

/** Versions before the count gave this to every place beyond 4 GiB. */
export const SATURATED_POSITION = POSITION_MAX

/** Packs the parts. @throws BinlogScnOverflowError */
export function formatBinlogScn(generation: number, fileNumber: number, position: number): bigint {
  check('generation', generation, GENERATION_MAX)
  check('number of the log file', fileNumber, FILE_NUMBER_MAX)
  check('position, or number of transactions beyond 4 GiB of one log', position, POSITION_MAX)
  return (BigInt(generation * 0x100000 + fileNumber) << 32n) | BigInt(position)
}

/**
 * The low bits of the SCN of a place: `ended` is how many transactions have ended at or beyond the bound in this log, the
 * one that ends at the place included.
 */
export function scnPosition(position: number, ended: number): number {
  return position < POSITION_BOUND ? position : POSITION_BOUND - 1 + ended
}

function check(name: string, value: number, max: number): void {
  if (!isPart(value, max)) throw new BinlogScnOverflowError(name, value, max)
}

function isPart(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max
}

/** Unpacks an SCN. 0 and −1, "nothing yet" in Databus, mean the beginning of the first log. */
export function parseBinlogScn(scn: bigint): BinlogScn {
  if (scn <= 0n) return { generation: 0, fileNumber: 1, position: 4 }
  return {
    generation: Number((scn >> 52n) & 0x7ffn),
    fileNumber: Number((scn >> 32n) & 0xfffffn),
    position: Number(scn & 0xffffffffn),
  }
}

/** −1, 0 or 1, as for sorting. */
export function compareBinlogScn(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** The number in the name of a log file: 3 for `mysql-bin.000003`. @throws BinlogScnOverflowError without digits */
export function fileNumberOf(file: string): number {
  const digits = /\.(\d+)$/.exec(file)?.[1]
  const number = digits === undefined ? NaN : Number(digits)
  if (!isPart(number, FILE_NUMBER_MAX))
    throw new BinlogScnOverflowError(`number of log file ${file}`, number, FILE_NUMBER_MAX)
  return number
}

/** The log file with this number: six digits at least, as the server names them. */
export function fileNameOf(prefix: string, fileNumber: number): string {
  return `${prefix}.${String(fileNumber).padStart(6, '0')}`
}
