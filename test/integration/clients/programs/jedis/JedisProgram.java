import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.ScanParams;

/** Carries out the steps named on stdin with Jedis, and says on stdout what came of each. */
public class JedisProgram {
  private static final String[] MANY =
      IntStream.range(0, 100).mapToObj(i -> "many:" + i * 7919).toArray(String[]::new);
  private static RedisClient redis;

  public static void main(String[] args) throws Exception {
    var config = DefaultJedisClientConfig.builder();
    if (!args[1].equals("default")) config.protocol(args[1].equals("3") ? RedisProtocol.RESP3 : RedisProtocol.RESP2);
    redis = RedisClient.builder().hostAndPort("127.0.0.1", Integer.parseInt(args[0])).clientConfig(config.build()).build();
    Map<String, Supplier<Object>> steps =
        new HashMap<>(Map.of(
            "values", JedisProgram::values,
            "types", JedisProgram::types,
            "many", JedisProgram::many,
            "pipeline", JedisProgram::pipeline,
            "multi", JedisProgram::multi,
            "watch", JedisProgram::watch,
            "keys", JedisProgram::keys,
            "large", JedisProgram::large,
            "script", () -> redis.eval("return redis.call('get', KEYS[1])", 1, "key"),
            "again", JedisProgram::again));
    steps.put("publish", JedisProgram::publish);
    var input = new BufferedReader(new InputStreamReader(System.in));
    for (String step = input.readLine(); step != null; step = input.readLine()) {
      System.out.println(step + "\t" + String.valueOf(steps.get(step).get()).replace('\n', ' '));
    }
    redis.close();
  }

  private static Object values() {
    String set = redis.set("key", "value");
    byte[] bytes = new byte[256];
    for (int i = 0; i < 256; i++) bytes[i] = (byte) i;
    redis.set("bytes".getBytes(), bytes);
    boolean same = Arrays.equals(redis.get("bytes".getBytes()), bytes);
    String missing = redis.get("nothing");
    return set + " " + redis.get("key") + " " + same + " " + (missing == null ? "none" : missing) + " " + redis.del("bytes");
  }

  private static Object types() {
    redis.del("h", "l", "n");
    redis.hset("h", Map.of("a", "1", "b", "2"));
    redis.rpush("l", "x", "y");
    Map<String, String> fields = redis.hgetAll("h");
    long number = redis.incrBy("n", 7);
    redis.expire("n", 100);
    String list = String.join(",", redis.lrange("l", 0, -1));
    return fields.get("a") + "," + fields.get("b") + " " + list + " " + number + " " + (redis.ttl("n") > 0);
  }

  private static Object many() {
    redis.mset(Arrays.stream(MANY).flatMap(key -> List.of(key, "of " + key).stream()).toArray(String[]::new));
    boolean right = redis.mget(MANY).equals(Arrays.stream(MANY).map(key -> "of " + key).toList());
    return right + " " + redis.del(MANY);
  }

  private static Object pipeline() {
    redis.del("p");
    try (Pipeline asked = redis.pipelined()) {
      List<Response<?>> answers = List.of(asked.set("p", "1"), asked.incr("p"), asked.lpush("p", "x"), asked.get("p"));
      asked.sync();
      return String.join(" ", answers.stream().map(JedisProgram::word).toList());
    }
  }

  private static String word(Response<?> answer) {
    try {
      return String.valueOf(answer.get());
    } catch (JedisDataException error) {
      return error.getMessage().split(" ")[0];
    }
  }

  private static Object multi() {
    try (var transaction = redis.multi()) {
      transaction.set("p", "1");
      transaction.incr("p");
      transaction.get("p");
      return String.join(" ", transaction.exec().stream().map(String::valueOf).toList());
    }
  }

  private static Object watch() {
    redis.set("w", "1");
    Object lost = addWatched(() -> redis.set("w", "2"));
    return "taken " + (lost == null ? "none" : lost) + " " + addWatched(() -> {});
  }

  private static Object addWatched(Runnable meanwhile) {
    try (var transaction = redis.transaction(false)) {
      transaction.watch("w");
      meanwhile.run();
      transaction.multi();
      transaction.incr("w");
      var answers = transaction.exec();
      return answers == null ? null : answers.get(0);
    }
  }

  private static Object keys() {
    redis.mset(Arrays.stream(MANY).flatMap(key -> List.of(key, "").stream()).toArray(String[]::new));
    Set<String> found = new HashSet<>();
    ScanParams some = new ScanParams().match("many:*").count(30);
    String cursor = ScanParams.SCAN_POINTER_START;
    do {
      var page = redis.scan(cursor, some);
      found.addAll(page.getResult());
      cursor = page.getCursor();
    } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
    int listed = redis.keys("many:*").size();
    redis.del(MANY);
    return found.size() + " " + listed;
  }

  private static Object publish() {
    String channel = "news:" + ProcessHandle.current().pid();
    var heard = new ArrayList<String>();
    var subscriber =
        new JedisPubSub() {
          @Override
          public void onSubscribe(String name, int subscribed) {
            psubscribe(channel + "*");
          }

          @Override
          public void onPSubscribe(String pattern, int subscribed) {
            heard.add(String.valueOf(redis.publish(channel, "hello")));
          }

          @Override
          public void onMessage(String name, String text) {
            hear(text);
          }

          @Override
          public void onPMessage(String pattern, String name, String text) {
            hear(text);
          }

          private void hear(String text) {
            heard.add(text);
            if (heard.size() < 3) return;
            unsubscribe();
            punsubscribe();
          }
        };
    // until it has unsubscribed from everything
    redis.subscribe(subscriber, channel);
    return String.join(" ", heard);
  }

  private static Object large() {
    byte[] value = "large\r\n".repeat(150_000).substring(0, 1_048_576).getBytes();
    redis.set("large".getBytes(), value);
    boolean same = Arrays.equals(redis.get("large".getBytes()), value);
    return same && IntStream.range(0, 50).allMatch(i -> redis.get("key").equals("value"));
  }

  private static Object again() {
    for (int attempt = 0; attempt < 200; attempt++) {
      try {
        return redis.get("key");
      } catch (JedisException error) {
        pause();
      }
    }
    return "no answer";
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }
}
