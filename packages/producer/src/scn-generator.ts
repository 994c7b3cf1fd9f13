/**
 * Makes the SCNs of a physical source from those of its log, in the place of the producer's own: those of MySQL are generation, file
 * and position in one number, which rises as the log does. What is stored, buffered, served and asked for are the SCNs that it
 * makes; `startFrom: scn:…` and `initVal` stay SCNs of the log.
 *
 * | clause                                                                        | who breaks it                                          |
 * |-------------------------------------------------------------------------------|--------------------------------------------------------|
 * | `scnOf` is from 0 to 2^63 − 1, and rises strictly with the SCN of the log     | ends by name, before the window is in the buffer       |
 * | it is the same for one SCN of the log for ever, in every process              | is refused by name at the start, as far as one is kept |
 * | `scnSpaceOf` is another text where SCNs mean something else                   | nobody can see it: clients would go on at wrong places |
 * | `sourceScnOf` is the way back                                                 | ends the reading by name                               |
 *
 * Both functions are called for each window, and must be pure and fast.
 */
export interface ScnGenerator {
  /** The SCN space of the SCNs that it makes of those of a log, whose own space is given: as `SCN_SPACE_FORM` says. */
  scnSpaceOf(sourceSpace: string): string
  /** The SCN of the place of an SCN in the log, from 0 on; it is asked for places between windows, too. */
  scnOf(sourceScn: bigint): bigint
  /**
   * The greatest SCN of the log whose SCN is at or below `scn`. Left out: readers that the buffer has lost are refused by name, because
   * nobody knows where in the log they stand, a buffer in memory is not filled again after a restart, and places can not be moved by `state`.
   */
  sourceScnOf?(scn: bigint): bigint
}

/** The SCNs of the log as they are: what a source has that is given no other generator. */
export class SourceScnGenerator implements ScnGenerator {
  scnSpaceOf(sourceSpace: string): string {
    return sourceSpace
  }

  scnOf(sourceScn: bigint): bigint {
    return sourceScn
  }

  sourceScnOf(scn: bigint): bigint {
    return scn
  }
}
