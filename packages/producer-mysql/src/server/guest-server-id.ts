import { randomInt } from 'node:crypto'

/** For somebody who looks at the log beside its reader: a server ends the connection of a replica with the same id. */
export function guestServerId(): number {
  return 0x80000000 + randomInt(0x40000000)
}
