import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.redisson.Redisson;
import org.redisson.api.BatchResult;
import org.redisson.api.RBatch;
import org.redisson.api.RBlockingQueue;
import org.redisson.api.RDelayedQueue;
import org.redisson.api.RLocalCachedMap;
import org.redisson.api.RLock;
import org.redisson.api.RMap;
import org.redisson.api.RMapCache;
import org.redisson.api.RRateLimiter;
import org.redisson.api.RSemaphore;
import org.redisson.api.RTopic;
import org.redisson.api.RTransaction;
import org.redisson.api.RateType;
import org.redisson.api.RedissonClient;
import org.redisson.api.TransactionOptions;
import org.redisson.api.options.LocalCachedMapOptions;
import org.redisson.config.Config;

/** Redisson: locks, maps, queues, topics, batches, transactions and what else its documentation begins with. */
final class RedissonProgram implements Applications.Program {
  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    Config config = new Config();
    config.useSingleServer().setAddress("redis://" + Applications.HOST + ":" + port);
    RedissonClient redisson = Redisson.create(config);
    try {
      Map<String, Object> said = new LinkedHashMap<>();
      said.put("sections", sections(redisson));
      RMap<String, Integer> map = redisson.getMap("redisson-map");
      for (int i = 0; i < 20; i++) map.fastPut("field " + i, i);
      said.put("map", List.of(map.size(), map.putIfAbsent("field 19", 1), map.readAllMap().size()));
      RMapCache<String, Integer> expiring = redisson.getMapCache("redisson-map-cache");
      expiring.put("short", 1, 200, TimeUnit.MILLISECONDS);
      expiring.put("long", 2, 1, TimeUnit.MINUTES);
      Applications.until("an entry's end", () -> expiring.get("short") == null);
      said.put("expiring", expiring.get("long"));
      RBlockingQueue<String> queue = redisson.getBlockingQueue("redisson-queue");
      CompletableFuture<String> taken =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return queue.poll(30, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      queue.offer("job");
      said.put("taken", taken.get(30, TimeUnit.SECONDS));
      said.put("heard", hear(redisson));
      RBatch batch = redisson.createBatch();
      for (String name : Applications.names("redisson")) batch.getBucket(name).setAsync(name);
      BatchResult<?> results = batch.execute();
      said.put("batch", results.getResponses().size());
      Set<String> walked = new HashSet<>();
      redisson.getKeys().getKeysByPattern("redisson:*").forEach(walked::add);
      said.put("walked", walked.size());
      RSemaphore permits = redisson.getSemaphore("redisson-semaphore");
      permits.trySetPermits(2);
      said.put("permits", List.of(permits.tryAcquire(), permits.tryAcquire(), permits.tryAcquire()));
      said.put("cached", cache(redisson));
      RRateLimiter limiter = redisson.getRateLimiter("redisson-limiter");
      limiter.trySetRate(RateType.OVERALL, 2, java.time.Duration.ofMinutes(1));
      said.put("limited", List.of(limiter.tryAcquire(), limiter.tryAcquire(), limiter.tryAcquire()));
      said.put("later", later(redisson));
      said.put("transaction", transact(redisson));
      said.put("deleted", redisson.getKeys().deleteByPattern("redisson:*"));
      return said;
    } finally {
      redisson.shutdown(0, 2, TimeUnit.SECONDS);
    }
  }

  /** Eight take turns; how often two were inside at once must be never. */
  private static List<Integer> sections(RedissonClient redisson) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger sections = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      RLock lock = redisson.getLock("redisson-lock");
      all.add(
          CompletableFuture.runAsync(
              () -> {
                lock.lock();
                try {
                  most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                  sections.incrementAndGet();
                  inside.decrementAndGet();
                } finally {
                  lock.unlock();
                }
              }));
    }
    CompletableFuture.allOf(all.toArray(new CompletableFuture[0])).get(30, TimeUnit.SECONDS);
    return List.of(sections.get(), most.get());
  }

  private static String hear(RedissonClient redisson) throws Exception {
    RTopic topic = redisson.getTopic("redisson-topic");
    CompletableFuture<String> heard = new CompletableFuture<>();
    CompletableFuture<String> byPattern = new CompletableFuture<>();
    topic.addListener(String.class, (channel, message) -> heard.complete(message));
    redisson
        .getPatternTopic("redisson-t*")
        .addListener(String.class, (pattern, channel, message) -> byPattern.complete(message));
    long receivers = topic.publish("today");
    return receivers + " " + heard.get(30, TimeUnit.SECONDS) + " " + byPattern.get(30, TimeUnit.SECONDS);
  }

  /** What one writes the other, which had it cached, sees. */
  private static String cache(RedissonClient redisson) throws Exception {
    LocalCachedMapOptions<String, String> options = LocalCachedMapOptions.name("redisson-cached");
    RLocalCachedMap<String, String> one = redisson.getLocalCachedMap(options);
    RLocalCachedMap<String, String> two = redisson.getLocalCachedMap(options);
    one.put("a", "old");
    if (!"old".equals(two.get("a"))) return "not there";
    one.put("a", "new");
    Applications.until("what is new", () -> "new".equals(two.get("a")));
    return two.getCachedMap().toString();
  }

  private static String later(RedissonClient redisson) throws Exception {
    RBlockingQueue<String> queue = redisson.getBlockingQueue("redisson-later");
    RDelayedQueue<String> delayed = redisson.getDelayedQueue(queue);
    delayed.offer("in time", 300, TimeUnit.MILLISECONDS);
    String came = queue.poll(30, TimeUnit.SECONDS);
    delayed.destroy();
    return came;
  }

  private static List<Object> transact(RedissonClient redisson) {
    RTransaction transaction = redisson.createTransaction(TransactionOptions.defaults());
    transaction.<String, Integer>getMap("redisson-from").put("a", -5);
    transaction.<String, Integer>getMap("redisson-to").put("b", 5);
    transaction.commit();
    return List.of(redisson.getMap("redisson-from").get("a"), redisson.getMap("redisson-to").get("b"));
  }
}
