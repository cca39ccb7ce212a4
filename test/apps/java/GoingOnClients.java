import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.redisson.Redisson;
import org.redisson.api.RBlockingQueue;
import org.redisson.api.RLock;
import org.redisson.api.RMap;
import org.redisson.api.RTopic;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

/** Jedis and Redisson. */
final class GoingOnClients {
  private final Map<String, GoingOn.Work> works;
  private final String password = System.getenv("APPS_PASSWORD");
  private final int port;

  GoingOnClients(Map<String, GoingOn.Work> works, int port) {
    this.works = works;
    this.port = port;
  }

  void addAll() {
    RedisClient jedis =
        RedisClient.builder()
            .hostAndPort(new HostAndPort(Applications.HOST, port))
            .clientConfig(DefaultJedisClientConfig.builder().password(password).socketTimeoutMillis(10_000).build())
            .build();
    addCounter(jedis);
    addJobs(jedis);
    addStream(jedis);
    addChannel(jedis);
    addRedisson();
  }

  private void addCounter(RedisClient jedis) {
    Set<Integer> written = ConcurrentHashMap.newKeySet();
    List<String> said = new ArrayList<>();
    int[] doubtful = {0};
    works.put(
        "Jedis: watch",
        new GoingOn.Work(
            n -> {
              try (AbstractTransaction transaction = jedis.transaction(false)) {
                transaction.watch("jedis-count");
                String now = jedis.get("jedis-count");
                int next = 1 + (now == null ? 0 : Integer.parseInt(now));
                transaction.multi();
                transaction.set("jedis-count", String.valueOf(next));
                List<Object> done;
                try {
                  done = transaction.exec();
                } catch (RuntimeException e) {
                  doubtful[0]++;
                  throw e;
                }
                if (done == null) throw new IllegalStateException("another was quicker");
                if (!written.add(next)) said.add(next + " was written twice");
              }
            },
            () -> {
              int count = Integer.parseInt(jedis.get("jedis-count"));
              if (count < written.size() || count > written.size() + doubtful[0])
                said.add(count + " counted, " + written.size() + " confirmed, " + doubtful[0] + " in doubt");
              return said;
            }));
  }

  private void addJobs(RedisClient jedis) {
    GoingOn.HandOver jobs = new GoingOn.HandOver(1);
    GoingOn.again(
        () -> {
          try {
            List<String> popped = jedis.blpop(1, "jedis-jobs");
            if (popped != null) jobs.take(Integer.parseInt(popped.get(1)));
          } catch (RuntimeException told) {
            jobs.doubtful.incrementAndGet();
          }
        });
    works.put("Jedis: blpop", jobs.given(n -> jedis.rpush("jedis-jobs", String.valueOf(n))));
  }

  private void addStream(RedisClient jedis) {
    GoingOn.HandOver entries = new GoingOn.HandOver(Integer.MAX_VALUE);
    jedis.xgroupCreate("jedis-log", "group", new StreamEntryID(0, 0), true);
    XReadGroupParams reading = XReadGroupParams.xReadGroupParams().block(500).count(10);
    Map<String, StreamEntryID> unread = Map.of("jedis-log", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY);
    GoingOn.again(
        () -> {
          try {
            var read = jedis.xreadGroup("group", "me", reading, unread);
            if (read != null) done(jedis, entries, read.get(0).getValue());
            done(
                jedis,
                entries,
                jedis.xautoclaim("jedis-log", "group", "me", 500, new StreamEntryID(0, 0), new XAutoClaimParams()).getValue());
          } catch (RuntimeException pending) {
            // what it was given is claimed
            GoingOn.pause(20);
          }
        });
    works.put("Jedis: xreadGroup", entries.given(n -> jedis.xadd("jedis-log", StreamEntryID.NEW_ENTRY, Map.of("n", String.valueOf(n)))));
  }

  private static void done(RedisClient jedis, GoingOn.HandOver entries, List<StreamEntry> given) {
    for (StreamEntry entry : given) {
      entries.take(Integer.parseInt(entry.getFields().get("n")));
      jedis.xack("jedis-log", "group", entry.getID());
    }
  }

  private void addChannel(RedisClient jedis) {
    Set<String> heard = ConcurrentHashMap.newKeySet();
    JedisPubSub listener =
        new JedisPubSub() {
          @Override
          public void onMessage(String channel, String message) {
            heard.add(message);
          }
        };
    GoingOn.again(
        () -> {
          try {
            jedis.subscribe(listener, "jedis-news");
          } catch (RuntimeException ended) {
            GoingOn.pause(50);
          }
        });
    works.put("Jedis: subscribed", GoingOn.heard(n -> jedis.publish("jedis-news", String.valueOf(n)), heard));
  }

  private void addRedisson() {
    Config config = new Config();
    config.useSingleServer().setAddress("redis://" + Applications.HOST + ":" + port).setPassword(password);
    RedissonClient redisson = Redisson.create(config);
    works.put(
        "Redisson: lock",
        GoingOn.locked(
            inside -> {
              RLock lock = redisson.getLock("redisson-lock");
              lock.lock(8, TimeUnit.SECONDS);
              try {
                inside.run();
              } finally {
                lock.unlock();
              }
            }));
    RMap<Integer, Integer> map = redisson.getMap("redisson-map");
    works.put("Redisson: map", GoingOn.kept(n -> map.fastPut(n, n), map::get));
    GoingOn.HandOver jobs = new GoingOn.HandOver(1);
    RBlockingQueue<Integer> queue = redisson.getBlockingQueue("redisson-queue");
    GoingOn.again(
        () -> {
          try {
            Integer job = queue.poll(1, TimeUnit.SECONDS);
            if (job != null) jobs.take(job);
          } catch (Exception told) {
            jobs.doubtful.incrementAndGet();
          }
        });
    works.put("Redisson: queue", jobs.given(queue::offer));
    Set<String> heard = ConcurrentHashMap.newKeySet();
    RTopic topic = redisson.getTopic("redisson-topic");
    topic.addListener(String.class, (channel, message) -> heard.add(message));
    works.put("Redisson: topic", GoingOn.heard(n -> topic.publish(String.valueOf(n)), heard));
  }
}
