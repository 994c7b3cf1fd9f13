/**
 * The change event, version 2, as Databus writes it (`DbusEventV2`), big-endian:
 *
 * | offset       | size | field                                                                       |
 * |--------------|------|-----------------------------------------------------------------------------|
 * | 0            | 1    | version, 2                                                                  |
 * | 1            | 4    | magic, 0xCAFEDEED                                                           |
 * | 5            | 4    | header length: the fields up to 45 and the key                              |
 * | 9            | 4    | header CRC over [13, header length)                                         |
 * | 13           | 4    | body CRC over [header length, total length)                                 |
 * | 17           | 4    | total length in bytes                                                       |
 * | 21           | 2    | attributes                                                                  |
 * | 23           | 8    | timestamp, nanoseconds since 1970                                           |
 * | 31           | 4    | source id; negative for control events, −32768 to 32767                     |
 * | 35           | 2    | partition id: of the physical partition; the logical one reads the same     |
 * | 37           | 8    | sequence: the SCN of the window                                             |
 * | 45           | 8    | long key — or: 4 bytes of key length, then the key's bytes from 49 on       |
 * | header length | n   | with 0x40 the metadata part, then with 0x80 the payload part                |
 *
 * Attributes: bits 0–1 opcode (0 none, 1 UPSERT, 2 DELETE); bits 2–3 kind of key (1 long, 2 bytes, 3 with a schema); 0x10
 * replicated from elsewhere, 0x20 trace, 0x40 has metadata, 0x80 has a payload.
 *
 * A part is 4 bytes of length, 2 of attributes (schema version << 2, and the kind of digest: 0 MD5, 1 CRC-32), the digest
 * (16 bytes, or 4), and so many bytes as the length says. The payload's digest is the MD5 that names the schema, its bytes
 * are the Avro value. We write a payload part without a schema version for each row, and no metadata; the end of a window
 * has neither part. Keys with a schema are not read.
 */
export const MAGIC_V2 = 0xcafedeed
export const AT_MAGIC = 1
export const AT_HEADER_LENGTH = 5
export const AT_HEADER_CRC = 9
/** Where the range of the header's checksum begins. */
export const AT_BODY_CRC = 13
export const AT_LENGTH = 17
export const AT_ATTRIBUTES = 21
export const AT_TIMESTAMP = 23
export const AT_SOURCE_ID = 31
export const AT_PARTITION = 35
export const AT_SEQUENCE = 37
export const AT_KEY = 45
export const AT_KEY_BYTES = 49
export const LONG_KEY_HEADER_BYTES = 53

/** The smallest event: an empty byte key and no parts. */
export const EVENT_BYTES_MIN = AT_KEY_BYTES
export const END_OF_PERIOD_BYTES = LONG_KEY_HEADER_BYTES

/** Within a part. */
export const PART_AT_ATTRIBUTES = 4
export const PART_AT_DIGEST = 6
export const MD5_BYTES = 16
export const CRC_BYTES = 4
export const PAYLOAD_AT_VALUE = PART_AT_DIGEST + MD5_BYTES
export const PART_DIGEST_MASK = 0x3
export const PART_DIGEST_MD5 = 0
export const PART_DIGEST_CRC = 1

export const OPCODE_MASK = 0x0003
export const OPCODE_UPSERT = 0x0001
export const OPCODE_DELETE = 0x0002
export const KEY_MASK = 0x000c
export const KEY_LONG = 0x0004
export const KEY_BYTES = 0x0008
export const ATTRIBUTE_REPLICATED = 0x0010
export const ATTRIBUTE_TRACE = 0x0020
export const ATTRIBUTE_METADATA = 0x0040
export const ATTRIBUTE_PAYLOAD = 0x0080

export const SOURCE_ID_MIN = -0x8000
export const SOURCE_ID_MAX = 0x7fff

/** The longest key that we write: the header, which has the key in it, is found within one piece of a file that is read. */
export const KEY_BYTES_MAX = 32 * 1024
