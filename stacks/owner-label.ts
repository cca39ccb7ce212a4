/** Label on everything twemstack makes; its value is the stack's name. Nothing without it is ever touched. */
export const OWNER_LABEL = 'twemstack.stack';
