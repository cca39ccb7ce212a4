/** What other programs build on: the entry of the package. */
export { DataStack } from '../stacks/data-stack.ts';
export { DomainStack } from '../stacks/domain-stack.ts';
export type { ImageInput, ProviderInput, SeedInput, StackInputs } from '../stacks/inputs.ts';
export { synthStacks } from '../stacks/main.ts';
export { NetworkStack } from '../stacks/network-stack.ts';
