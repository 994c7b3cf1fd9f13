import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BeanContext, messageOf } from '@aesop/kernel'
import type { BeanClass, PropertySchema } from '../component.ts'
import {
  type DescriptorError,
  ModuleExportUnknownError,
  ModuleLoadFailedError,
  ModuleNotFoundError,
} from '../errors.ts'
import type { ModuleClass, ModuleClassUse } from '../descriptor/module-class.ts'
import { suggestion } from '../descriptor/suggestion.ts'

/** Loads a user's class. The problem, if any, carries the place in the descriptor. */
export async function loadModuleClass(use: ModuleClassUse): Promise<ModuleClass | DescriptorError> {
  const finding = { at: use.at, bean: use.bean, path: use.path }
  const located = locate(use)
  if (located.path === undefined) {
    return new ModuleNotFoundError(`module "${use.module}" was not found; tried ${located.tried}`, finding)
  }
  let exports: Record<string, unknown>
  try {
    exports = await importFile(located.path)
  } catch (cause) {
    return new ModuleLoadFailedError(`module "${use.module}" failed while it was loaded: ${messageOf(cause)}`, {
      ...finding,
      cause,
    })
  }
  const found = exportOf(exports, use.exportName)
  if (found === undefined) {
    const names = exportNames(exports)
    const message = `module "${use.module}" has no export "${use.exportName}" (has: ${names.join(', ') || 'none'})`
    return new ModuleExportUnknownError(message, { ...finding, hint: suggestion(use.exportName, names) })
  }
  const make = asClass(found)
  if (make !== undefined) return { make, ...schemaOf(found) }
  const message = `export "${use.exportName}" of "${use.module}" is neither a class nor an object, but ${typeof found}`
  return new ModuleExportUnknownError(message, finding)
}

/** A module of CommonJS shows its exports below `default`. */
function exportOf(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  const outer = exports['default']
  if (name in exports && name !== 'default') return exports[name]
  if (typeof outer === 'object' && outer !== null && name in outer) return Reflect.get(outer, name)
  return exports[name]
}

function exportNames(exports: Readonly<Record<string, unknown>>): string[] {
  const outer = exports['default']
  const inner = typeof outer === 'object' && outer !== null ? Object.keys(outer) : []
  return [...new Set([...Object.keys(exports), ...inner])].filter((name) => name !== '__esModule')
}

function locate(use: ModuleClassUse): { path?: string; tried: string } {
  if (use.module.startsWith('.') || isAbsolute(use.module) || use.module.startsWith('file:')) {
    const path = use.module.startsWith('file:') ? fileURLToPath(use.module) : resolve(use.folder, use.module)
    return existsSync(path) ? { path, tried: path } : { tried: path }
  }
  try {
    return { path: createRequire(join(use.folder, 'descriptor.js')).resolve(use.module), tried: use.module }
  } catch (error) {
    return {
      tried: `node_modules of ${use.folder} and the folders above it (${messageOf(error).split('\n')[0] ?? ''})`,
    }
  }
}

let typescriptReady: Promise<void> | undefined

/** TypeScript is loaded by Node itself where it strips types, else through tsx, which only then is loaded. */
async function importFile(path: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?tsx?$/.test(path) && !nodeStripsTypes() && !process.execArgv.some((arg) => arg.includes('tsx'))) {
    typescriptReady ??= registerTypescript()
    await typescriptReady
  }
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

/** Files below a package.json without `"type": "module"` go through the CommonJS loader, so both are taught. */
async function registerTypescript(): Promise<void> {
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  commonJs.register()
  modules.register()
}

function nodeStripsTypes(): boolean {
  const features: object = process.features
  return 'typescript' in features && Boolean(features.typescript)
}

/** A class as it is; a plain function is called instead; an object stands for itself. */
function asClass(found: unknown): BeanClass | undefined {
  if (typeof found === 'function') {
    if (typeof found.prototype === 'object' && found.prototype !== null) return found as BeanClass
    const call = found as (options: never, context: BeanContext) => object
    return function make(options: never, context: BeanContext) {
      return call(options, context)
    } as unknown as BeanClass
  }
  if (typeof found !== 'object' || found === null) return undefined
  return function make() {
    return found
  } as unknown as BeanClass
}

function schemaOf(found: unknown): { schema?: PropertySchema } {
  if ((typeof found !== 'function' && typeof found !== 'object') || found === null || !('schema' in found)) return {}
  const { schema } = found
  if (typeof schema !== 'object' || schema === null || '~standard' in schema) return {}
  return { schema: schema as PropertySchema }
}
