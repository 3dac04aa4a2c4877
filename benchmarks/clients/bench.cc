// Calls Recommend as often as it can: bench ADDRESS CALLERS SECONDS. Prints the latencies of its calls.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <mutex>
#include <thread>

#include "footlight/client.h"

using Clock = std::chrono::steady_clock;

std::vector<double> Measure(footlight::Client& client, int callers, double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::vector<double> all;
  std::mutex lock;
  std::vector<std::thread> running;
  for (int caller = 0; caller < callers; ++caller) {
    running.emplace_back([&] {
      footlight::v1::RecommendRequest request;
      request.set_user_id("a-00");
      request.set_deployment("item-knn");
      request.set_count(10);
      std::vector<double> own;
      while (Clock::now() < end) {
        const auto began = Clock::now();
        client.Recommend(request);
        own.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
      }
      const std::lock_guard<std::mutex> hold(lock);
      all.insert(all.end(), own.begin(), own.end());
    });
  }
  for (auto& thread : running) thread.join();
  return all;
}

int main(int, char** arguments) {
  footlight::Client client(arguments[1]);
  const int callers = std::stoi(arguments[2]);
  const double seconds = std::stod(arguments[3]);
  Measure(client, callers, 1);  // connects and warms up
  auto taken = Measure(client, callers, seconds);
  std::sort(taken.begin(), taken.end());
  const auto at = [&](double share) { return taken[static_cast<std::size_t>(share * (taken.size() - 1))]; };
  std::cout << "{\"calls_per_second\": " << taken.size() / seconds << ", \"p50_us\": " << at(0.5) << ", \"p99_us\": " << at(0.99) << "}\n";
}
