import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { DescriptorError, type Finding } from './descriptor/descriptor-error.ts'

export class DescriptorNotFoundError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_NOT_FOUND',
    meaning: 'A descriptor could not be found or read.',
    remedy: 'Check the path; the message names the folders that were searched.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorNotFoundError.kind, message, finding)
  }
}

export class DescriptorSyntaxError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SYNTAX',
    meaning: 'A descriptor is not well-formed YAML.',
    remedy: 'Mend the place that the message shows; mind indentation and quotes.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorSyntaxError.kind, message, finding)
  }
}

export class DescriptorShapeError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SHAPE',
    meaning: 'A part of a descriptor has another form than the language asks for.',
    remedy:
      'Compare with docs/descriptors.md: `beans` maps ids to definitions, a definition has a class, a map, a const or a value.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorShapeError.kind, message, finding)
  }
}

export class DescriptorKeyUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_KEY_UNKNOWN',
    meaning: 'A descriptor contains a key that the language does not know.',
    remedy: 'Correct the spelling, or remove the key.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorKeyUnknownError.kind, message, finding)
  }
}

export class DescriptorKeyUnsupportedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_KEY_UNSUPPORTED',
    meaning: 'A key that other bean languages have, and this one has not.',
    remedy: 'Write the definition without this key.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(DescriptorKeyUnsupportedError.kind, message, finding)
  }
}

export class BeanDuplicateError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_DUPLICATE',
    meaning: 'An id or a key is defined twice.',
    remedy: 'Rename or remove one of the two; the message names both places.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanDuplicateError.kind, message, finding)
  }
}

export class BeanUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_UNKNOWN',
    meaning: 'A reference names a bean that no descriptor of this container defines.',
    remedy: 'Correct the id, or define the bean in the same descriptor or in one that it imports.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanUnknownError.kind, message, finding)
  }
}

export class BeanCycleError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_CYCLE',
    meaning: 'Beans refer to each other in a circle, so that none of them can be made first.',
    remedy: 'Take one reference out of the circle that the message shows.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanCycleError.kind, message, finding)
  }
}

export class BeanUnusedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_UNUSED',
    meaning: 'A bean is defined, but nothing refers to it and the container does not start it.',
    remedy: 'Refer to it, or remove it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanUnusedError.kind, message, finding)
  }
}

export class ClassUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CLASS_UNKNOWN',
    meaning: 'A definition names a class that the container does not offer.',
    remedy: 'Use a short name from docs/descriptors.md, or <module>#<Export> for a class of your own.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ClassUnknownError.kind, message, finding)
  }
}

export class ConstantUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CONSTANT_UNKNOWN',
    meaning: 'A constant or a map key names a member that its set of constants does not have.',
    remedy: 'Correct the name; the message suggests the nearest one.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ConstantUnknownError.kind, message, finding)
  }
}

export class PropertyUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_UNKNOWN',
    meaning: 'A definition sets a property that its class does not have.',
    remedy: 'Correct the spelling, or remove the property.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyUnknownError.kind, message, finding)
  }
}

export class PropertyTypeError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_TYPE',
    meaning: 'The value of a property is not of the kind that its class asks for.',
    remedy: 'Give a value of the kind that the message names.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyTypeError.kind, message, finding)
  }
}

export class ValueDoubleError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_VALUE_DOUBLE',
    meaning: 'Two items of a list have the same value where each needs one of its own.',
    remedy: 'Give one of the two places that the message names another value.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ValueDoubleError.kind, message, finding)
  }
}

export class StoreDoubleError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_STORE_DOUBLE',
    meaning: 'Two beans of a launch would fill one store, which has one producer at a time.',
    remedy: 'Give each a store of its own, or the sources of both to one of them.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(StoreDoubleError.kind, message, finding)
  }
}

