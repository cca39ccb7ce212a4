import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cache.Cache;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.cache.RedisCacheConfiguration;
import org.springframework.data.redis.cache.RedisCacheManager;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.stream.Consumer;
import org.springframework.data.redis.connection.stream.ReadOffset;
import org.springframework.data.redis.connection.stream.StreamOffset;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.ScanOptions;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.DefaultRedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.PatternTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.stream.StreamMessageListenerContainer;

/** Spring Data Redis as Spring Boot sets it up: templates, transactions, scripts, listeners, streams, and @Cacheable. */
final class SpringDataProgram implements Applications.Program {
  @Configuration
  @EnableAutoConfiguration
  @EnableCaching
  static class Setup {
    @Bean
    Reports reports() {
      return new Reports();
    }

    @Bean
    CacheManager cacheManager(RedisConnectionFactory factory) {
      return RedisCacheManager.builder(factory)
          .cacheDefaults(RedisCacheConfiguration.defaultCacheConfig().entryTtl(Duration.ofMinutes(1)))
          .build();
    }
  }

  static class Reports {
    private final AtomicInteger made = new AtomicInteger();

    public int made() {
      return made.get();
    }

    @Cacheable("reports")
    public String of(int year) {
      made.incrementAndGet();
      return "report " + year;
    }
  }

  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    try (ConfigurableApplicationContext context = SpringPrograms.run(Setup.class, port, "error")) {
      StringRedisTemplate redis = context.getBean(StringRedisTemplate.class);
      Map<String, Object> said = new LinkedHashMap<>();
      List<String> keys = Applications.names("spring");
      List<Object> piped =
          redis.executePipelined(
              (RedisCallback<Object>)
                  connection -> {
                    for (String key : keys)
                      connection.stringCommands().setEx(key.getBytes(), 60, key.getBytes());
                    return null;
                  });
      said.put("piped", piped.size());
      said.put("many", keys.equals(redis.opsForValue().multiGet(keys)));
      said.put("moved", transfer(redis));
      DefaultRedisScript<Long> script =
          new DefaultRedisScript<>("return redis.call('incrby', KEYS[1], ARGV[1])", Long.class);
      List<String> counters = Applications.names("spring-s");
      int scripts = 0;
      for (int i = 0; i < counters.size(); i++)
        if (redis.execute(script, List.of(counters.get(i)), String.valueOf(i)) == i) scripts++;
      said.put("scripts", scripts);
      try (var walk = redis.scan(ScanOptions.scanOptions().match("spring:*").count(10).build())) {
        said.put("scanned", walk.stream().distinct().count());
      }
      said.put("heard", hear(redis, context.getBean(RedisConnectionFactory.class)));
      said.put("entries", stream(redis, context.getBean(RedisConnectionFactory.class)));
      said.put("popped", pop(redis));
      Reports reports = context.getBean(Reports.class);
      for (int i = 0; i < 2; i++) for (int year = 2000; year < 2020; year++) reports.of(year);
      Cache cache = context.getBean(CacheManager.class).getCache("reports");
      cache.invalidate();
      reports.of(2000);
      said.put("made", reports.made());
      said.put("deleted", redis.delete(keys));
      return said;
    }
  }

  private static List<Object> transfer(StringRedisTemplate redis) {
    return redis.execute(
        new SessionCallback<List<Object>>() {
          @Override
          @SuppressWarnings("unchecked")
          public <K, V> List<Object> execute(RedisOperations<K, V> any) throws DataAccessException {
            RedisOperations<String, String> operations = (RedisOperations<String, String>) any;
            operations.watch("{spring}:a");
            operations.multi();
            operations.opsForValue().decrement("{spring}:a", 5);
            operations.opsForValue().increment("{spring}:b", 5);
            return operations.exec();
          }
        });
  }

  private static List<String> hear(StringRedisTemplate redis, RedisConnectionFactory factory)
      throws Exception {
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    RedisMessageListenerContainer container = new RedisMessageListenerContainer();
    container.setConnectionFactory(factory);
    container.addMessageListener(
        (message, pattern) -> heard.add("channel " + message), new ChannelTopic("spring-news"));
    container.addMessageListener(
        (message, pattern) -> heard.add("pattern " + message), new PatternTopic("spring-n*"));
    container.afterPropertiesSet();
    container.start();
    try {
      List<String> all = new ArrayList<>();
      redis.convertAndSend("spring-news", "today");
      for (int i = 0; i < 2; i++) all.add(heard.poll(30, TimeUnit.SECONDS));
      return all.stream().sorted().toList();
    } finally {
      container.stop();
      container.destroy();
    }
  }

  private static String stream(StringRedisTemplate redis, RedisConnectionFactory factory)
      throws Exception {
    redis.opsForStream().createGroup("spring-log", ReadOffset.latest(), "group");
    BlockingQueue<Object> received = new LinkedBlockingQueue<>();
    var container =
        StreamMessageListenerContainer.create(
            factory,
            StreamMessageListenerContainer.StreamMessageListenerContainerOptions.builder()
                .pollTimeout(Duration.ofMillis(200))
                .build());
    container.receiveAutoAck(
        Consumer.from("group", "me"),
        StreamOffset.create("spring-log", ReadOffset.lastConsumed()),
        message -> received.add(message.getValue()));
    container.start();
    try {
      redis.opsForStream().add("spring-log", Map.of("a", "1"));
      return String.valueOf(received.poll(30, TimeUnit.SECONDS));
    } finally {
      container.stop();
    }
  }

  private static String pop(StringRedisTemplate redis) throws Exception {
    BlockingQueue<String> popped = new LinkedBlockingQueue<>();
    Thread worker =
        new Thread(
            () -> {
              String job = redis.opsForList().leftPop("spring-jobs", Duration.ofSeconds(30));
              if (job != null) popped.add(job);
            });
    worker.start();
    redis.opsForList().rightPush("spring-jobs", "job");
    return popped.poll(30, TimeUnit.SECONDS);
  }
}
