export { type Acl, ACL_ANYONE, ACL_CREATOR, digestId, PERMISSIONS } from './acl.ts'
export {
  AbandonedError,
  AuthRefusedError,
  ConnectionLostError,
  isRefused,
  NotConnectedError,
  type Outcome,
  PathInvalidError,
  PayloadTooLargeError,
  RefusedError,
  ReplyMalformedError,
  ServerDataGoneError,
  ServersInvalidError,
  ServerUnreachableError,
  SessionClosedError,
  SessionExpiredError,
  SettingInvalidError,
  TooManyPendingError,
} from './errors.ts'
export { type MultiResults } from './multi.ts'
export { parts } from './multi-parts.ts'
export { type MultiPart } from './operation.ts'
export {
  type Created,
  type CreateOptions,
  type Identity,
  type NodeAcl,
  type NodeChildren,
  type NodeData,
  type NodeMode,
  type WatchMode,
} from './operations.ts'
export { type StateListener } from './session-life.ts'
export { type SessionSettings } from './session-settings.ts'
export { type SessionState } from './session-state.ts'
export { type Stat } from './stat.ts'
export { type TlsSettings } from './tls-settings.ts'
export { type Wait } from './wait.ts'
export { type WatchEvent } from './watch-event.ts'
export { type Watcher } from './watches.ts'
export { type ReadOptions, type WriteOptions, ZooKeeperSession } from './zookeeper-session.ts'