export class StoreElsewhereError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_STORE_ELSEWHERE',
    meaning: 'A bean of a launch reads a store that none of its beans fills, while one of them fills another.',
    remedy:
      'Name the same store in both, or in none of both. Where another process fills the one that is read, it is right.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(StoreElsewhereError.kind, message, finding)
  }
}

export class PropertyMissingError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROPERTY_MISSING',
    meaning: 'A definition leaves out a property that its class needs.',
    remedy: 'Add the property.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PropertyMissingError.kind, message, finding)
  }
}

export class PlaceholderTooLongError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PLACEHOLDER_TOO_LONG',
    meaning: 'A text has more than 64 KiB once its placeholders are replaced, or its placeholders are nested too deep.',
    remedy: 'Look for values that name each other many times; let the class read a large text from a file by itself.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PlaceholderTooLongError.kind, message, finding)
  }
}

export class SettingSecretError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SETTING_SECRET',
    meaning:
      'A --set option gives a secret: it stands in the list of processes, where every user of the machine reads it.',
    remedy:
      'Write ${file:/run/secrets/x}, ${cred:x} or ${env:X} in the descriptor or in a properties file, or set the key in the environment.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(SettingSecretError.kind, message, { ...finding, severity: 'warning' })
  }
}

/** What a secret of a bean says when it is asked for its text and there is none any more. */
export class SecretUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_SECRET_UNREADABLE',
    meaning: 'The text of a secret was there at the start, and can no longer be read from its file or provider.',
    remedy: 'Put it back where the message says; it is asked for again at the next attempt.',
    canRetry: true,
  } as const
  constructor(message: string, remedy: string | undefined) {
    super(SecretUnreadableError.kind, message, remedy === undefined ? {} : { remedy })
  }
}

export class PlaceholderUnresolvedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PLACEHOLDER_UNRESOLVED',
    meaning: 'A ${placeholder} has no value and no default.',
    remedy:
      'Set it with --set, in the environment, in a properties file or under `properties`, or give a default: ${key:default}.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(PlaceholderUnresolvedError.kind, message, finding)
  }
}

export class SettingUnusedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SETTING_UNUSED',
    meaning:
      'A --set option or a properties file names a key that no descriptor uses, or an option is of a container that is not launched.',
    remedy: 'Correct the key, or leave it out.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(SettingUnusedError.kind, message, finding)
  }
}

export class BootstrapInvalidError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BOOTSTRAP_INVALID',
    meaning: 'The bootstrap descriptor does not say what to launch.',
    remedy: 'Declare one bean of class BootstrapInfo with componentContainers.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BootstrapInvalidError.kind, message, finding)
  }
}

export class ContainerUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_CONTAINER_UNKNOWN',
    meaning: 'The bootstrap descriptor names a component container that does not exist.',
    remedy: 'Use one of the names that the message lists.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ContainerUnknownError.kind, message, finding)
  }
}

export class ContainerUnavailableError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_CONTAINER_UNAVAILABLE',
    meaning: "A component container exists by name, but can't be launched in this version.",
    remedy: 'Take it out of componentContainers.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ContainerUnavailableError.kind, message, finding)
  }
}

export class ModuleNotFoundError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_NOT_FOUND',
    meaning: "The module of a user's class could not be found.",
    remedy: 'Check the path; it counts from the folder of the descriptor that names it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleNotFoundError.kind, message, finding)
  }
}

export class ModuleLoadFailedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_LOAD_FAILED',
    meaning: "The module of a user's class was found, but failed while it was loaded.",
    remedy:
      'Read the cause; run with -v for the stack. Where that is Unexpected token \'export\': a .js file of a package without "type": "module" is CommonJS; name the file .ts or .mjs.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleLoadFailedError.kind, message, finding)
  }
}

export class ModuleExportUnknownError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_EXPORT_UNKNOWN',
    meaning: 'A module has no export of the name that the descriptor gives.',
    remedy: 'Correct the name after `#`; the message lists the exports.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleExportUnknownError.kind, message, finding)
  }
}

