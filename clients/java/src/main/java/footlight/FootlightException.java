package footlight;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import footlight.rpc.BadRequest;
import footlight.rpc.ErrorInfo;
import footlight.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Any error that a server answered, or that kept it from answering. */
public final class FootlightException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final Status.Code code;
  private String reason = "";
  private String field = "";
  private final TreeMap<String, String> metadata = new TreeMap<>();
  private Duration retryAfter;

  FootlightException(Status.Code code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The exception for what gRPC threw. */
  static FootlightException of(RuntimeException thrown) {
    Status status = Status.fromThrowable(thrown);
    if (status.getCode() == Status.Code.CANCELLED && status.getCause() instanceof StatusRuntimeException) {
      return of((StatusRuntimeException) status.getCause()); // gRPC cancels a call whose answer it cannot read
    }
    String message = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    FootlightException told = new FootlightException(status.getCode(), message, thrown);
    for (Any detail : detailsOf(thrown)) {
      try {
        told.read(detail);
      } catch (InvalidProtocolBufferException unreadable) {
        // It tells nothing; the code and the message still do.
      }
    }
    return told;
  }

  private static List<Any> detailsOf(RuntimeException thrown) {
    Metadata trailers = Status.trailersFromThrowable(thrown);
    byte[] packed = trailers == null ? null : trailers.get(DETAILS);
    try {
      return packed == null ? List.of() : footlight.rpc.Status.parseFrom(packed).getDetailsList();
    } catch (InvalidProtocolBufferException unreadable) {
      return List.of();
    }
  }

  private void read(Any detail) throws InvalidProtocolBufferException {
    switch (detail.getTypeUrl().substring(detail.getTypeUrl().lastIndexOf('/') + 1)) {
      case "google.rpc.ErrorInfo":
        ErrorInfo info = ErrorInfo.parseFrom(detail.getValue());
        reason = info.getReason();
        metadata.putAll(info.getMetadataMap());
        if (field.isEmpty()) field = info.getMetadataOrDefault("field", "");
        break;
      case "google.rpc.BadRequest":
        BadRequest bad = BadRequest.parseFrom(detail.getValue());
        if (bad.getFieldViolationsCount() > 0) field = bad.getFieldViolations(0).getField();
        break;
      case "google.rpc.RetryInfo":
        com.google.protobuf.Duration delay = RetryInfo.parseFrom(detail.getValue()).getRetryDelay();
        retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        break;
      default: // it says nothing that is asked for
    }
  }

  /** The gRPC status. */
  public Status.Code code() {
    return code;
  }

  /** What went wrong, for programs, in UPPER_SNAKE; empty where the server gave none. */
  public String reason() {
    return reason;
  }

  /** The field of the request that is wrong, such as "events[3].value"; empty where it is none. */
  public String field() {
    return field;
  }

  /** Further facts by name. */
  public Map<String, String> metadata() {
    return Map.copyOf(metadata);
  }

  /** After how long to try again, where the server said so. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
