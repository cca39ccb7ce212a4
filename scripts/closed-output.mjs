/** Codes of a write to a pipe whose reader has gone (`| head`), and of one to what was closed by that. */
const CLOSED = ['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

/** What Node itself says of stdout is forgotten at once: it brings a stdout that failed back to life. */
let nobodyReads = false;

/**
 * Lets nobody's work end because whoever reads the output has gone: what was begun is brought to its end, its exit code is
 * its own. Whatever writes for as long as somebody reads asks `isOutputClosed`.
 */
export function surviveClosedOutput() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (!CLOSED.includes(error.code)) throw error;
      if (stream === process.stdout) nobodyReads = true;
    });
  }
}

/** Whether nobody reads stdout any more. */
export const isOutputClosed = () => nobodyReads || process.stdout.destroyed;
