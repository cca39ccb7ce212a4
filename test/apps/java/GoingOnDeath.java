import java.util.LinkedHashMap;
import java.util.Map;

/** Java's clients, and what stands on them, while the master of their shard dies. */
final class GoingOnDeath implements Applications.Program {
  @Override
  public Map<String, Object> run(int port, String naming) throws Exception {
    Map<String, GoingOn.Work> works = new LinkedHashMap<>();
    new GoingOnClients(works, port).addAll();
    new GoingOnSpring(works, port).addAll();
    return GoingOn.all(works);
  }
}
