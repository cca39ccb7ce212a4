import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Several things that are done again and again, at once, while the master of their shard dies. What fails is tried again, as its
 * user would.
 */
final class GoingOn {
  private static final int PAUSE_MS = 25;
  /** While others still begin: what is kept is looked at in the end. */
  private static final int LONG_PAUSE_MS = 250;
  private static final int MANY = 200;
  private static final int BEFORE = 5;
  private static final int AFTER = 10;
  /** For all to begin, and after the kill. */
  private static final long PATIENCE_MS = 60_000;

  interface Step {
    void run(int number) throws Exception;
  }

  interface Faults {
    List<String> tell() throws Exception;
  }

  interface Load {
    Object of(int number) throws Exception;
  }

  interface Section {
    void run(Runnable inside) throws Exception;
  }

  /** What is done, and what should not have been by the end. */
  static final class Work {
    private final Step step;
    private final Faults faults;
    private final AtomicInteger before = new AtomicInteger();
    private final AtomicInteger after = new AtomicInteger();
    private volatile Exception last;

    Work(Step step, Faults faults) {
      this.step = step;
      this.faults = faults;
    }

    void step(int number) throws Exception {
      step.run(number);
    }

    List<String> faults() throws Exception {
      return faults.tell();
    }
  }

  private GoingOn() {}

  /** Does all works at once and returns the faults of each. */
  static Map<String, Object> all(Map<String, Work> works) throws Exception {
    AtomicBoolean killed = ThroughDeath.hearing();
    long begins = System.nanoTime() + PATIENCE_MS * 1_000_000;
    AtomicLong ends = new AtomicLong(Long.MAX_VALUE);
    List<Thread> threads = new ArrayList<>();
    for (Work work : works.values()) {
      Thread thread =
          new Thread(
              () -> {
                for (int n = 0; !enough(works, ends); n++) {
                  boolean since = killed.get();
                  if (since) ends.compareAndSet(Long.MAX_VALUE, System.nanoTime() + PATIENCE_MS * 1_000_000);
                  try {
                    work.step(n);
                    (since ? work.after : work.before).incrementAndGet();
                  } catch (Exception e) {
                    work.last = e;
                  }
                  pause(n > MANY && !since ? LONG_PAUSE_MS : PAUSE_MS);
                }
              });
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    while (System.nanoTime() < begins && works.values().stream().anyMatch(work -> work.before.get() < BEFORE)) pause(PAUSE_MS);
    System.out.println("begun");
    for (Thread thread : threads) thread.join(PATIENCE_MS);
    Map<String, Object> said = new LinkedHashMap<>();
    for (Map.Entry<String, Work> each : works.entrySet()) {
      Work work = each.getValue();
      List<String> faults = new ArrayList<>(work.faults());
      if (work.after.get() < AFTER) faults.add("worked " + work.after + " times after the kill; last: " + work.last);
      said.put(each.getKey(), faults);
    }
    return said;
  }

  private static boolean enough(Map<String, Work> works, AtomicLong ends) {
    return System.nanoTime() > ends.get() || works.values().stream().allMatch(work -> work.after.get() >= AFTER);
  }

  static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Does it for ever, on a thread of its own. */
  static void again(Runnable take) {
    Thread thread =
        new Thread(
            () -> {
              while (true) take.run();
            });
    thread.setDaemon(true);
    thread.start();
  }

  /** What was stored is there, right away and in the end. */
  static Work kept(Step store, Load load) {
    List<Integer> stored = new ArrayList<>();
    List<String> said = new ArrayList<>();
    return new Work(
        n -> {
          store.run(n);
          stored.add(n);
          Object found = load.of(n);
          if (!Integer.valueOf(n).equals(found)) said.add(n + " was " + found + " right after");
        },
        () -> {
          for (int n : stored) if (!Integer.valueOf(n).equals(load.of(n))) said.add(n + " is gone");
          return said;
        });
  }

  /** Two want the same lock; how many are inside at once must never be two, as long as no lock runs out. */
  static Work locked(Section locking) {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Runnable section =
        () -> {
          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
          pause(20);
          inside.decrementAndGet();
        };
    return new Work(
        n -> {
          List<Exception> failed = new ArrayList<>();
          Thread other =
              new Thread(
                  () -> {
                    try {
                      locking.run(section);
                    } catch (Exception e) {
                      failed.add(e);
                    }
                  });
          other.start();
          try {
            locking.run(section);
          } finally {
            other.join();
          }
          if (!failed.isEmpty()) throw failed.get(0);
        },
        () -> most.get() > 1 ? List.of(most + " were inside at once") : List.of());
  }

  /** What is said is heard within three seconds. */
  static Work heard(Step say, Set<String> heard) {
    return new Work(
        n -> {
          say.run(n);
          for (long ends = System.nanoTime() + 3_000_000_000L; !heard.contains(String.valueOf(n)); pause(5)) {
            if (System.nanoTime() > ends) throw new IllegalStateException("not heard");
          }
        },
        List::of);
  }

  /** Numbers: each that was accepted is taken, at most once where it must be, but those that a taker was told it may have lost. */
  static final class HandOver {
    private final Set<Integer> accepted = ConcurrentHashMap.newKeySet();
    private final Map<Integer, Integer> taken = new ConcurrentHashMap<>();
    final AtomicInteger doubtful = new AtomicInteger();
    private final int most;

    HandOver(int most) {
      this.most = most;
    }

    void take(int number) {
      taken.merge(number, 1, Integer::sum);
    }

    private List<String> faults() {
      Set<Integer> missing = new TreeSet<>(accepted);
      missing.removeAll(taken.keySet());
      List<Integer> often = taken.entrySet().stream().filter(each -> each.getValue() > most).map(Map.Entry::getKey).toList();
      List<String> said = new ArrayList<>();
      if (missing.size() > doubtful.get()) said.add("lost " + missing + ", with " + doubtful + " takes in doubt");
      if (!often.isEmpty()) said.add("taken more than once: " + often);
      return said;
    }

    /** One number more each time; in the end all that were accepted have been taken. */
    Work given(Step give) {
      return new Work(
          n -> {
            give.run(n);
            accepted.add(n);
          },
          () -> {
            for (long ends = System.nanoTime() + 30_000_000_000L; !faults().isEmpty() && System.nanoTime() < ends; ) pause(50);
            return faults();
          });
    }
  }
}
