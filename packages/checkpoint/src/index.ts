export { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf } from './bootstrap-place.ts'
export { Checkpoint } from './checkpoint.ts'
export { type ConsumptionMode } from './checkpoint-rules.ts'
export { type CheckpointStore, MemoryCheckpointStore } from './checkpoint-store.ts'
export {
  CheckpointInvalidError,
  CheckpointUnreadableError,
  CheckpointUnwritableError,
  StateUnopenableError,
  MaxScnUnreadableError,
  StoreSilentError,
} from './errors.ts'
export { type FileCheckpointOptions, FileCheckpointStore } from './file-checkpoint-store.ts'
export { FileMaxScnStore, MemoryMaxScnStore } from './file-max-scn-store.ts'
export { type MaxScn, type MaxScnStore, ScnSpaceKeeper } from './max-scn-store.ts'
export { isPromise } from './is-promise.ts'
export { NewestSaver, type NewestSaverOptions } from './newest-saver.ts'
export { type JournalEntry, PlaceJournal, type UnreadableEntry } from './place-journal.ts'
export { type OwnBootstrap, ProcessBootstraps } from './process-bootstraps.ts'
export { type OwnRelay, type ProcessReader, ProcessReaders } from './process-readers.ts'
export { isOpen, type Quarantine } from './quarantine.ts'
export { isScnSpace, SCN_SPACE_FORM } from './scn-space.ts'
