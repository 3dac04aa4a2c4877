package footlight;

import footlight.v1.RecommendRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Calls Recommend as often as it can: Bench ADDRESS CALLERS SECONDS. Prints the latencies of its calls. */
public final class Bench {
  private static final RecommendRequest REQUEST =
      RecommendRequest.newBuilder().setUserId("a-00").setDeployment("item-knn").setCount(10).build();

  private Bench() {}

  public static void main(String[] arguments) throws Exception {
    Client client = Client.at(arguments[0]).connect();
    int callers = Integer.parseInt(arguments[1]);
    double seconds = Double.parseDouble(arguments[2]);
    measure(client, callers, 2); // connects and warms up
    double[] taken = measure(client, callers, seconds);
    java.util.Arrays.sort(taken);
    System.out.printf(
        java.util.Locale.ROOT,
        "{\"calls_per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}%n",
        taken.length / seconds,
        taken[(int) (0.5 * (taken.length - 1))],
        taken[(int) (0.99 * (taken.length - 1))]);
    System.exit(0);
  }

  private static double[] measure(Client client, int callers, double seconds) throws Exception {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    ExecutorService pool = Executors.newFixedThreadPool(callers);
    List<Future<List<Double>>> running = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) running.add(pool.submit(() -> calls(client, end)));
    List<Double> all = new ArrayList<>();
    for (Future<List<Double>> one : running) all.addAll(one.get());
    pool.shutdown();
    return all.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static List<Double> calls(Client client, long end) {
    List<Double> taken = new ArrayList<>();
    while (System.nanoTime() < end) {
      long began = System.nanoTime();
      client.recommendation(stub -> stub.recommend(REQUEST));
      taken.add((System.nanoTime() - began) / 1e3);
    }
    return taken;
  }
}
