package footlight;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** Where a server is and how to talk to it. */
public final class Connection {
  private static final int LONGEST_MESSAGE = 64 << 20;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final String target;
  private String token = "";
  private boolean tls;
  private boolean plain;
  private final SslContextBuilder ssl = GrpcSslContexts.forClient();

  Connection(String address) {
    if (address.isBlank() || address.contains("/")) {
      throw new IllegalArgumentException("address: expected HOST:PORT, such as localhost:7007, got \"" + address + "\"");
    }
    boolean hasPort = address.substring(address.lastIndexOf(']') + 1).contains(":");
    this.target = hasPort ? address : address + ":7007";
  }

  /**
   * Sends a token with every call; to another machine only by TLS, or after {@link #plaintext}. Spaces around it, the newline of
   * a file for instance, are left out.
   */
  public Connection token(String token) {
    this.token = token == null ? "" : token.strip();
    if (!this.token.matches("[\\x21-\\x7e]*")) {
      throw new IllegalArgumentException("token: expected printable ASCII characters without spaces");
    }
    return this;
  }

  /** Sends a token to another machine without TLS, where others on the way can read it. */
  public Connection plaintext() {
    plain = true;
    return this;
  }

  /** Connects by TLS and trusts the authorities of Java. */
  public Connection tls() {
    tls = true;
    return this;
  }

  /** Connects by TLS and trusts the authorities in a PEM file. */
  public Connection tls(File roots) {
    ssl.trustManager(roots);
    return tls();
  }

  /** Shows our certificate to a server that asks for one; both are files in PEM. */
  public Connection certificate(File certificateChain, File privateKey) {
    ssl.keyManager(certificateChain, privateKey);
    return tls();
  }

  /** The client. */
  public Client connect() throws SSLException {
    if (!token.isEmpty() && !tls && !plain && !isHere(target)) {
      throw new IllegalArgumentException(
          "token: expected TLS on the way to " + target + ", where others could read it; plaintext() sends it all the same");
    }
    NettyChannelBuilder builder =
        NettyChannelBuilder.forTarget("dns:///" + target)
            .userAgent("footlight-java/0.1.0")
            .maxInboundMessageSize(LONGEST_MESSAGE)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(20, TimeUnit.SECONDS)
            .defaultServiceConfig(serviceConfig())
            .enableRetry();
    if (tls) builder.sslContext(ssl.build());
    else builder.usePlaintext();
    if (!token.isEmpty()) builder.intercept(new Token(token));
    ManagedChannel channel = builder.build();
    return Client.over(channel);
  }

  /** Whether a target is this machine, as its name tells. */
  private static boolean isHere(String target) {
    String host = target.substring(0, target.lastIndexOf(':')).replaceAll("[\\[\\]]", "");
    return host.equalsIgnoreCase("localhost") || host.equals("::1") || host.matches("127(\\.\\d{1,3}){3}");
  }

  /** A call that no server has taken is sent again, but for those that must not happen twice. */
  private static Map<String, ?> serviceConfig() {
    Map<String, ?> policy =
        Map.of(
            "maxAttempts", 5.0,
            "initialBackoff", "0.1s",
            "maxBackoff", "2.9s",
            "backoffMultiplier", 4.0,
            "retryableStatusCodes", List.of("UNAVAILABLE"));
    List<Map<String, String>> never =
        List.of(
            method("CatalogService", "DeleteItem"),
            method("EngineService", "CreateDeployment"),
            method("EngineService", "DeleteDeployment"),
            method("EngineService", "StartTraining"),
            method("GenerationService", "DeleteCorpus"),
            method("InteractionService", "CreateAgent"));
    return Map.of(
        "methodConfig", List.of(Map.of("name", List.of(Map.of()), "retryPolicy", policy), Map.of("name", never)),
        "retryThrottling", Map.of("maxTokens", 1000.0, "tokenRatio", 1.0));
  }

  private static Map<String, String> method(String service, String method) {
    return Map.of("service", "footlight.v1." + service, "method", method);
  }

  private static final class Token implements ClientInterceptor {
    private final String token;

    Token(String token) {
      this.token = token;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return new ForwardingClientCall.SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          headers.put(AUTHORIZATION, "Bearer " + token);
          super.start(listener, headers);
        }
      };
    }
  }
}
