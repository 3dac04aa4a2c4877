// Asks a server for everything once: example HOST:PORT CA.PEM FOLDER, with the token in $FOOTLIGHT_TOKEN.
#include <cstdlib>
#include <iostream>

#include "footlight/client.h"

namespace {

footlight::v1::Item Item(const std::string& id, const std::string& title) {
  footlight::v1::Item item;
  item.set_item_id(id);
  item.set_title(title);
  return item;
}

// Lets an agent learn that its second action is the better one.
void Play(footlight::Client& client, const std::string& session) {
  footlight::v1::CreateAgentRequest agent;
  agent.set_agent_id("robot");
  agent.set_deployment("q-learning");
  agent.mutable_observation_space()->mutable_discrete()->set_n(4);
  agent.mutable_action_space()->mutable_discrete()->set_n(2);
  client.CreateAgent(agent);

  auto robot = client.Interact("robot");
  footlight::v1::Outcome outcome;
  for (int step = 0; step < 10; ++step) {
    footlight::v1::ActRequest asked;
    asked.set_session_id(session);
    asked.mutable_observation()->set_discrete(step % 4);
    if (step > 0) *asked.mutable_outcome() = outcome;
    const auto decision = robot.Act(asked);
    outcome.set_reward(static_cast<double>(decision.action().discrete()));
    if (step == 0) {  // what is only known later
      const auto status = client.Reward(decision.decision_id(), 0.5);
      std::cout << "reward: " << footlight::v1::RewardStatus_Name(status) << '\n';
    }
  }
  footlight::v1::EndSessionRequest end;
  end.set_session_id(session);
  end.set_reason(footlight::v1::END_REASON_TERMINATED);
  *end.mutable_outcome() = outcome;
  std::cout << "decisions: " << robot.End(end).decision_count() << '\n';
}

void Run(const std::string& address, const std::string& roots, const std::string& folder) {
  footlight::Options options;
  options.token = std::getenv("FOOTLIGHT_TOKEN");
  options.tls = footlight::Tls::FromFiles(roots);
  footlight::Client client(address, options);

  client.PutItems({Item("m1", "Metropolis"), Item("m2", "Nosferatu")});
  footlight::v1::Event event;
  event.set_user_id("ada");
  event.set_item_id("m1");
  event.set_kind(footlight::v1::EVENT_KIND_LIKE);
  client.RecordEvents({event});
  const auto answer = client.Recommend("ada", 10);
  for (const auto& item : answer.items()) std::cout << "recommended: " << item.item_id() << '\n';

  footlight::v1::GenerateRequest wanted;
  wanted.set_deployment("mlp-gan");
  wanted.set_count(2);
  wanted.set_seed(7);
  std::cout << "files: " << client.GenerateToFiles(wanted, folder).size() << '\n';

  Play(client, "cpp");

  try {
    client.Recommend("ada", 5000);
  } catch (const footlight::Error& error) {
    std::cout << "refused: " << error.reason << ' ' << error.field << '\n';
  }
}

}  // namespace

int main(int, char** words) {
  try {
    Run(words[1], words[2], words[3]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
