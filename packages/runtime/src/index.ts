export {
  type BeanClass,
  type ComponentCatalogue,
  type ComponentDefinition,
  type ConstantSet,
  type ContainerDefinition,
  type PropertySchema,
} from './component.ts'
