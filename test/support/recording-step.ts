import type { Step } from '../../scripts/report/steps.ts';

/** A step that keeps what it is told. */
export interface RecordingStep extends Step {
  readonly lines: string[];
  readonly outcomes: string[];
}

export function recordingStep(): RecordingStep {
  const lines: string[] = [];
  const outcomes: string[] = [];
  return {
    lines,
    outcomes,
    progress: (sentence) => void lines.push(sentence),
    outcome: (sentence) => void outcomes.push(sentence),
  };
}
