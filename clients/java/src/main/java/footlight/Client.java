package footlight;

import com.google.protobuf.ByteString;
import footlight.v1.ActRequest;
import footlight.v1.ActResponse;
import footlight.v1.AssistantServiceGrpc;
import footlight.v1.CatalogServiceGrpc;
import footlight.v1.Corpus;
import footlight.v1.CorpusFile;
import footlight.v1.CorpusHeader;
import footlight.v1.CorpusRights;
import footlight.v1.EngineServiceGrpc;
import footlight.v1.Event;
import footlight.v1.GenerateRequest;
import footlight.v1.GenerationServiceGrpc;
import footlight.v1.GetAssetRequest;
import footlight.v1.InteractionServiceGrpc;
import footlight.v1.Item;
import footlight.v1.ListDecisionsRequest;
import footlight.v1.LoggedDecision;
import footlight.v1.PutItemsRequest;
import footlight.v1.PutItemsResponse;
import footlight.v1.RecommendRequest;
import footlight.v1.RecommendResponse;
import footlight.v1.RecommendationServiceGrpc;
import footlight.v1.RecordEventsRequest;
import footlight.v1.RecordEventsResponse;
import footlight.v1.RewardEvent;
import footlight.v1.RewardRequest;
import footlight.v1.RewardResponse;
import footlight.v1.RewardStatus;
import footlight.v1.Training;
import footlight.v1.UploadCorpusRequest;
import footlight.v1.UploadCorpusResponse;
import footlight.v1.WatchTrainingRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A Footlight server. Safe to share between threads; connects with the first call.
 *
 * <pre>{@code
 * try (Client client = Client.at("localhost:7007").token(token).connect()) {
 *   client.putItems(List.of(Item.newBuilder().setItemId("m1").setTitle("Metropolis").build()));
 *   client.recommend("ada", 10).getItemsList().forEach(item -> System.out.println(item.getItemId()));
 * }
 * }</pre>
 *
 * <p>Every RPC can be called by the stub of its service, {@code client.catalog(stub -> stub.listItems(request))}: with the token,
 * a deadline, retries, and errors as {@link FootlightException}.
 */
