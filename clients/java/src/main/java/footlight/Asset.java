package footlight;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/** One piece of generated content with its bytes, whose SHA-256 was checked. */
public final class Asset {
  private static final Map<String, String> ENDINGS =
      Map.ofEntries(
          Map.entry("image/png", ".png"),
          Map.entry("image/webp", ".webp"),
          Map.entry("image/jpeg", ".jpg"),
          Map.entry("image/gif", ".gif"),
          Map.entry("audio/midi", ".mid"),
          Map.entry("audio/wav", ".wav"),
          Map.entry("audio/x-wav", ".wav"),
          Map.entry("model/gltf-binary", ".glb"),
          Map.entry("model/vnd.usdz+zip", ".usdz"),
          Map.entry("application/json", ".json"),
          Map.entry("application/x-npy", ".npy"),
          Map.entry("text/plain", ".txt"));

  private final footlight.v1.Asset about;
  private final ByteString data;

  private Asset(footlight.v1.Asset about, ByteString data) {
    this.about = about;
    this.data = data;
  }

  /** What the server says of it. */
  public footlight.v1.Asset about() {
    return about;
  }

  /** The bytes. */
  public ByteString data() {
    return data;
  }

  /** Says what made it, such as "mlp-gan-v3-42.npy". */
  public String fileName() {
    String ending = ENDINGS.getOrDefault(about.getMediaType(), ".bin");
    String made = about.getDeployment() + "-v" + about.getModelVersion() + "-" + about.getSeed();
    return made.replaceAll("[^\\w.-]", "_") + ending; // no server's words lead out of the folder
  }

  /** Writes it into a folder under its name, and a signature that is not in the bytes beside it. Makes the folder where there is none. */
  public Path save(Path folder) throws IOException {
    Files.createDirectories(folder);
    Path path = folder.resolve(fileName());
    Files.write(path, data.toByteArray());
    if (!about.getSidecar().isEmpty()) {
      Files.write(folder.resolve(fileName() + ".c2pa"), about.getSidecar().toByteArray());
    }
    return path;
  }

  /** Puts the assets of a stream together. */
  static <M> void assemble(
      Iterator<M> messages, Function<M, footlight.v1.Asset> opened, Function<M, ByteString> bytes, Consumer<Asset> take) {
    footlight.v1.Asset about = null;
    ByteString data = ByteString.EMPTY;
    while (messages.hasNext()) {
      M message = messages.next();
      if (opened.apply(message) != null) {
        about = opened.apply(message);
        data = ByteString.EMPTY;
      }
      data = data.concat(bytes.apply(message));
      if (about != null && data.size() >= about.getSizeBytes()) {
        take.accept(checked(about, data));
        about = null;
      }
    }
    if (about != null) throw lost(about, "were cut short");
  }

  private static Asset checked(footlight.v1.Asset about, ByteString data) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(data.toByteArray());
      if (about.getSha256().equals(ByteString.copyFrom(digest))) return new Asset(about, data);
      throw lost(about, "are not those that were made");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible); // every Java has it
    }
  }

  private static FootlightException lost(footlight.v1.Asset about, String how) {
    return new FootlightException(Status.Code.DATA_LOSS, "the bytes of asset " + about.getAssetId() + " " + how, null);
  }
}
