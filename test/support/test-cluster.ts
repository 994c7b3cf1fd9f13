import { type Claim, ClusterUnavailableError, type Coordinator } from '@aesop/cluster'
import { type FaultProxy } from './fault-proxy.ts'
import { until } from './until.ts'
import { witness } from './witness.ts'

export interface MemberWish {
  readonly cluster: string
  readonly memberId: string
  readonly numPartitions: number
  readonly ttlMs: number
  /** Whether the proxy stands between. */
  readonly isNear: boolean
}

/** Where the members of a cluster agree, as a test sees it. */
export interface CoordinatorHome {
  open(wish: MemberWish): Promise<Coordinator>
  proxy(): FaultProxy
  /** The next write of a member that is near comes to the home, and its answer is lost. */
  loseNextWrite(): void
  /** How long a member may be silent whose loss is waited for. */
  readonly shortMs: number
  /** Another program writes over what is stored. */
  overwrite(cluster: string, what: 'config' | 'assignment' | 'checkpoint of 0', text: string): Promise<void>
}

/** Nobody waits for its end. */
const LONG_MS = 30_000
/** Of members whose connections are cut: after a cut that follows another one without a beat between them, they wait longer. */
const NEAR_MS = 6_000
let clusters = 0

/** Members of one cluster, which are closed at the end. */
export class TestCluster implements AsyncDisposable {
  readonly name = `cluster-${clusters++}`
  readonly #home: CoordinatorHome
  readonly #numPartitions: number
  readonly #opened: Coordinator[] = []

  constructor(home: CoordinatorHome, numPartitions = 4) {
    this.#home = home
    this.#numPartitions = numPartitions
  }

  async open(memberId: string, wish: Partial<MemberWish> = {}): Promise<Coordinator> {
    const { name: cluster } = this
    const numPartitions = this.#numPartitions
    const ttlMs = wish.isNear === true ? NEAR_MS : LONG_MS
    const opened = await this.#home.open({ cluster, memberId, numPartitions, ttlMs, isNear: false, ...wish })
    this.#opened.push(opened)
    witness(`coordinator ${memberId}`, () => opened.status())
    return opened
  }

  async join(memberId: string, wish: Partial<MemberWish> = {}): Promise<Coordinator> {
    const opened = await this.open(memberId, wish)
    await opened.join('')
    return opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#home.proxy().heal()
    await Promise.all(this.#opened.map((opened) => opened.close()))
  }
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text)
export const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString()

export async function claimed(member: Coordinator, partition: number, epoch: number): Promise<Claim> {
  const result = await member.claim(partition, epoch)
  if (result.outcome !== 'claimed') throw new Error(`partition ${partition} is ${result.outcome}`)
  return result.claim
}

export const outcomeOf = async (member: Coordinator, partition: number, epoch: number): Promise<string> =>
  (await member.claim(partition, epoch)).outcome

/** What is asked again until it is answered; and how often it may have been done without an answer. */
export async function answered<Result>(ask: () => Promise<Result>): Promise<{ result: Result; unanswered: number }> {
  const results: Result[] = []
  let unanswered = 0
  await until('an answer', async () => {
    try {
      const result = await ask()
      if (result !== 'unknown') results.push(result)
    } catch (error) {
      if (!(error instanceof ClusterUnavailableError)) throw error
      if (error.outcome === 'unknown') unanswered++
    }
    return results.length > 0
  })
  return { result: results[0] as Result, unanswered }
}
