import io.lettuce.core.LMoveArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** A queue as Redis' documentation builds it: a worker moves a job to its own list, and removes it there when it is done. */
final class LettuceDeath implements Applications.Program {
  private static final String WAITING = "{lettuce-death}:waiting";
  private static final String DOING = "{lettuce-death}:doing";

  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    RedisURI place = RedisURI.create(Applications.HOST, port);
    place.setPassword(System.getenv("APPS_PASSWORD").toCharArray());
    RedisClient client = RedisClient.create(place);
    Set<Integer> done = ConcurrentHashMap.newKeySet();
    StatefulRedisConnection<String, String> feeding = client.connect();
    StatefulRedisConnection<String, String> working = client.connect();
    Thread worker = new Thread(() -> work(working, done));
    worker.setDaemon(true);
    worker.start();
    return ThroughDeath.feed(
        number -> feeding.sync().lpush(WAITING, String.valueOf(number)),
        done,
        () -> feeding.sync().lrange(DOING, 0, -1).stream().map(Integer::valueOf).collect(Collectors.toSet()));
  }

  private static void work(StatefulRedisConnection<String, String> connection, Set<Integer> done) {
    while (true) {
      try {
        String job = connection.sync().blmove(WAITING, DOING, LMoveArgs.Builder.rightLeft(), 1);
        if (job == null) continue;
        done.add(Integer.valueOf(job));
        connection.sync().lrem(DOING, 1, job);
      } catch (RuntimeException told) {
        // of a worker that must go on: what it was given lies in its list
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
