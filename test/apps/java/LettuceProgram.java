import io.lettuce.core.Consumer;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.TrackingArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.support.caching.CacheAccessor;
import io.lettuce.core.support.caching.CacheFrontend;
import io.lettuce.core.support.caching.ClientSideCaching;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Lettuce: asynchronous, transactions with and without WATCH, scripts, walking, listening, waiting, client-side caching. */
final class LettuceProgram implements Applications.Program {
  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    Map<String, Object> said = new LinkedHashMap<>();
    RedisClient client = RedisClient.create(RedisURI.create(Applications.HOST, port));
    try (StatefulRedisConnection<String, String> connection = client.connect();
        StatefulRedisConnection<String, String> second = client.connect()) {
      RedisCommands<String, String> redis = connection.sync();
      RedisCommands<String, String> other = second.sync();
      RedisAsyncCommands<String, String> later = connection.async();
      List<String> keys = Applications.names("lettuce");
      String[] all = keys.toArray(new String[0]);
      List<RedisFuture<String>> sent = new ArrayList<>();
      for (String key : keys) sent.add(later.setex(key, 60, key));
      LettuceFutures.awaitAll(Duration.ofSeconds(30), sent.toArray(new RedisFuture[0]));
      int many = 0;
      for (var each : redis.mget(all)) if (each.getKey().equals(each.getValueOrElse(""))) many++;
      said.put("many", many);
      redis.multi();
      redis.decrby("{lettuce}:a", 5);
      redis.incrby("{lettuce}:b", 5);
      TransactionResult moved = redis.exec();
      said.put("moved", moved.stream().toList());
      redis.watch("{lettuce}:a");
      other.incr("{lettuce}:a");
      redis.multi();
      redis.incr("{lettuce}:b");
      said.put("discarded", redis.exec().wasDiscarded());
      String sha = redis.scriptLoad("return redis.call('incrby', KEYS[1], ARGV[1])");
      List<String> counters = Applications.names("lettuce-s");
      int scripts = 0;
      for (int i = 0; i < counters.size(); i++) {
        String[] key = {counters.get(i)};
        Long sum = redis.evalsha(sha, ScriptOutputType.INTEGER, key, String.valueOf(i));
        if (sum == i) scripts++;
      }
      said.put("scripts", scripts);
      Set<String> found = new HashSet<>();
      ScanIterator.scan(redis, ScanArgs.Builder.matches("lettuce:*").limit(10))
          .forEachRemaining(found::add);
      said.put("scanned", found.size());
      said.put("heard", hear(client, redis));
      // a connection of its own for what waits, as its documentation says
      RedisFuture<io.lettuce.core.KeyValue<String, String>> popped =
          second.async().blpop(30, "lettuce-jobs");
      redis.rpush("lettuce-jobs", "job");
      var element = popped.get(30, TimeUnit.SECONDS);
      said.put("popped", List.of(element.getKey(), element.getValue()));
      redis.xgroupCreate(
          XReadArgs.StreamOffset.latest("lettuce-log"),
          "group",
          XGroupCreateArgs.Builder.mkstream());
      RedisFuture<List<StreamMessage<String, String>>> entries =
          second
              .async()
              .xreadgroup(
                  Consumer.from("group", "me"),
                  XReadArgs.Builder.block(Duration.ofSeconds(30)),
                  XReadArgs.StreamOffset.lastConsumed("lettuce-log"));
      redis.xadd("lettuce-log", Map.of("a", "1"));
      said.put("entries", entries.get(30, TimeUnit.SECONDS).size());
      said.put("cached", cache(client, other));
      said.put("deleted", redis.del(all));
    } finally {
      client.shutdown(0, 2, TimeUnit.SECONDS);
    }
    return said;
  }

  private static List<String> hear(RedisClient client, RedisCommands<String, String> redis)
      throws Exception {
    Set<String> heard = Collections.synchronizedSet(new HashSet<>());
    try (StatefulRedisPubSubConnection<String, String> listening = client.connectPubSub()) {
      listening.addListener(
          new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, String message) {
              heard.add(channel + " " + message);
            }

            @Override
            public void message(String pattern, String channel, String message) {
              heard.add(pattern + " " + message);
            }
          });
      listening.sync().subscribe("lettuce-news");
      listening.sync().psubscribe("lettuce-n*");
      Applications.until("both subscriptions", () -> redis.publish("lettuce-news", "today") == 2);
      Applications.until("both messages", () -> heard.size() == 2);
    }
    return heard.stream().sorted().toList();
  }

  /** Client-side caching: what another client writes is seen, for the server says that it has changed. */
  private static String cache(RedisClient client, RedisCommands<String, String> other)
      throws Exception {
    other.set("lettuce-cached", "old");
    Map<String, String> local = new ConcurrentHashMap<>();
    try (CacheFrontend<String, String> cached =
        ClientSideCaching.enable(
            CacheAccessor.forMap(local), client.connect(), TrackingArgs.Builder.enabled())) {
      if (!"old".equals(cached.get("lettuce-cached")) || local.size() != 1) return "not kept";
      other.set("lettuce-cached", "new");
      Applications.until("what is new", () -> "new".equals(cached.get("lettuce-cached")));
      return cached.get("lettuce-cached");
    }
  }
}
