/** Buckets of `new HashMap<>(1)` and of `new HashMap<>()`. */
export type HashCapacity = 1 | 16

/**
 * The order in which a `HashMap` or `HashSet` of Java 8 and later gives keys that were put in this order, each once: by
 * the bucket of the hash, within a bucket as they came. Not told apart are nine and more keys of one bucket, of which
 * Java makes a tree.
 */
export function javaHashOrder<Key>(
  keys: readonly Key[],
  textOf: (key: Key) => string,
  capacity: HashCapacity,
): readonly Key[] {
  let buckets: number = capacity
  while (keys.length > Math.floor(buckets * 0.75)) buckets *= 2
  const bucketOf = (key: Key): number => spread(javaHashCode(textOf(key))) & (buckets - 1)
  return keys
    .map((key) => ({ key, bucket: bucketOf(key) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ key }) => key)
}

/** `String.hashCode`: 32 bits of a polynomial over the UTF-16 units. */
export function javaHashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}
