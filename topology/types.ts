/**
 * The vocabulary every other room speaks: what a validated stack.yaml says (`Topology`), and what follows
 * from it with nothing left to decide (`Plan`). Types, and the lists of words that they are made of.
 */

export * from './types/accounts.ts';
export * from './types/choices.ts';
export * from './types/plan.ts';
export * from './types/stack.ts';
