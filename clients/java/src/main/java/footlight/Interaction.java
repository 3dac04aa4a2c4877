package footlight;

import footlight.v1.ActRequest;
import footlight.v1.ActResponse;
import footlight.v1.EndSessionRequest;
import footlight.v1.EndSessionResponse;
import footlight.v1.InteractRequest;
import footlight.v1.InteractResponse;
import footlight.v1.InteractionServiceGrpc;
import footlight.v1.RewardEvent;
import footlight.v1.RewardRequest;
import footlight.v1.RewardResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;

/** A stream on which sessions of one agent are played: one message each way a step. For one thread. */
public final class Interaction implements AutoCloseable {
  private final String agentId;
  private final LinkedBlockingQueue<Object> heard = new LinkedBlockingQueue<>();
  private final StreamObserver<InteractRequest> requests;

  Interaction(InteractionServiceGrpc.InteractionServiceStub stub, String agentId) {
    this.agentId = agentId;
    this.requests = stub.interact(new Listener());
  }

  /** Tells the outcome of the session's decision before, and decides the next one. */
  public ActResponse act(ActRequest step) {
    ActRequest whole = step.toBuilder().setAgentId(agentId).build();
    return ask(InteractRequest.newBuilder().setAct(whole).build()).getAct();
  }

  /** Adds rewards to decisions. */
  public RewardResponse reward(List<RewardEvent> rewards) {
    RewardRequest whole = RewardRequest.newBuilder().addAllRewards(rewards).build();
    return ask(InteractRequest.newBuilder().setReward(whole).build()).getReward();
  }

  /** Tells the outcome of the last decision and closes the session. */
  public EndSessionResponse end(EndSessionRequest end) {
    EndSessionRequest whole = end.toBuilder().setAgentId(agentId).build();
    return ask(InteractRequest.newBuilder().setEnd(whole).build()).getEnd();
  }

  /** Ends the stream; its sessions go on. */
  @Override
  public void close() {
    try {
      requests.onCompleted();
    } catch (IllegalStateException ended) {
      // An error has ended it already.
    }
  }

  private InteractResponse ask(InteractRequest request) {
    try {
      requests.onNext(request);
      Object answer = heard.take();
      if (answer instanceof InteractResponse) return (InteractResponse) answer;
      heard.add(answer); // whoever asks again is told the same
      throw FootlightException.of((RuntimeException) answer);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FootlightException(Status.Code.CANCELLED, "the thread was interrupted", interrupted);
    }
  }

  private final class Listener implements StreamObserver<InteractResponse> {
    @Override
    public void onNext(InteractResponse answer) {
      heard.add(answer);
    }

    @Override
    public void onError(Throwable thrown) {
      heard.add(thrown instanceof RuntimeException ? thrown : new StatusRuntimeException(Status.fromThrowable(thrown)));
    }

    @Override
    public void onCompleted() {
      heard.add(Status.UNAVAILABLE.withDescription("the server ended the stream").asRuntimeException());
    }
  }
}
