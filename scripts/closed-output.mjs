/** Codes of a write to a pipe whose reader has gone (`| head`), and of one to what was closed by that. */
const CLOSED = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

/**
 * Lets nobody's work end because whoever reads the output has gone: what was begun is brought to its end, its exit code is
 * its own. Whatever writes for as long as somebody reads asks `isOutputClosed`.
 */
export function surviveClosedOutput() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (!CLOSED.includes(error.code)) throw error;
    });
  }
}

/** Whether nobody reads stdout any more. */
export const isOutputClosed = () => process.stdout.destroyed || process.stdout.errored !== null;
