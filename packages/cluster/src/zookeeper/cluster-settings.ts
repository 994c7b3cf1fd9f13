import { type Logger } from '@aesop/kernel'
import { type SessionSettings } from '@aesop/zookeeper'
import { ClusterSettingInvalidError } from '../errors.ts'
import { checkName } from './cluster-paths.ts'

/** Below it answers take too large a part of the time that a member may be silent. */
const TTL_MS_MIN = 1_000
const PARTITIONS_MAX = 10_000

export interface ClusterSettings extends Pick<SessionSettings, 'servers' | 'auth' | 'tls'> {
  readonly cluster: string
  /** Of this process, and of no other one that lives. */
  readonly memberId: string
  readonly numPartitions: number
  /** How long a member may be silent. The servers bound it: `negotiatedTtlMs`. */
  readonly ttlMs: number
  /** `creator` (default): nodes belong to the identity of `auth` or of the certificate. `anyone`: to everybody who reaches the servers. */
  readonly acl?: 'creator' | 'anyone'
  readonly logger?: Logger
}

/** @throws ClusterSettingInvalidError */
export function checkSettings({ cluster, memberId, numPartitions, ttlMs, ...rest }: ClusterSettings): void {
  checkName('cluster', cluster)
  checkName('memberId', memberId)
  checkCount('numPartitions', numPartitions, 1, PARTITIONS_MAX)
  checkCount('ttlMs', ttlMs, TTL_MS_MIN, Number.MAX_SAFE_INTEGER)
  checkIdentity(rest)
}

export function checkCount(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw ClusterSettingInvalidError.of(name, value, `a whole number from ${min} to ${max} is expected`)
}

function checkIdentity({ acl = 'creator', auth = [], tls }: Pick<ClusterSettings, 'acl' | 'auth' | 'tls'>): void {
  if (acl === 'anyone' || auth.length > 0 || tls?.certificate !== undefined) return
  throw ClusterSettingInvalidError.of(
    'acl',
    acl,
    'nodes belong to who makes them, and this session has no identity',
    "Give it one (auth, or a certificate in tls), the same to all members; or set acl: 'anyone', if everybody who reaches the servers may change them.",
  )
}
