import com.google.gson.Gson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Java libraries in the use that their documentation shows; the program's name is the first argument.
 *
 * <p>Every program is given the port of a pool and how to name its keys ("" = the library's own way). It prints one JSON
 * document of verdicts, or {"error": "..."} with what a user of the library would have been told.
 */
public final class Applications {
  static final String HOST = "127.0.0.1";
  private static final long PATIENCE_MS = 30_000;

  interface Program {
    Map<String, Object> run(int port, String naming) throws Exception;
  }

  private static final Map<String, Program> PROGRAMS =
      Map.of(
          "going-on-death", new GoingOnDeath(),
          "jedis", new JedisProgram(),
          "lettuce", new LettuceProgram(),
          "lettuce-death", new LettuceDeath(),
          "redisson", new RedissonProgram(),
          "spring-data", new SpringDataProgram(),
          "spring-session", new SpringSessionProgram(false),
          "spring-session-indexed", new SpringSessionProgram(true));

  public static void main(String[] args) {
    Map<String, Object> said;
    try {
      said = PROGRAMS.get(args[0]).run(Integer.parseInt(args[1]), args[2]);
    } catch (Exception e) {
      said = new LinkedHashMap<>();
      said.put("error", messages(e));
    }
    System.out.println(new Gson().toJson(said));
    // whatever threads a library has left
    System.exit(0);
  }

  /** What it says, and what was behind it. */
  private static String messages(Throwable fault) {
    String own = fault.getClass().getSimpleName() + ": " + fault.getMessage();
    return fault.getCause() == null ? own : own + "; " + messages(fault.getCause());
  }

  /** Names that a ring spreads. */
  static List<String> names(String prefix) {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) all.add(prefix + ":" + i + ":" + i * 7919);
    return all;
  }

  /** Asks until it is so; what a user would wait for has half a minute. */
  static void until(String what, Callable<Boolean> condition) throws Exception {
    long ends = System.nanoTime() + PATIENCE_MS * 1_000_000;
    while (System.nanoTime() < ends) {
      if (condition.call()) return;
      Thread.sleep(20);
    }
    throw new IllegalStateException("waited 30 s for " + what);
  }
}
