import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.ScanResult;

/** Jedis: pipelines, transactions with and without WATCH, scripts, walking, listening, waiting, streams. */
final class JedisProgram implements Applications.Program {
  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    Map<String, Object> said = new LinkedHashMap<>();
    try (RedisClient jedis = RedisClient.create(Applications.HOST, port)) {
      List<String> keys = Applications.names("jedis");
      String[] all = keys.toArray(new String[0]);
      List<Response<String>> piped = new ArrayList<>();
      try (Pipeline pipe = jedis.pipelined()) {
        for (String key : keys) piped.add(pipe.setex(key, 60, key));
      }
      said.put("piped", piped.stream().filter(each -> "OK".equals(each.get())).count());
      said.put("many", keys.equals(jedis.mget(all)));
      try (AbstractTransaction transaction = jedis.multi()) {
        transaction.decrBy("{jedis}:a", 5);
        transaction.incrBy("{jedis}:b", 5);
        said.put("moved", transaction.exec());
      }
      try (AbstractTransaction transaction = jedis.transaction(false)) {
        transaction.watch("{jedis}:a");
        jedis.incr("{jedis}:a");
        transaction.multi();
        transaction.incr("{jedis}:b");
        said.put("watched", String.valueOf(transaction.exec()));
      }
      String sha = jedis.scriptLoad("return redis.call('incrby', KEYS[1], ARGV[1])", "jedis");
      long scripts = 0;
      List<String> counters = Applications.names("jedis-s");
      for (int i = 0; i < counters.size(); i++) {
        Object sum = jedis.evalsha(sha, List.of(counters.get(i)), List.of(String.valueOf(i)));
        if (sum.equals((long) i)) scripts++;
      }
      said.put("scripts", scripts);
      Set<String> found = new HashSet<>();
      String cursor = ScanParams.SCAN_POINTER_START;
      do {
        ScanResult<String> page = jedis.scan(cursor, new ScanParams().match("jedis:*").count(10));
        found.addAll(page.getResult());
        cursor = page.getCursor();
      } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
      said.put("scanned", found.size());
      said.put("heard", hear(jedis));
      CompletableFuture<List<String>> popped =
          CompletableFuture.supplyAsync(() -> jedis.blpop(30, "jedis-jobs"));
      jedis.rpush("jedis-jobs", "job");
      said.put("popped", popped.get(30, TimeUnit.SECONDS));
      jedis.xgroupCreate("jedis-log", "group", StreamEntryID.XGROUP_LAST_ENTRY, true);
      CompletableFuture<Integer> entries =
          CompletableFuture.supplyAsync(
              () ->
                  jedis
                      .xreadGroup(
                          "group",
                          "me",
                          XReadGroupParams.xReadGroupParams().block(30_000).count(1),
                          Map.of("jedis-log", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY))
                      .get(0)
                      .getValue()
                      .size());
      jedis.xadd("jedis-log", StreamEntryID.NEW_ENTRY, Map.of("a", "1"));
      said.put("entries", entries.get(30, TimeUnit.SECONDS));
      said.put("deleted", jedis.del(all));
    }
    return said;
  }

  private static List<String> hear(RedisClient jedis) throws Exception {
    Set<String> heard = Collections.synchronizedSet(new HashSet<>());
    JedisPubSub subscriber =
        new JedisPubSub() {
          @Override
          public void onMessage(String channel, String message) {
            heard.add(channel + " " + message);
          }

          @Override
          public void onPMessage(String pattern, String channel, String message) {
            heard.add(pattern + " " + message);
          }
        };
    CompletableFuture<Void> listening =
        CompletableFuture.runAsync(() -> jedis.subscribe(subscriber, "jedis-news"));
    Applications.until("the subscription", () -> jedis.publish("jedis-news", "early") == 1);
    subscriber.psubscribe("jedis-n*");
    Applications.until("the pattern", () -> jedis.publish("jedis-news", "today") == 2);
    Applications.until(
        "both messages", () -> heard.containsAll(Set.of("jedis-news today", "jedis-n* today")));
    subscriber.unsubscribe();
    subscriber.punsubscribe();
    listening.get(30, TimeUnit.SECONDS);
    return heard.stream().filter(each -> each.endsWith("today")).sorted().toList();
  }
}
