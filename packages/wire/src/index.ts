export { type AnswerLimits, answerLimits } from './answer-limits.ts'
export {
  type BootstrapRequest,
  formatBootstrapRequest,
  formatScn,
  formatStartScnRequest,
  formatTargetScnRequest,
  parseBootstrapRequest,
  parseScn,
  parseStartScnRequest,
  parseTargetScnRequest,
  type StartScnRequest,
  type TargetScnRequest,
} from './bootstrap-requests.ts'
export { type ErrorResponse, formatError, parseError } from './error-response.ts'
export {
  BootstrapElsewhereError,
  BootstrapOutdatedError,
  BootstrapTooOldError,
  BootstrapTooYoungError,
  BufferNotFoundError,
  InvalidRequestError,
  OffsetNotFoundError,
  OutputUnknownError,
  RelayBusyError,
  RequestFailedError,
  RequestRefusedError,
  ResponseMalformedError,
  ResponseTooLargeError,
  SnapshotDelayedError,
  SnapshotFailedError,
  ScnInFutureError,
  ScnNotFoundError,
  ScnSpaceForeignError,
  TokenRefusedError,
  UnknownCommandError,
} from './errors.ts'
export {
  formatKeyFilter,
  formatSourceFilters,
  parseKeyFilter,
  parseSourceFilters,
  type SourceFilters,
} from './filter-json.ts'
export {
  anyOfKeyFilters,
  type BucketRange,
  javaHashCode,
  type KeyFilter,
  keyPasses,
  type KeyRange,
} from './key-filter.ts'
export { type LocalAnswer, type LocalConnection, type LocalRelay } from './local-relay.ts'
export { LocalRelays } from './local-relays.ts'
export { headers, parameters, paths, protocolDefaults } from './paths.ts'
export { isNamed, type PartitionName, partitionText, type PhysicalPartition } from './physical-partition.ts'
export { type ListedPhysicalSource } from './physical-sources.ts'
export {
  formatRegisterRequest,
  formatSchemas,
  parseRegisterRequest,
  parseSchemas,
  type RegisterRequest,
  schemaPieces,
  type SourceSchema,
} from './register.ts'
export { type HeaderMap, type ParsedRequest, parseRequest, RequestParameters } from './request-parameters.ts'
export { parseSourcesRequest, formatSources, parseSources } from './source-list.ts'
export { HttpSnapshots } from './http-snapshots.ts'
export {
  formatSnapshotTable,
  parseSnapshotRequest,
  parseSnapshotTableRequest,
  snapshotFailure,
  snapshotHeaders,
} from './snapshot.ts'
export {
  formatStartPlace,
  formatStartPlaceRequest,
  parseStartPlace,
  parseStartPlaceRequest,
  type StartFrom,
  type StartPlace,
  type StartPlaceRequest,
} from './start-place.ts'
export { type PartitionCheckpoint, type StreamPositions } from './stream-positions.ts'
export { type Subscription } from './subscriptions.ts'
export {
  FOLLOW_MS_MAX,
  formatStreamRequest,
  parseStreamRequest,
  type StreamOutput,
  type StreamRequest,
} from './stream-request.ts'
export { HttpLink } from './http-link.ts'
export { type RelayAddress, RelayConnection } from './relay-connection.ts'
export {
  type AnswerBounds,
  type AnswerHead,
  type EventRun,
  type RelayAnswer,
  type RelayLink,
  type RelayTransport,
} from './relay-link.ts'
export {
  RelayConnectionLostError,
  RelaySilentError,
  RelayTokenUnreadableError,
  RelayUnreachableError,
} from './relay-link-errors.ts'
export { isTokenText, TOKEN_FORM, tokenOfEnvironment } from './relay-token.ts'
