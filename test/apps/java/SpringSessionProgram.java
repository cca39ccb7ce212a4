import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.session.data.redis.config.annotation.web.http.EnableRedisHttpSession;
import org.springframework.session.data.redis.config.annotation.web.http.EnableRedisIndexedHttpSession;
import org.springframework.session.events.SessionCreatedEvent;
import org.springframework.session.events.SessionDestroyedEvent;

/**
 * Spring Session: its default, @EnableRedisHttpSession, or @EnableRedisIndexedHttpSession, which finds the sessions of a user and
 * hears of their end. The naming is the namespace of their keys.
 */
final class SpringSessionProgram implements Applications.Program {
  /** Left out, its own default. */
  private static final String NAMESPACE = "${sessions.namespace:spring:session}";

  private final boolean indexed;

  SpringSessionProgram(boolean indexed) {
    this.indexed = indexed;
  }

  @Configuration
  @EnableAutoConfiguration
  @EnableRedisHttpSession(redisNamespace = NAMESPACE)
  static class Simple {}

  @Configuration
  @EnableAutoConfiguration
  @EnableRedisIndexedHttpSession(redisNamespace = NAMESPACE)
  static class Indexed {
    @Bean
    Ends ends() {
      return new Ends();
    }
  }

  static class Ends {
    final BlockingQueue<String> created = new LinkedBlockingQueue<>();
    final BlockingQueue<String> ended = new LinkedBlockingQueue<>();

    @EventListener
    public void onCreated(SessionCreatedEvent event) {
      created.add(event.getSessionId());
    }

    @EventListener
    public void onEnd(SessionDestroyedEvent event) {
      ended.add(event.getSessionId());
    }
  }

  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    Class<?> setup = indexed ? Indexed.class : Simple.class;
    String namespace = naming.isEmpty() ? "sessions=default" : "sessions.namespace=" + naming;
    try (ConfigurableApplicationContext context = SpringPrograms.run(setup, port, "off", namespace)) {
      Map<String, Object> said = new LinkedHashMap<>();
      visit(said, context.getBean(SessionRepository.class));
      if (indexed) index(said, context);
      return said;
    }
  }

  private static <S extends Session> void visit(Map<String, Object> said, SessionRepository<S> sessions) {
    int visits = 0;
    String[] ids = new String[20];
    for (int i = 0; i < ids.length; i++) {
      S session = sessions.createSession();
      session.setAttribute("visits", 1);
      sessions.save(session);
      ids[i] = session.getId();
    }
    for (String id : ids) {
      S session = sessions.findById(id);
      session.setAttribute("visits", 1 + session.<Integer>getAttribute("visits"));
      sessions.save(session);
      visits += sessions.findById(id).<Integer>getAttribute("visits");
    }
    said.put("visits", visits);
    // as at a login; all of them: two names may live on one shard by chance
    boolean renamed = true;
    for (int i = 1; i < ids.length; i++) {
      S session = sessions.findById(ids[i]);
      String id = session.changeSessionId();
      sessions.save(session);
      renamed &= sessions.findById(ids[i]) == null && sessions.findById(id) != null;
    }
    said.put("renamed", renamed);
    sessions.deleteById(ids[0]);
    said.put("deleted", sessions.findById(ids[0]) == null);
  }

  @SuppressWarnings("unchecked")
  private static <S extends Session> void index(Map<String, Object> said, ConfigurableApplicationContext context)
      throws Exception {
    FindByIndexNameSessionRepository<S> sessions = context.getBean(FindByIndexNameSessionRepository.class);
    Ends ends = context.getBean(Ends.class);
    for (int i = 0; i < 3; i++) {
      S session = sessions.createSession();
      session.setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, "ada");
      sessions.save(session);
    }
    said.put("ofUser", sessions.findByPrincipalName("ada").size());
    ends.ended.clear();
    S brief = sessions.createSession();
    brief.setMaxInactiveInterval(Duration.ofSeconds(1));
    sessions.save(brief);
    said.put("ended", brief.getId().equals(ends.ended.poll(30, TimeUnit.SECONDS)));
    said.put("created", !ends.created.isEmpty());
  }
}
