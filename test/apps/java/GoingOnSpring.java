import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.stream.Consumer;
import org.springframework.data.redis.connection.stream.MapRecord;
import org.springframework.data.redis.connection.stream.ReadOffset;
import org.springframework.data.redis.connection.stream.StreamOffset;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.DefaultRedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.stream.StreamMessageListenerContainer;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;

/** Spring Data Redis and Spring Session, as Spring Boot sets them up. */
final class GoingOnSpring {
  private final Map<String, GoingOn.Work> works;
  private final int port;

  GoingOnSpring(Map<String, GoingOn.Work> works, int port) {
    this.works = works;
    this.port = port;
  }

  void addAll() {
    ConfigurableApplicationContext data = run(SpringDataProgram.Setup.class);
    StringRedisTemplate redis = data.getBean(StringRedisTemplate.class);
    RedisConnectionFactory factory = data.getBean(RedisConnectionFactory.class);
    works.put(
        "Spring Data Redis: template",
        GoingOn.kept(
            n -> redis.opsForValue().set("spring-item-" + n, String.valueOf(n)),
            n -> Integer.valueOf(String.valueOf(redis.opsForValue().get("spring-item-" + n)))));
    addScript(redis);
    addListener(redis, factory);
    addStream(redis, factory);
    addSessions("Spring Session", run(SpringSessionProgram.Simple.class).getBean(SessionRepository.class), false);
    addSessions("Spring Session, indexed", run(SpringSessionProgram.Indexed.class).getBean(SessionRepository.class), true);
  }

  private ConfigurableApplicationContext run(Class<?> setup) {
    return SpringPrograms.run(
        setup,
        port,
        "off",
        "spring.data.redis.password=" + System.getenv("APPS_PASSWORD"),
        "sessions.namespace=spring:" + setup.getSimpleName());
  }

  private void addScript(StringRedisTemplate redis) {
    DefaultRedisScript<Long> script = new DefaultRedisScript<>("return redis.call('incrby', KEYS[1], ARGV[1])", Long.class);
    int[] counts = {0, 0};
    works.put(
        "Spring Data Redis: script",
        new GoingOn.Work(
            n -> {
              counts[1]++;
              redis.execute(script, List.of("spring-total"), "1");
              counts[0]++;
            },
            () -> {
              int total = Integer.parseInt(String.valueOf(redis.opsForValue().get("spring-total")));
              boolean isRight = total >= counts[0] && total <= counts[1];
              return isRight ? List.of() : List.of(total + " counted, " + counts[0] + " confirmed of " + counts[1]);
            }));
  }

  private void addListener(StringRedisTemplate redis, RedisConnectionFactory factory) {
    Set<String> heard = ConcurrentHashMap.newKeySet();
    RedisMessageListenerContainer container = new RedisMessageListenerContainer();
    container.setConnectionFactory(factory);
    container.addMessageListener((message, pattern) -> heard.add(message.toString()), new ChannelTopic("spring-news"));
    container.afterPropertiesSet();
    container.start();
    works.put("Spring Data Redis: listener", GoingOn.heard(n -> redis.convertAndSend("spring-news", String.valueOf(n)), heard));
  }

  private void addStream(StringRedisTemplate redis, RedisConnectionFactory factory) {
    GoingOn.HandOver entries = new GoingOn.HandOver(Integer.MAX_VALUE);
    redis.opsForStream().createGroup("spring-log", ReadOffset.from("0"), "group");
    var container =
        StreamMessageListenerContainer.create(
            factory,
            StreamMessageListenerContainer.StreamMessageListenerContainerOptions.builder().pollTimeout(Duration.ofMillis(200)).build());
    // it would end with the first error
    var reading =
        StreamMessageListenerContainer.StreamReadRequest.builder(StreamOffset.create("spring-log", ReadOffset.lastConsumed()))
            .consumer(Consumer.from("group", "me"))
            .autoAcknowledge(false)
            .cancelOnError(error -> false)
            .build();
    container.register(reading, message -> done(redis, entries, message));
    container.start();
    GoingOn.again(() -> claim(redis, entries));
    works.put("Spring Data Redis: stream", entries.given(n -> redis.opsForStream().add("spring-log", Map.of("n", String.valueOf(n)))));
  }

  private static void done(StringRedisTemplate redis, GoingOn.HandOver entries, MapRecord<String, ?, ?> message) {
    entries.take(Integer.parseInt(String.valueOf(message.getValue().get("n"))));
    redis.opsForStream().acknowledge("spring-log", "group", message.getId());
  }

  /** What was given and not told is pending. */
  private static void claim(StringRedisTemplate redis, GoingOn.HandOver entries) {
    GoingOn.pause(500);
    try {
      for (var each : redis.opsForStream().pending("spring-log", "group", org.springframework.data.domain.Range.unbounded(), 100)) {
        if (each.getElapsedTimeSinceLastDelivery().toMillis() < 500) continue;
        for (var message : redis.opsForStream().claim("spring-log", "group", "me", Duration.ofMillis(500), each.getId()))
          done(redis, entries, message);
      }
    } catch (RuntimeException again) {
      GoingOn.pause(50);
    }
  }

  @SuppressWarnings("unchecked")
  private <S extends Session> void addSessions(String name, SessionRepository<S> sessions, boolean indexed) {
    Map<Integer, String> ids = new ConcurrentHashMap<>();
    List<String> said = new ArrayList<>();
    GoingOn.Load visit =
        n -> {
          S session = sessions.findById(ids.get(n));
          return session == null ? null : session.<Integer>getAttribute("visit");
        };
    GoingOn.Work work =
        GoingOn.kept(
            n -> {
              S session = sessions.createSession();
              session.setAttribute("visit", n);
              if (indexed) session.setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, "user-" + n);
              sessions.save(session);
              ids.put(n, session.getId());
              if (indexed && ((FindByIndexNameSessionRepository<S>) sessions).findByPrincipalName("user-" + n).size() != 1)
                said.add(n + " is not found by its user");
            },
            visit);
    works.put(name, new GoingOn.Work(work::step, () -> {
      said.addAll(work.faults());
      return said;
    }));
  }
}
