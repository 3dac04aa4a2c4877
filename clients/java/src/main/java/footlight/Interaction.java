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
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A stream on which sessions of one agent are played: one message each way a step. For one thread. */
public final class Interaction implements AutoCloseable {
  private final String agentId;
  private final LinkedBlockingQueue<Object> heard = new LinkedBlockingQueue<>();
  private RuntimeException ended;
  private final StreamObserver<InteractRequest> requests;
  private final Duration timeout;

  Interaction(InteractionServiceGrpc.InteractionServiceStub stub, String agentId, Duration timeout) {
    this.agentId = agentId;
    this.timeout = timeout;
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
      if (ended == null) requests.onNext(request);
      Object answer = ended == null ? heard.poll(timeout.toMillis(), TimeUnit.MILLISECONDS) : ended;
      if (answer instanceof InteractResponse) {
        if (answers(request, (InteractResponse) answer)) return (InteractResponse) answer;
        answer = Status.INTERNAL.withDescription("the server answered something else than was asked").asRuntimeException();
      }
      ended = answer == null ? late() : (RuntimeException) answer; // whoever asks again is told the same
      throw FootlightException.of(ended);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FootlightException(Status.Code.CANCELLED, "the thread was interrupted", interrupted);
    }
  }

  private static boolean answers(InteractRequest request, InteractResponse answer) {
    return answer.getKindCase().name().equals(request.getKindCase().name());
  }

  private RuntimeException late() {
    RuntimeException late = Status.DEADLINE_EXCEEDED.withDescription("no answer came within " + timeout.toMillis() + " ms").asRuntimeException();
    requests.onError(late); // cancels the call
    return late;
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