public final class Client implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Duration TRANSFER_TIMEOUT = Duration.ofMinutes(10);
  private static final int ATTEMPTS = 5;
  private static final int CHUNK = 1 << 20;

  private final ManagedChannel channel;
  private final Duration timeout;
  private final Duration transferTimeout;

  Client(ManagedChannel channel, Duration timeout, Duration transferTimeout) {
    this.channel = channel;
    this.timeout = timeout;
    this.transferTimeout = transferTimeout;
  }

  /** A connection to a server at HOST:PORT, to be described further; the port is 7007 where none is given. */
  public static Connection at(String address) {
    return new Connection(address);
  }

  static Client over(ManagedChannel channel) {
    return new Client(channel, TIMEOUT, TRANSFER_TIMEOUT);
  }

  /** The same connection with another deadline for every call. */
  public Client withTimeout(Duration timeout) {
    return new Client(channel, timeout, timeout);
  }

  /** Ends the calls that are open. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** Calls the catalogue and the event log. */
  public <T> T catalog(Function<CatalogServiceGrpc.CatalogServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(CatalogServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Calls Recommend and its kin. */
  public <T> T recommendation(Function<RecommendationServiceGrpc.RecommendationServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(RecommendationServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Calls Generate's service; for Generate itself there are methods here. */
  public <T> T generation(Function<GenerationServiceGrpc.GenerationServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(GenerationServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Calls Act's service. */
  public <T> T interaction(Function<InteractionServiceGrpc.InteractionServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(InteractionServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Calls engines, deployments, trainings and models. */
  public <T> T engine(Function<EngineServiceGrpc.EngineServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(EngineServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Calls the assistant. */
  public <T> T assistant(Function<AssistantServiceGrpc.AssistantServiceBlockingStub, T> call) {
    return calling(() -> call.apply(within(AssistantServiceGrpc.newBlockingStub(channel), timeout)));
  }

  /** Creates the items that are new and replaces those that exist: all of them or none. */
  public PutItemsResponse putItems(Iterable<Item> items) {
    PutItemsRequest request = PutItemsRequest.newBuilder().addAllItems(items).build();
    return catalog(stub -> stub.putItems(request));
  }

  /** Appends events to the log, all of them or none. An event without an id gets a new one, so that it can be sent again. */
  public RecordEventsResponse recordEvents(Iterable<Event> events) {
    RecordEventsRequest.Builder named = RecordEventsRequest.newBuilder();
    for (Event event : events) {
      named.addEvents(event.getEventId().isEmpty() ? event.toBuilder().setEventId(UUID.randomUUID().toString()) : event.toBuilder());
    }
    RecordEventsRequest request = named.build();
    return catalog(stub -> stub.recordEvents(request));
  }

  /** Ranks items for a person. */
  public RecommendResponse recommend(String userId, int count) {
    RecommendRequest request = RecommendRequest.newBuilder().setUserId(userId).setCount(count).build();
    return recommendation(stub -> stub.recommend(request));
  }

  /** Decides the next action of a session. A request without an id gets one, so that it can be sent again. */
  public ActResponse act(ActRequest request) {
    String id = request.getRequestId().isEmpty() ? UUID.randomUUID().toString() : request.getRequestId();
    ActRequest whole = request.toBuilder().setRequestId(id).build();
    return interaction(stub -> stub.act(whole));
  }

  /** Adds a reward to a decision. */
  public RewardStatus reward(String decisionId, double value) {
    String id = UUID.randomUUID().toString();
    RewardEvent reward = RewardEvent.newBuilder().setRewardId(id).setDecisionId(decisionId).setValue(value).build();
    RewardRequest request = RewardRequest.newBuilder().addRewards(reward).build();
    RewardResponse answer = interaction(stub -> stub.reward(request));
    if (answer.getStatusesCount() == 0) throw new FootlightException(Status.Code.INTERNAL, "the server told of no reward", null);
    return answer.getStatuses(0);
  }

  /** A stream on which sessions of an agent are played. Each answer may take as long as a call of this client. */
  public Interaction interact(String agentId) {
    return new Interaction(InteractionServiceGrpc.newStub(channel), agentId, timeout);
  }

  /** Makes assets and gives each to {@code take} as it is done. */
  public void generate(GenerateRequest request, Consumer<Asset> take) {
    translated(
        () -> {
          var messages = within(GenerationServiceGrpc.newBlockingStub(channel), transferTimeout).generate(request);
          Asset.assemble(messages, m -> m.hasAsset() ? m.getAsset() : null, m -> m.getData(), take);
          return null;
        });
  }

  /** Makes assets and writes each into a folder; answers the paths. */
  public List<Path> generateToFiles(GenerateRequest request, Path folder) throws IOException {
    List<Path> paths = new ArrayList<>();
    try {
      generate(
          request,
          asset -> {
            try {
              paths.add(asset.save(folder));
            } catch (IOException fault) {
              throw new UncheckedIOException(fault);
            }
          });
    } catch (UncheckedIOException fault) {
      throw fault.getCause();
    }
    return paths;
  }

  /** An asset that was made before. */
  public Asset getAsset(String assetId) {
    return translated(
        () -> {
          GetAssetRequest request = GetAssetRequest.newBuilder().setAssetId(assetId).build();
          var messages = within(GenerationServiceGrpc.newBlockingStub(channel), transferTimeout).getAsset(request);
          List<Asset> found = new ArrayList<>();
          Asset.assemble(messages, m -> m.hasAsset() ? m.getAsset() : null, m -> m.getData(), found::add);
          if (found.isEmpty()) throw new FootlightException(Status.Code.DATA_LOSS, "asset " + assetId + " did not come", null);
          return found.get(0);
        });
  }

  /** Uploads files, bytes by path, to learn from; {@code rights} may be null. */
  public Corpus uploadCorpus(String name, Map<String, byte[]> files, CorpusRights rights) {
    CompletableFuture<Corpus> answer = new CompletableFuture<>();
    StreamObserver<UploadCorpusRequest> upload =
        within(GenerationServiceGrpc.newStub(channel), transferTimeout).uploadCorpus(new Uploaded(answer));
    CorpusHeader.Builder header = CorpusHeader.newBuilder().setName(name).setFileCount(files.size());
    if (rights != null) header.setRights(rights);
    upload.onNext(UploadCorpusRequest.newBuilder().setHeader(header).build());
    files.forEach((path, data) -> send(upload, answer, path, data));
    if (!answer.isDone()) upload.onCompleted();
    return translated(
        () -> {
          try {
            return answer.join();
          } catch (CompletionException fault) {
            throw (RuntimeException) fault.getCause();
          }
        });
  }

  private static void send(StreamObserver<UploadCorpusRequest> upload, CompletableFuture<Corpus> answer, String path, byte[] data) {
    if (answer.isDone()) return; // the server has refused it
    CorpusFile file = CorpusFile.newBuilder().setPath(path).setSizeBytes(data.length).build();
    upload.onNext(UploadCorpusRequest.newBuilder().setFile(file).build());
    for (int at = 0; at < data.length; at += CHUNK) {
      ByteString chunk = ByteString.copyFrom(data, at, Math.min(CHUNK, data.length - at));
      upload.onNext(UploadCorpusRequest.newBuilder().setChunk(chunk).build());
    }
  }

  /** An agent's decisions with what they earned. */
  public List<LoggedDecision> decisions(ListDecisionsRequest request) {
    return translated(
        () -> {
          List<LoggedDecision> all = new ArrayList<>();
          within(InteractionServiceGrpc.newBlockingStub(channel), transferTimeout)
              .listDecisions(request)
              .forEachRemaining(page -> all.addAll(page.getDecisionsList()));
          return all;
        });
  }

  /** Follows a training until it ends; answers its last state. */
  public Training watchTraining(String trainingId) {
    WatchTrainingRequest request = WatchTrainingRequest.newBuilder().setTrainingId(trainingId).build();
    return translated(
        () -> {
          Training last = Training.getDefaultInstance();
          var seen = EngineServiceGrpc.newBlockingStub(channel).watchTraining(request);
          while (seen.hasNext()) last = seen.next().getTraining();
          return last;
        });
  }

  private static <S extends AbstractStub<S>> S within(S stub, Duration timeout) {
    return stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T translated(Supplier<T> call) {
    try {
      return call.get();
    } catch (FootlightException known) {
      throw known;
    } catch (UncheckedIOException own) {
      throw own;
    } catch (RuntimeException thrown) {
      throw FootlightException.of(thrown);
    }
  }

  /** Makes a call, and makes it again where a server that is full says when to come back. */
  private <T> T calling(Supplier<T> call) {
    long end = System.nanoTime() + timeout.toNanos();
    for (int attempt = 1; ; attempt++) {
      try {
        return translated(call);
      } catch (FootlightException told) {
        boolean full = told.code() == Status.Code.RESOURCE_EXHAUSTED && told.retryAfter().isPresent();
        if (!full || attempt == ATTEMPTS || System.nanoTime() + told.retryAfter().get().toNanos() >= end) throw told;
        pause(told);
      }
    }
  }

  private static void pause(FootlightException told) {
    try {
      Thread.sleep(told.retryAfter().get().toMillis());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw told;
    }
  }

  private static final class Uploaded implements StreamObserver<UploadCorpusResponse> {
    private final CompletableFuture<Corpus> answer;

    Uploaded(CompletableFuture<Corpus> answer) {
      this.answer = answer;
    }

    @Override
    public void onNext(UploadCorpusResponse response) {
      answer.complete(response.getCorpus());
    }

    @Override
    public void onError(Throwable thrown) {
      answer.completeExceptionally(thrown);
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(Status.INTERNAL.withDescription("the server answered nothing").asRuntimeException());
    }
  }
}
