/** Label on everything twemstack makes; its value is the stack's name. Nothing without it is ever touched. */
export const OWNER_LABEL = 'twemstack.stack';

/**
 * Label on containers and networks; its value is drawn once per deployment and kept beside its credentials. Two checkouts
 * that deploy a stack of the same name onto one engine are told apart by it. Data volumes do not carry it: whoever
 * deploys the stack next may go on with its data.
 */
export const INSTANCE_LABEL = 'twemstack.instance';