export class ModuleMethodMissingError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_METHOD_MISSING',
    meaning: 'A class lacks a method that its place in the descriptor needs.',
    remedy: 'Write the method; the message names it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleMethodMissingError.kind, message, finding)
  }
}

export class BeanAbstractError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_ABSTRACT',
    meaning: 'A reference names a bean that is abstract: it is only a model for others and is never made.',
    remedy: 'Refer to a bean that has it as parent, or take `abstract` away.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanAbstractError.kind, message, finding)
  }
}

export class BeanInactiveError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_BEAN_INACTIVE',
    meaning: 'A reference names a bean whose `when` asks for another profile.',
    remedy: 'Choose the profile with --profile, or define the bean for this one too.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(BeanInactiveError.kind, message, finding)
  }
}

export class ParentInvalidError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PARENT_INVALID',
    meaning: 'A definition can not take over from its parent what it asks for.',
    remedy: 'Name a bean with a class as parent; `merge` joins two lists or two maps.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ParentInvalidError.kind, message, finding)
  }
}

export class ProfileUnusedError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_PROFILE_UNUSED',
    meaning: 'A profile was chosen that no descriptor and no properties file knows.',
    remedy: 'Correct the name, or leave the option out.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ProfileUnusedError.kind, message, finding)
  }
}

export class SettingInvalidError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_DESCRIPTOR_SETTING_INVALID',
    meaning: 'A --set option names a place in a bean that it can not give a value to.',
    remedy: 'Name a property of the bean itself: bean.property.path=value.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(SettingInvalidError.kind, message, finding)
  }
}

export class ModuleInvalidError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_INVALID',
    meaning: 'What `modules` names is no module of components.',
    remedy: 'Export aesopModule = { name, components, constants?, extension?, dependsOn? } from it.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleInvalidError.kind, message, finding)
  }
}

export class ModuleClashError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_CLASH',
    meaning: 'Two modules, or a module and the container, offer the same name.',
    remedy: 'Leave one module out, or name the class by <module>#<Export>.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleClashError.kind, message, finding)
  }
}

export class ModuleSchemaMissingError extends DescriptorError {
  static readonly kind = {
    code: 'AESOP_MODULE_SCHEMA_MISSING',
    meaning: 'A class tells no schema, so its properties are passed as they are written.',
    remedy: 'Give it `static schema`: a JSON Schema or a Standard Schema.',
    canRetry: false,
  } as const
  constructor(message: string, finding: Finding) {
    super(ModuleSchemaMissingError.kind, message, finding)
  }
}

/** Every kind of problem that a descriptor, or a module that it names, can have. */
export const descriptorErrors: readonly AesopErrorClass[] = [
  DescriptorNotFoundError,
  DescriptorSyntaxError,
  DescriptorShapeError,
  DescriptorKeyUnknownError,
  DescriptorKeyUnsupportedError,
  BeanDuplicateError,
  BeanUnknownError,
  BeanCycleError,
  BeanUnusedError,
  ClassUnknownError,
  ConstantUnknownError,
  PropertyUnknownError,
  PropertyTypeError,
  ValueDoubleError,
  StoreDoubleError,
  StoreElsewhereError,
  PropertyMissingError,
  PlaceholderTooLongError,
  PlaceholderUnresolvedError,
  SecretUnreadableError,
  SettingSecretError,
  SettingUnusedError,
  BootstrapInvalidError,
  ContainerUnknownError,
  ContainerUnavailableError,
  ModuleNotFoundError,
  ModuleLoadFailedError,
  ModuleExportUnknownError,
  ModuleMethodMissingError,
  BeanAbstractError,
  BeanInactiveError,
  ParentInvalidError,
  ProfileUnusedError,
  SettingInvalidError,
  ModuleInvalidError,
  ModuleClashError,
  ModuleSchemaMissingError,
]
