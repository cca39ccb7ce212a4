import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Applications as Spring Boot sets them up, which print nothing by themselves. */
final class SpringPrograms {
  private SpringPrograms() {}

  /**
   * @param log the least that is logged
   * @param more further properties, NAME=VALUE
   */
  static ConfigurableApplicationContext run(Class<?> setup, int port, String log, String... more) {
    return new SpringApplicationBuilder(setup)
        .web(WebApplicationType.NONE)
        .logStartupInfo(false)
        .properties(
            "spring.main.banner-mode=off",
            "logging.level.root=" + log,
            "spring.data.redis.host=" + Applications.HOST,
            "spring.data.redis.port=" + port)
        .properties(more)
        .run();
  }
}
