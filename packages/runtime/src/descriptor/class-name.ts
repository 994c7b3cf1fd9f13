import { type ComponentDefinition } from '../component.ts'

/** What `class:` names: a class that the container offers, an export of a module, or nothing known. */
export type ClassTarget =
  | { readonly kind: 'offered'; readonly name: string; readonly definition: ComponentDefinition }
  | { readonly kind: 'module'; readonly module: string; readonly exportName: string }
  | { readonly kind: 'unknown' }

/** Resolves the text of `class:`. `<module>#<Export>` and relative paths are the user's own; the rest are short names. */
export function resolveClassName(text: string, offered: Readonly<Record<string, ComponentDefinition>>): ClassTarget {
  const hash = text.indexOf('#')
  if (hash > 0) return { kind: 'module', module: text.slice(0, hash), exportName: text.slice(hash + 1) || 'default' }
  if (/^(?:\.{1,2}\/|\/|file:)/.test(text)) return { kind: 'module', module: text, exportName: 'default' }
  const definition = Object.hasOwn(offered, text) ? offered[text] : undefined
  return definition === undefined ? { kind: 'unknown' } : { kind: 'offered', name: text, definition }
}

/** The short name of a Java class name, for suggestions. */
export function simpleName(className: string): string {
  const simple = className.slice(className.lastIndexOf('.') + 1)
  return simple === 'SpringContainerImpl' ? 'RuntimeContainer' : simple
}
