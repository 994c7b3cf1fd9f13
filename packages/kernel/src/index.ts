export {
  AesopError,
  type AesopErrorClass,
  type AesopErrorOptions,
  type ErrorKind,
  messageOf,
  systemCodeOf,
} from './aesop-error.ts'
export { AddressRanges, rangeFault } from './address-ranges.ts'
export { AttemptLimit, type AttemptLimitOptions } from './attempt-limit.ts'
export { removeLeftOverFiles, writeFileAtomically, writeFileAtomicallyAsync } from './atomic-file.ts'
export { makePrivateFolder, NEW_FILE, openPrivateFile, withPrivateFile } from './private-path.ts'
export { readIfThere } from './read-if-there.ts'
export { backoffMs, type BackoffConfig } from './backoff.ts'
export {
  type Alert,
  type AnyMetric,
  type BeanContext,
  type Health,
  type HistogramMetric,
  type Lifecycle,
  type Logger,
  type Metric,
  type Observable,
  type ProgressLine,
  type RunResult,
  silentLogger,
} from './bean.ts'
export {
  ANSWER_HEADERS,
  HttpGuard,
  type HttpAim,
  type HttpGuardRules,
  type HttpRefusal,
  type HttpVerdict,
  REFUSALS,
  TOKEN_LENGTH_MIN,
  tokenFault,
} from './http-guard.ts'
export { hostNameFault, type HttpHost, isLoopback, parseHttpHost, plainAddress } from './http-host.ts'
export { invariant, InvariantError } from './invariant.ts'
export { claimName } from './name-claim.ts'
export { fillRemedy, shellWord } from './fill-remedy.ts'
export { type FolderHolder } from './folder-claim.ts'
export { FolderLock, folderHolder } from './folder-lock.ts'
export { fileNameOf, formerFileNamesOf, textOfFileName } from './file-name.ts'
export {
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramName,
  type MeterName,
  type Meters,
  silentMeters,
} from './meters.ts'
export { hasLiveLists, type HasLiveLists, type LiveList } from './live-list.ts'
export { namedPath } from './named-path.ts'
export { editDistance, nearestName } from './nearest-name.ts'
export {
  isPlaceKeeper,
  type Place,
  type PlaceChange,
  type PlaceDesk,
  type PlaceKeeper,
  type PlaceQuestion,
} from './place-desk.ts'
export { formatJson, parseJson } from './json.ts'
export { type JsonShape, jsonShape } from './json-shape.ts'
export { descriptorOf, fileReserve, openFilesMax } from './open-files.ts'
export { etaSecondsOf, percentOf, type Progress, progressText } from './progress.ts'
export { Secret, type SecretText } from './secret.ts'
export { LOG_KEYS, type LogKeys, shownKey } from './shown-key.ts'
export { sleep } from './sleep.ts'
export { cutText, OWN_ERROR_BYTES_MAX, SHOWN_BYTES_MAX, visibleLines, visibleText } from './visible-text.ts'
export { type Span, silentTracer, type Tracer } from './tracer.ts'
export { ToldBefore } from './told-before.ts'
