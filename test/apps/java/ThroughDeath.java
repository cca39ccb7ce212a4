import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Feeds a queue one job after the other while the master of its shard dies: says "begun" when it is at work, hears "killed", and
 * ends when enough of what was accepted after that is done, and everything else.
 */
final class ThroughDeath {
  private static final int PAUSE_MS = 25;
  private static final int BEFORE = 20;
  private static final int AFTER = 40;
  // so that a slow worker is not left behind
  private static final int MOST_WAITING = 30;
  private static final long PATIENCE_MS = 30_000;

  interface Accept {
    void job(int number) throws Exception;
  }

  private ThroughDeath() {}

  /**
   * @param done filled by workers, safe for several threads
   * @param held jobs that the queue keeps for a worker that did not say that it has done them
   */
  static Map<String, Object> feed(Accept accept, Set<Integer> done, Callable<Set<Integer>> held) throws Exception {
    AtomicBoolean killed = hearing();
    Set<Integer> accepted = new TreeSet<>();
    List<Integer> later = new ArrayList<>();
    boolean told = false;
    long ends = System.nanoTime() + 4 * PATIENCE_MS * 1_000_000;
    for (int number = 0; later.stream().filter(done::contains).count() < AFTER; number++) {
      if (System.nanoTime() > ends) throw new IllegalStateException(later.size() + " jobs after the kill, not all done in time");
      if (!told && done.size() >= BEFORE) {
        told = true;
        System.out.println("begun");
      }
      Thread.sleep(PAUSE_MS);
      if (missing(accepted, done).size() >= MOST_WAITING) continue;
      boolean since = killed.get();
      try {
        accept.job(number);
      } catch (Exception notAccepted) {
        // its user knows, and would ask again
        continue;
      }
      accepted.add(number);
      if (since) later.add(number);
    }
    Set<Integer> lost = missing(accepted, done);
    for (long until = System.nanoTime() + PATIENCE_MS * 1_000_000; !lost.isEmpty() && System.nanoTime() < until; Thread.sleep(50)) {
      lost = missing(missing(accepted, done), held.call());
    }
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("lost", lost);
    said.put("worked", true);
    return said;
  }

  /** Whether the master has been killed by now. */
  static AtomicBoolean hearing() {
    AtomicBoolean killed = new AtomicBoolean();
    Thread listener = new Thread(() -> listen(killed));
    listener.setDaemon(true);
    listener.start();
    return killed;
  }

  private static void listen(AtomicBoolean killed) {
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.equals("killed")) killed.set(true);
      }
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Set<Integer> missing(Set<Integer> all, Set<Integer> found) {
    Set<Integer> left = new TreeSet<>(all);
    left.removeAll(found);
    return left;
  }
}
