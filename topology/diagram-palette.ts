/** One colour per failure domain, in the order of the file; as many as there may be domains. */
export interface DomainColour {
  /** Readable on white and on black: strokes, bars. */
  readonly line: string;
  readonly light: string;
  readonly dark: string;
}

export const DOMAIN_COLOURS: readonly DomainColour[] = [
  { line: '#3b82f6', light: '#eff6ff', dark: '#172a46' },
  { line: '#10a37f', light: '#ecfdf5', dark: '#10302a' },
  { line: '#e08a0b', light: '#fff7e8', dark: '#38280f' },
  { line: '#a05cf0', light: '#f7f0ff', dark: '#2c1d45' },
  { line: '#e5487d', light: '#fff0f5', dark: '#3d1828' },
  { line: '#0ea5b7', light: '#ebfbfd', dark: '#0d3037' },
  { line: '#7c9a13', light: '#f8fbe6', dark: '#262d0d' },
  { line: '#8b7565', light: '#f8f4f1', dark: '#2f2722' },
];
