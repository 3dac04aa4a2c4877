import footlight.Client;
import footlight.FootlightException;
import footlight.Interaction; // by its name: the wire has messages Interaction and Asset of its own
import footlight.v1.*;
import java.io.File;
import java.nio.file.Path;
import java.util.List;

/** Asks a server for everything once: Example HOST:PORT CA.PEM FOLDER, with the token in $FOOTLIGHT_TOKEN. */
public final class Example {
  public static void main(String[] words) throws Exception {
    String token = System.getenv("FOOTLIGHT_TOKEN");
    try (Client client = Client.at(words[0]).token(token).tls(new File(words[1])).connect()) {
      client.putItems(List.of(item("m1", "Metropolis"), item("m2", "Nosferatu")));
      client.recordEvents(List.of(Event.newBuilder().setUserId("ada").setItemId("m1").setKind(EventKind.EVENT_KIND_LIKE).build()));
      client.recommend("ada", 10).getItemsList().forEach(item -> System.out.println("recommended: " + item.getItemId()));

      GenerateRequest wanted = GenerateRequest.newBuilder().setDeployment("mlp-gan").setCount(2).setSeed(7).build();
      List<Path> paths = client.generateToFiles(wanted, Path.of(words[2]));
      System.out.println("files: " + paths.size());

      play(client, "java");

      try {
        client.recommend("ada", 5000);
      } catch (FootlightException error) {
        System.out.println("refused: " + error.reason() + " " + error.field());
      }
    }
  }

  /** Lets an agent learn that its second action is the better one. */
  private static void play(Client client, String session) {
    CreateAgentRequest.Builder agent = CreateAgentRequest.newBuilder().setAgentId("robot").setDeployment("q-learning");
    CreateAgentRequest wanted = agent.setObservationSpace(choices(4)).setActionSpace(choices(2)).build();
    client.interaction(stub -> stub.createAgent(wanted));
    try (Interaction robot = client.interact("robot")) {
      Outcome outcome = null;
      for (int step = 0; step < 10; step++) {
        ActRequest.Builder asked = ActRequest.newBuilder().setSessionId(session).setObservation(Value.newBuilder().setDiscrete(step % 4));
        if (outcome != null) asked.setOutcome(outcome);
        ActResponse decision = robot.act(asked.build());
        outcome = Outcome.newBuilder().setReward(decision.getAction().getDiscrete()).build();
        if (step == 0) System.out.println("reward: " + client.reward(decision.getDecisionId(), 0.5)); // what is only known later
      }
      EndSessionRequest.Builder end = EndSessionRequest.newBuilder().setSessionId(session).setOutcome(outcome);
      EndSessionResponse summary = robot.end(end.setReason(EndReason.END_REASON_TERMINATED).build());
      System.out.println("decisions: " + summary.getDecisionCount());
    }
  }

  private static Item item(String id, String title) {
    return Item.newBuilder().setItemId(id).setTitle(title).build();
  }

  private static Space choices(int n) {
    return Space.newBuilder().setDiscrete(DiscreteSpace.newBuilder().setN(n)).build();
  }
}
