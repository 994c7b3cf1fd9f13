export {
  type Future,
  type Gone,
  type ReadStep,
  type SeekStep,
  type WindowChunk,
  type WindowReader,
  type WindowSource,
} from './window-reader.ts'
