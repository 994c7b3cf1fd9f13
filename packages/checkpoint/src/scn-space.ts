/*
 * An SCN space is what SCNs count in: two SCNs can be compared when they are of one space, and mean nothing to each other
 * when they are not. Its identity is a text that goes where SCNs go: with the place of a source, in the answers of a relay,
 * in the checkpoint of a client. When there is a new one: docs/decisions/0010-the-identity-of-an-scn-space.md.
 */

const FORM = /^[\w.:-]{1,100}$/

/** For messages. */
export const SCN_SPACE_FORM = '1 to 100 of the letters a-z and A-Z, digits, "_", ".", ":" and "-"'

/** Whether a value can be the identity of an SCN space: it has to fit into a header. */
export function isScnSpace(value: unknown): value is string {
  return typeof value === 'string' && FORM.test(value)
}
