/** What other programs build on: the entry of the package. */
export { DataStack } from '../stacks/data-stack.ts';
export { DomainStack } from '../stacks/domain-stack.ts';
export type { ImageInput, ProviderInput, SeedInput, ServiceInputs, StackInputs } from '../stacks/inputs.ts';
export { MemberContainer } from '../stacks/member-container.ts';
export { NetworkStack } from '../stacks/network-stack.ts';
export { type Endpoint, RedisService, type ServiceDomain } from '../stacks/redis-service.ts';
export { SeedContainer } from '../stacks/seed-container.ts';
export { planOf, type StackDefinition, StackDefinitionError } from '../topology/definition.ts';
export type { Plan } from '../topology/types.ts';
export {
  type PreparedService,
  prepareService,
  type SecretUpload,
  type ServiceOptions,
} from './deploy/prepare-service.ts';
