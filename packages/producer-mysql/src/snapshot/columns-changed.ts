/** The server sends other columns than those that the table had when it was described: it is described again. */
export class SnapshotColumnsChanged extends Error {}
