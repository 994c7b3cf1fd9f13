/** Numbers of the operations. */
export const opcodes = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  sync: 9,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  createContainer: 19,
  createTtl: 21,
  auth: 100,
  setWatches: 101,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  closeSession: -11,
} as const

/** Ids of requests that are no operations: replies to them, and what a server says without being asked. */
export const xids = { notification: -1, auth: -4, setWatches: -8 } as const

/** The last id of an operation; 1 follows. */
export const XID_MAX = 2 ** 31 - 1
