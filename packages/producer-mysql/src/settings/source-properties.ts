import type { PropertySchema } from '@aesop/producer'

/**
 * Properties of a `PhysicalSourceConfig` that only sources of MySQL and MariaDB have. Most say how the server is reached: raw
 * texts, beside the `uri` or in its place.
 */
export const sourceProperties: Readonly<Record<string, PropertySchema>> = {
  host: {
    type: 'string',
    minLength: 1,
    description: 'Name or address of the database server, in the place of the uri.',
  },
  port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Left out: 3306.' },
  user: { type: 'string', minLength: 1, description: 'Account of the database server, any characters.' },
  password: {
    type: 'string',
    secret: true,
    description: 'Its password, any characters, without escapes; read anew at every connect.',
  },
  serverId: {
    type: 'integer',
    minimum: 1,
    maximum: 4294967295,
    description: 'Id under which the source appears as a replica; left out: derived from the installation.',
  },
  ssl: {
    enum: ['required', 'verify-ca', 'verify-identity', 'unverified', 'off'],
    description: 'Left out: encrypted where the server offers it, and off loopback the server must prove itself.',
  },
  sslCa: { type: 'string', minLength: 1, description: "PEM file of the authorities of the server's certificate." },
  sslCert: { type: 'string', minLength: 1, description: 'PEM file of the certificate that is shown to the server.' },
  sslKey: { type: 'string', minLength: 1, description: 'PEM file of its key.' },
  sslFingerprint: {
    type: 'string',
    minLength: 1,
    description: "SHA-256 of the server's certificate; several with commas between.",
  },
  sslServerPublicKey: {
    type: 'string',
    minLength: 1,
    description: 'PEM file of the RSA key of a MySQL server, by which passwords are encrypted where TLS is not used.',
  },
  lateReaders: {
    type: 'object',
    description: 'How the log is read again for readers that are behind the buffer.',
    additionalProperties: false,
    properties: {
      max: { type: 'integer', minimum: 0, maximum: 64, default: 4, description: 'Readings at a time; 0: none.' },
      serverIds: {
        type: 'array',
        items: { type: 'integer', minimum: 1, maximum: 4294967295 },
        description: 'Ids under which the readings appear as replicas, one for each; left out: derived.',
      },
      bufferBytes: {
        type: 'integer',
        minimum: 65536,
        default: 33554432,
        description: 'Memory for the windows of one reading; a window may need as much again.',
      },
    },
  },
  snapshotConnections: {
    type: 'integer',
    minimum: 0,
    maximum: 64,
    default: 2,
    description: 'Connections at a time by which rows of tables are read as they are; 0: no snapshots.',
  },
  xaMemoryBytes: {
    type: 'integer',
    minimum: 65536,
    default: 33554432,
    description: 'Memory for rows of XA transactions that wait for their verdict; what is above waits on disk.',
  },
  zeroTimestamp: { enum: ['null', 'text'], default: 'null', description: 'What a zero TIMESTAMP becomes.' },
}
