/** Where a relay of the process listens. */
export interface RelayAddress {
  readonly host: string
  readonly port: number
}

const NEWEST = 'relay.address'
const ALL = 'relay.addresses'

/**
 * Tells the beans of the process where a relay listens: `relay.address` of the shared objects is that of the relay which was started
 * last and runs. Who knows what it reads asks `ProcessReaders.relayFor` instead.
 * @returns how to take it back
 */
export function publishAddress(shared: Map<string, unknown>, address: RelayAddress): () => void {
  const all = (shared.get(ALL) as Set<RelayAddress> | undefined) ?? new Set<RelayAddress>()
  shared.set(ALL, all.add(address))
  shared.set(NEWEST, address)
  return () => {
    all.delete(address)
    const newest = [...all].at(-1)
    if (newest === undefined) shared.delete(NEWEST)
    else shared.set(NEWEST, newest)
  }
}
