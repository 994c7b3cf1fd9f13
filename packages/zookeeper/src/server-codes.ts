/** What servers answer instead of a result. */
interface ServerCode {
  readonly name: string
  readonly remedy?: string
}

/** Names for code that asks for one of them, as `isRefused(error, 'BadVersion')`. */
export type ServerCodeName = keyof typeof serverCodes

export const serverCodes = {
  ConnectionLoss: -4,
  MarshallingError: -5,
  Unimplemented: -6,
  OperationTimeout: -7,
  BadArguments: -8,
  NoNode: -101,
  NoAuth: -102,
  BadVersion: -103,
  NoChildrenForEphemerals: -108,
  NodeExists: -110,
  NotEmpty: -111,
  SessionExpired: -112,
  InvalidAcl: -114,
  AuthFailed: -115,
  SessionMoved: -118,
  NotReadOnly: -119,
  SaslRequired: -124,
  QuotaExceeded: -125,
  Throttled: -127,
} as const

const REMEDIES: Readonly<Record<number, string>> = {
  [serverCodes.Unimplemented]:
    'The server is too old for this operation, or it is switched off there: containers need 3.5.1, TTL 3.5.3 and zookeeper.extendedTypesEnabled=true, addWatch 3.6, whoAmI 3.7.',
  [serverCodes.NoNode]: 'Create the node, and its parents, first.',
  [serverCodes.NoAuth]:
    'Give the session an identity (auth, or a client certificate by tls) that the ACL of the node names, or let its owner change the ACL.',
  [serverCodes.BadVersion]: 'Somebody else has changed the node since: read it again.',
  [serverCodes.NoChildrenForEphemerals]: 'Choose another parent: nodes that end with a session have no children.',
  [serverCodes.NodeExists]: 'Read the node: another one made it, or an attempt of your own whose outcome was unknown.',
  [serverCodes.NotEmpty]: 'Delete the children of the node first.',
  [serverCodes.InvalidAcl]:
    'Give the session an identity (auth, or a client certificate by tls), because nodes belong to who made them unless acl says otherwise; or say acl: ACL_ANYONE, if everybody may change the node.',
  [serverCodes.SaslRequired]: 'Set sessionRequireClientSASLAuth=false on the server: SASL is not offered here.',
  [serverCodes.QuotaExceeded]: 'Raise the quota of the path on the server (setquota of zkCli.sh), or delete nodes.',
}

const names = new Map<number, string>(Object.entries(serverCodes).map(([name, code]) => [code, name]))

/** An unknown number has no name, and is told all the same. */
export function serverCodeOf(code: number): ServerCode {
  const remedy = REMEDIES[code]
  const name = names.get(code) ?? `unknown code ${code}`
  return remedy === undefined ? { name } : { name, remedy }
}
