package footlight;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import footlight.v1.CorpusRights;
import footlight.v1.GenerateRequest;
import footlight.v1.InteractRequest;
import footlight.v1.InteractResponse;
import footlight.v1.ListDecisionsRequest;
import footlight.v1.ListDecisionsResponse;
import footlight.v1.UploadCorpusResponse;
import footlight.v1.WatchTrainingResponse;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** Runs the cases of clients/conformance: Conformance CASES ADDRESS RUN. */
public final class Conformance {
  private static final Gson GSON = new Gson();

  private Conformance() {}

  public static void main(String[] arguments) throws Exception {
    Map<String, String> known = new LinkedHashMap<>(Map.of("run", arguments[2]));
    JsonObject all = JsonParser.parseString(Files.readString(Path.of(arguments[0]))).getAsJsonObject();
    Client shared = Client.at(arguments[1]).connect();
    for (JsonElement element : all.getAsJsonArray("cases")) {
      JsonObject one = element.getAsJsonObject();
      System.out.println(GSON.toJson(run(shared, one, known)));
    }
    System.exit(0);
  }

  private static Client dial(JsonObject one) throws Exception {
    Connection connection = Client.at(one.get("address").getAsString());
    if (one.has("token")) connection.token(one.get("token").getAsString());
    if (one.has("plaintext")) connection.plaintext();
    if (!one.has("tls")) return connection.connect();
    JsonObject tls = one.getAsJsonObject("tls");
    if (tls.has("roots")) connection.tls(file(tls, "roots"));
    if (tls.has("private_key")) connection.certificate(file(tls, "certificate_chain"), file(tls, "private_key"));
    return connection.tls().connect();
  }

  private static File file(JsonObject tls, String name) {
    return new File(tls.get(name).getAsString());
  }

  private static JsonObject run(Client shared, JsonObject one, Map<String, String> known) throws Exception {
    JsonObject outcome = new JsonObject();
    outcome.addProperty("name", one.get("name").getAsString());
    try {
      Client client = one.has("address") ? dial(one) : shared;
      client = client.withTimeout(Duration.ofMillis(one.has("timeout_ms") ? one.get("timeout_ms").getAsLong() : 60_000));
      JsonElement request = filled(one.get("request"), known);
      JsonElement answer = call(client, one.get("call").getAsString(), request.getAsJsonObject());
      if (one.has("keep")) {
        one.getAsJsonObject("keep").entrySet().forEach(kept -> known.put(kept.getKey(), at(answer, kept.getValue().getAsString())));
      }
      outcome.add("answer", answer);
    } catch (IllegalArgumentException refused) {
      outcome.addProperty("status", "REFUSED");
      outcome.addProperty("message", refused.getMessage());
    } catch (FootlightException error) {
      outcome.addProperty("status", error.code().name());
      outcome.addProperty("reason", error.reason());
      outcome.addProperty("field", error.field());
      outcome.addProperty("message", error.getMessage());
      outcome.add("metadata", GSON.toJsonTree(error.metadata()));
    }
    return outcome;
  }

  private static JsonElement call(Client client, String call, JsonObject request) throws Exception {
    switch (call) {
      case "GenerationService/UploadCorpus":
        return upload(client, request);
      case "GenerationService/Generate":
        JsonArray assets = new JsonArray();
        client.generate(read(GenerateRequest.newBuilder(), request), asset -> assets.add(answer(asset)));
        return listed("assets", assets);
      case "GenerationService/GetAsset":
        JsonArray one = new JsonArray();
        one.add(answer(client.getAsset(request.get("asset_id").getAsString())));
        return listed("assets", one);
      case "InteractionService/Interact":
        return interact(client, request);
      case "InteractionService/ListDecisions":
        ListDecisionsRequest wanted = read(ListDecisionsRequest.newBuilder(), request);
        return spoken(ListDecisionsResponse.newBuilder().addAllDecisions(client.decisions(wanted)).build());
      case "EngineService/WatchTraining":
        String id = request.get("training_id").getAsString();
        return spoken(WatchTrainingResponse.newBuilder().setTraining(client.watchTraining(id)).build());
      default:
        return plain(client, call, request);
    }
  }

