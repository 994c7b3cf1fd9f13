/** Numbers to objects, as a Map or as a record whose keys are the numbers in decimal. */
export type NumberedBeans<Bean> = ReadonlyMap<number, Bean> | Readonly<Record<string, Bean>>

export function byNumber<Bean>(beans: NumberedBeans<Bean>): ReadonlyMap<number, Bean> {
  if (beans instanceof Map) return beans as ReadonlyMap<number, Bean>
  return new Map(Object.entries(beans as Record<string, Bean>).map(([key, bean]) => [Number(key), bean]))
}
