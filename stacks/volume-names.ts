/** Names of a member's volumes; apart from the stacks, because whoever only looks need not load cdktf. */

/** Holds a member's data. */
export const dataVolume = (member: string): string => `${member}-data`;

/** Holds a member's rendered files. */
export const seedVolume = (member: string): string => `${member}-seed`;