  /** Finds the stub of the service, its method and the request by their names. */
  private static JsonElement plain(Client client, String call, JsonObject text) throws Exception {
    String service = call.substring(0, call.indexOf("Service/"));
    String name = call.substring(call.indexOf('/') + 1);
    Class<?> kind = Class.forName("footlight.v1." + name + "Request");
    Message.Builder builder = (Message.Builder) kind.getMethod("newBuilder").invoke(null);
    Message request = read(builder, text);
    Function<Object, Message> invoke = stub -> invoke(stub, lower(name), kind, request);
    Method calling = Client.class.getMethod(lower(service), Function.class);
    try {
      return spoken((Message) calling.invoke(client, invoke));
    } catch (InvocationTargetException thrown) {
      throw (Exception) thrown.getCause();
    }
  }

  private static Message invoke(Object stub, String name, Class<?> kind, Message request) {
    try {
      return (Message) stub.getClass().getMethod(name, kind).invoke(stub, request);
    } catch (InvocationTargetException thrown) {
      throw (RuntimeException) thrown.getCause();
    } catch (ReflectiveOperationException wrong) {
      throw new IllegalStateException(wrong);
    }
  }

  private static JsonElement upload(Client client, JsonObject request) throws Exception {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (Map.Entry<String, JsonElement> file : request.getAsJsonObject("files").entrySet()) {
      files.put(file.getKey(), Base64.getDecoder().decode(file.getValue().getAsString()));
    }
    CorpusRights rights = request.has("rights") ? read(CorpusRights.newBuilder(), request.getAsJsonObject("rights")) : null;
    String name = request.get("name").getAsString();
    return spoken(UploadCorpusResponse.newBuilder().setCorpus(client.uploadCorpus(name, files, rights)).build());
  }

  private static JsonElement interact(Client client, JsonObject request) throws Exception {
    JsonArray answers = new JsonArray();
    try (Interaction stream = client.interact(request.get("agent_id").getAsString())) {
      for (JsonElement message : request.getAsJsonArray("messages")) {
        InteractRequest wanted = read(InteractRequest.newBuilder(), message.getAsJsonObject());
        InteractResponse.Builder answer = InteractResponse.newBuilder();
        if (wanted.hasAct()) answer.setAct(stream.act(wanted.getAct()));
        else answer.setEnd(stream.end(wanted.getEnd()));
        answers.add(spoken(answer.build()));
      }
    }
    return listed("answers", answers);
  }

  private static JsonObject answer(Asset asset) {
    JsonObject told = new JsonObject();
    told.add("asset", spoken(asset.about()));
    told.addProperty("data", Base64.getEncoder().encodeToString(asset.data().toByteArray()));
    return told;
  }

  @SuppressWarnings("unchecked")
  private static <M extends Message> M read(Message.Builder builder, JsonObject text) throws Exception {
    JsonFormat.parser().merge(GSON.toJson(text), builder);
    return (M) builder.build();
  }

  private static JsonElement spoken(Message message) {
    try {
      return JsonParser.parseString(JsonFormat.printer().preservingProtoFieldNames().print(message));
    } catch (com.google.protobuf.InvalidProtocolBufferException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static JsonObject listed(String name, JsonArray parts) {
    JsonObject whole = new JsonObject();
    whole.add(name, parts);
    return whole;
  }

  private static String lower(String name) {
    return Character.toLowerCase(name.charAt(0)) + name.substring(1);
  }

  private static String at(JsonElement answer, String path) {
    for (String part : path.split("\\.")) {
      answer = answer.isJsonArray() ? answer.getAsJsonArray().get(Integer.parseInt(part)) : answer.getAsJsonObject().get(part);
    }
    return answer.getAsString();
  }

  private static JsonElement filled(JsonElement value, Map<String, String> known) {
    if (value.isJsonObject()) {
      JsonObject whole = new JsonObject();
      value.getAsJsonObject().entrySet().forEach(part -> whole.add(part.getKey(), filled(part.getValue(), known)));
      return whole;
    }
    if (value.isJsonArray()) {
      JsonArray whole = new JsonArray();
      value.getAsJsonArray().forEach(part -> whole.add(filled(part, known)));
      return whole;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) return value;
    String text = value.getAsString();
    for (Map.Entry<String, String> one : known.entrySet()) text = text.replace("${" + one.getKey() + "}", one.getValue());
    return new JsonPrimitive(text);
  }
}
