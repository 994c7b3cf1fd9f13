import { existsSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BeanContext, messageOf } from '@aesop/kernel'
import type { BeanClass } from '../component.ts'
import {
  type DescriptorError,
  ModuleExportUnknownError,
  ModuleLoadFailedError,
  ModuleNotFoundError,
} from '../errors.ts'
import { DescriptorError as DescriptorProblem } from '../descriptor/descriptor-error.ts'
import type { ModuleClass, ModuleClassUse } from '../descriptor/module-class.ts'
import type { SourceRange } from '../descriptor/source-file.ts'
import { classSchemaOf } from '../descriptor/standard-schema.ts'
import { suggestion } from '../descriptor/suggestion.ts'

/** Where a module is named: what a problem with it points at. */
export interface ModuleUse {
  readonly module: string
  /** The folder that a relative module counts from: the descriptor's. */
  readonly folder: string
  readonly at: SourceRange
  readonly bean?: string
  readonly path?: string
}

/** Loads a module and returns its exports. The problem, if any, carries the place in the descriptor. */
export async function loadModule(use: ModuleUse): Promise<Readonly<Record<string, unknown>> | DescriptorError> {
  const finding = { at: use.at, bean: use.bean, path: use.path }
  const located = locate(use)
  if (located.path === undefined) {
    return new ModuleNotFoundError(`module "${use.module}" was not found; tried ${located.tried}`, finding)
  }
  try {
    return await importFile(located.path)
  } catch (cause) {
    const message = `module "${use.module}" failed while it was loaded: ${messageOf(cause)}`
    return new ModuleLoadFailedError(message, { ...finding, cause })
  }
}

/** Loads a user's class. The problem, if any, carries the place in the descriptor. */
export async function loadModuleClass(use: ModuleClassUse): Promise<ModuleClass | DescriptorError> {
  const finding = { at: use.at, bean: use.bean, path: use.path }
  const exports = await loadModule(use)
  if (exports instanceof DescriptorProblem) return exports
  const found = exportOf(exports, use.exportName)
  if (found === undefined) {
    const names = exportNames(exports)
    const message = `module "${use.module}" has no export "${use.exportName}" (has: ${names.join(', ') || 'none'})`
    return new ModuleExportUnknownError(message, { ...finding, hint: suggestion(use.exportName, names) })
  }
  const make = asClass(found)
  if (make !== undefined) return { make, ...classSchemaOf(found) }
  const message = `export "${use.exportName}" of "${use.module}" is neither a class nor an object, but ${typeof found}`
  return new ModuleExportUnknownError(message, finding)
}

/** A module of CommonJS shows its exports below `default`. */
export function exportOf(exports: Readonly<Record<string, unknown>>, name: string): unknown {
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

function locate(use: ModuleUse): { path?: string; tried: string } {
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

const WITHOUT_CACHE = 'TSX_DISABLE_CACHE'
let typescriptReady: Promise<void> | undefined

/** TypeScript is loaded by Node itself where it strips types, else through tsx, which only then is loaded. */
async function importFile(path: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?tsx?$/.test(path) && !nodeStripsTypes() && !process.execArgv.some((arg) => arg.includes('tsx'))) {
    typescriptReady ??= registerTypescript()
    await typescriptReady
  }
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

/**
 * Files below a package.json without `"type": "module"` go through the CommonJS loader, so both are taught. Without a cache:
 * that of tsx lies in the shared temporary folder, where others can put code that we would run. Its two copies, of this thread
 * and of that of the loaders, look into the environment when they are loaded.
 */
async function registerTypescript(): Promise<void> {
  process.env[WITHOUT_CACHE] = '1'
  register(`data:text/javascript,process.env.${WITHOUT_CACHE}='1'`)
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  commonJs.register()
  modules.register()
}

function nodeStripsTypes(): boolean {
  const features: object = process.features
  return 'typescript' in features && Boolean(features.typescript)
}

/** A class as it is; a plain function is called instead; an object stands for itself. */
export function asClass(found: unknown): BeanClass | undefined {
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
