const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Number of a month as `Date.UTC` counts them, by its English abbreviation. */
export const monthOf = (name: string): number => MONTHS.indexOf(name);
