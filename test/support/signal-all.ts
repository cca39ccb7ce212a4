/** Signals those of them that are still there: the watches of an edge start short-lived ones. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Ends them all at once, as a container's end does: none has time to notice that another has gone. */
export function killAll(pids: readonly number[]): void {
  signalAll(pids, 'SIGSTOP');
  signalAll(pids, 'SIGKILL');
}
