import { ClusterNotAvailableError } from './errors.ts'

/** Stands for the classes of a clustered client, which descriptors may name and check, and refuses to be made. */
export class ClusterNotAvailable {
  constructor() {
    throw new ClusterNotAvailableError()
  }
}
