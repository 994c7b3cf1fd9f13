import { type ComponentCatalogue, type ContainerDefinition, type PropertySchema } from '../component.ts'
import { bootstrapCatalogue } from './bootstrap-plan.ts'
import { asSchema, isSecretSchema } from './schema-words.ts'

type Json = Readonly<Record<string, unknown>>

const PLACEHOLDER: Json = { type: 'string', pattern: String.raw`\$\{`, description: 'a ${placeholder}' }
const text: Json = { type: 'string' }
const names: Json = { anyOf: [text, { type: 'array', items: text }] }
/** Words of ours, and a format that editors do not know. */
const OURS = [
  'x-bean',
  'x-methods',
  'x-methods-where',
  'x-leads',
  'x-distinct',
  'x-store',
  'x-any',
  'x-flat',
  'secret',
  'format',
]

/** The JSON Schema (draft 7) of the bootstrap descriptor, for editors. */
export function bootstrapSchema(containers: readonly ContainerDefinition[]): Json {
  return editorSchema('bootstrap.yaml', bootstrapCatalogue(containers))
}

/** The JSON Schema (draft 7) of the descriptors of a container, for editors. */
export function containerSchema(container: ContainerDefinition): Json {
  return editorSchema(container.descriptorName, container.catalogue)
}

function editorSchema(title: string, catalogue: ComponentCatalogue): Json {
  const classes = Object.entries(catalogue.components)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title,
    type: 'object',
    properties: {
      beans: {
        description: 'Ids and what they stand for.',
        type: ['object', 'null'],
        additionalProperties: { anyOf: [...expressions(['bean', 'ref', 'const', 'map', 'value']), ABSTRACT] },
      },
      imports: { ...names, description: 'Other descriptors; "optional:" before a path allows its absence.' },
      properties: { type: 'object', description: 'Values of ${placeholders}; everything else wins over them.' },
      modules: { ...names, description: 'Packages or files that export an aesopModule.' },
      description: text,
    },
    additionalProperties: false,
    definitions: {
      ...languageDefinitions(catalogue),
      ...Object.fromEntries(
        classes.map(([name, { schema }]) => [`class.${name}`, inside(plain(schema), schema, catalogue)]),
      ),
    },
  }
}

const ABSTRACT: Json = {
  type: 'object',
  required: ['abstract'],
  properties: { abstract: { const: true } },
  not: { anyOf: ['class', 'parent', 'ref', 'const', 'map', 'value'].map((key) => ({ required: [key] })) },
}
const anything: Json = { $ref: '#/definitions/anything' }

function expressions(kinds: readonly string[]): Json[] {
  return kinds.map((kind) => ({ $ref: `#/definitions/${kind}` }))
}

function languageDefinitions(catalogue: ComponentCatalogue): Record<string, Json> {
  const object = (properties: Json, required: readonly string[]): Json => ({
    type: 'object',
    properties: { description: text, when: WHEN, ...properties },
    required,
    additionalProperties: false,
  })
  return {
    anything: {},
    ref: object({ ref: text, get: text, call: text }, ['ref']),
    const: object({ const: { type: 'string', examples: constantNames(catalogue) } }, ['const']),
    map: object({ map: { type: 'object', additionalProperties: anything }, keys: keysSchema(catalogue) }, ['map']),
    value: object({ value: {} }, ['value']),
    bean: beanSchema(catalogue),
  }
}

const WHEN: Json = {
  type: 'object',
  properties: { profile: names },
  required: ['profile'],
  additionalProperties: false,
  description: 'The bean is there only with one of these profiles; `!name`: only without it.',
}

function keysSchema(catalogue: ComponentCatalogue): Json {
  return { anyOf: [{ enum: ['integer', ...Object.keys(catalogue.constants ?? {})] }, text] }
}

function constantNames(catalogue: ComponentCatalogue): string[] {
  return Object.entries(catalogue.constants ?? {}).flatMap(([set, members]) =>
    Object.keys(members).map((member) => `${set}.${member}`),
  )
}

function beanSchema(catalogue: ComponentCatalogue): Json {
  const classes = Object.entries(catalogue.components)
  return {
    type: 'object',
    properties: {
      id: text,
      class: {
        anyOf: [
          ...classes.map(([name, { description }]) => ({ const: name, description })),
          { type: 'string', pattern: '[#/.]', description: '<module>#<Export>: a class of your own' },
          PLACEHOLDER,
        ],
      },
      parent: text,
      merge: names,
      abstract: { type: 'boolean' },
      when: WHEN,
      factory: text,
      args: { type: 'array' },
      properties: { type: ['object', 'null'] },
      init: text,
      destroy: text,
      dependsOn: names,
      description: text,
    },
    anyOf: [{ required: ['class'] }, { required: ['parent'] }],
    additionalProperties: false,
    // An empty `allOf` is no JSON Schema.
    ...(classes.length === 0 ? {} : { allOf: classes.map(([name]) => propertiesRule(name)) }),
  }
}

function propertiesRule(className: string): Json {
  return {
    if: { properties: { class: { const: className } }, required: ['class'], not: { anyOf: LENIENT } },
    then: { properties: { properties: { $ref: `#/definitions/class.${className}` } } },
  }
}

/** What a class needs may come from a parent, or go to a child. */
const LENIENT: readonly Json[] = [{ required: ['parent'] }, { required: ['abstract'] }]

/** The schema of a value as it may be written: itself, an expression or a placeholder. */
function editable(schema: PropertySchema, catalogue: ComponentCatalogue): Json {
  const { description, default: byDefault, ...rest } = plain(schema)
  const about = {
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  }
  if (schema['x-any'] === true) return about
  if (Array.isArray(schema['x-methods'])) return { ...about, anyOf: expressions(['bean', 'ref', 'value']) }
  const own =
    typeof schema['x-bean'] === 'string' ? impliedForms(schema['x-bean'], catalogue) : [inside(rest, schema, catalogue)]
  return { ...about, anyOf: [...own, ...expressions(['bean', 'ref', 'const', 'map', 'value']), PLACEHOLDER] }
}

function plain(schema: PropertySchema): Record<string, unknown> {
  const known = Object.fromEntries(Object.entries(schema).filter(([key]) => !OURS.includes(key)))
  return isSecretSchema(schema) ? { ...known, writeOnly: true } : known
}

function impliedForms(className: string, catalogue: ComponentCatalogue): Json[] {
  const component = Object.hasOwn(catalogue.components, className) ? catalogue.components[className] : undefined
  const required = component?.schema['required']
  const scalar = Array.isArray(required) && required.length === 1 ? [{ type: ['string', 'number', 'boolean'] }] : []
  return [{ $ref: `#/definitions/class.${className}` }, ...scalar]
}

/** The schema with every part inside of it made editable too; nested maps are allowed where keys are dotted. */
function inside(rest: Record<string, unknown>, schema: PropertySchema, catalogue: ComponentCatalogue): Json {
  const each = (part: unknown): Json =>
    Object.fromEntries(Object.entries(asSchema(part)).map(([key, sub]) => [key, editable(asSchema(sub), catalogue)]))
  const isFlat = schema['x-flat'] === true
  return {
    ...rest,
    ...(schema['properties'] === undefined ? {} : { properties: each(schema['properties']) }),
    ...(schema['patternProperties'] === undefined ? {} : { patternProperties: each(schema['patternProperties']) }),
    ...(schema['items'] === undefined ? {} : { items: editable(asSchema(schema['items']), catalogue) }),
    ...(isFlat ? { additionalProperties: { type: 'object' } } : {}),
  }
}
