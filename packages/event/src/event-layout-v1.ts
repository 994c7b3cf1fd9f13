/**
 * The change event, version 1, as Databus writes it (`DbusEventV1`), big-endian:
 *
 * | offset    | size | field                                                                          |
 * |-----------|------|--------------------------------------------------------------------------------|
 * | 0         | 1    | version, 0                                                                     |
 * | 1         | 4    | header CRC over [5, 61) with a long key, [5, 57) with a byte key                |
 * | 5         | 4    | total length in bytes, header included                                         |
 * | 9         | 2    | attributes                                                                     |
 * | 11        | 8    | sequence: the SCN of the window                                                |
 * | 19        | 2    | physical partition id                                                          |
 * | 21        | 2    | logical partition id                                                           |
 * | 23        | 8    | timestamp, nanoseconds since 1970                                              |
 * | 31        | 2    | source id; negative for control events                                         |
 * | 33        | 16   | schema id: MD5 of the schema's text                                            |
 * | 49        | 4    | value CRC: over the value with a long key, over key bytes and value otherwise   |
 * | 53        | 8    | long key — or: 4 bytes of key length, then the key's bytes from 57 on          |
 * | 61, 57+k  | n    | value: Avro binary without container                                           |
 *
 * Attributes: 0x0001 UPSERT, 0x0002 DELETE, 0x0004 trace, 0x0008 byte key, 0x0100 replicated from elsewhere. Control
 * events carry no opcode. The end of a window (EOP) is the control event with source id −2, long key 0 and no value.
 */
export const AT_HEADER_CRC = 1
export const AT_LENGTH = 5
export const AT_ATTRIBUTES = 9
export const AT_SEQUENCE = 11
export const AT_PHYSICAL_PARTITION = 19
export const AT_LOGICAL_PARTITION = 21
export const AT_TIMESTAMP = 23
export const AT_SOURCE_ID = 31
export const AT_SCHEMA_ID = 33
export const AT_VALUE_CRC = 49
export const AT_KEY = 53
export const AT_KEY_BYTES = 57
export const AT_VALUE_AFTER_LONG_KEY = 61

export const SCHEMA_ID_BYTES = 16
/** The smallest event: a long key and no value. The header of an event with a byte key ends four bytes earlier. */
export const EVENT_BYTES_MIN = AT_KEY_BYTES
export const END_OF_PERIOD_BYTES = AT_VALUE_AFTER_LONG_KEY

export const ATTRIBUTE_UPSERT = 0x0001
export const ATTRIBUTE_DELETE = 0x0002
/** Marks a traced event in Databus; we pass it on, and neither set nor read it. */
export const ATTRIBUTE_TRACE = 0x0004
export const ATTRIBUTE_BYTE_KEY = 0x0008
export const ATTRIBUTE_REPLICATED = 0x0100

/** Source id of an event whose value is a checkpoint (sent by bootstrap servers). */
export const SOURCE_ID_CHECKPOINT = -3
