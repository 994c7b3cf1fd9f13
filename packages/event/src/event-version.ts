/** Which layout events are written in. */
export type EventVersion = 1 | 2

/** The first byte of an event of version 1, and of one of version 2. */
export const FIRST_BYTE_V1 = 0
export const FIRST_BYTE_V2 = 2
