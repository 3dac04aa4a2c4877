// Command example asks a server for everything once: example HOST:PORT CA.PEM FOLDER, with the token in $FOOTLIGHT_TOKEN.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"google.golang.org/protobuf/proto"

	"footlight.local/footlight"
	v1 "footlight.local/footlight/v1"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, roots, folder string) error {
	client, err := footlight.Dial(address, footlight.WithToken(os.Getenv("FOOTLIGHT_TOKEN")), footlight.WithTLSFiles(roots, "", ""))
	if err != nil {
		return err
	}
	defer client.Close()

	if _, err := client.PutItems(ctx, &v1.Item{ItemId: "m1", Title: "Metropolis"}, &v1.Item{ItemId: "m2", Title: "Nosferatu"}); err != nil {
		return err
	}
	if _, err := client.RecordEvents(ctx, &v1.Event{UserId: "ada", ItemId: "m1", Kind: v1.EventKind_EVENT_KIND_LIKE}); err != nil {
		return err
	}
	answer, err := client.Recommend(ctx, "ada", 10)
	if err != nil {
		return err
	}
	for _, item := range answer.Items {
		fmt.Println("recommended:", item.ItemId)
	}

	paths, err := client.GenerateToFiles(ctx, &v1.GenerateRequest{Deployment: "mlp-gan", Count: 2, Seed: proto.Int64(7)}, folder)
	if err != nil {
		return err
	}
	fmt.Println("files:", len(paths))

	if err := play(ctx, client, "go"); err != nil {
		return err
	}

	_, err = client.Recommend(ctx, "ada", 5000)
	var told *footlight.Error
	if errors.As(err, &told) && errors.Is(err, footlight.ErrInvalidArgument) {
		fmt.Println("refused:", told.Reason, told.Field)
		return nil
	}
	return err
}

// play lets an agent learn that its second action is the better one.
func play(ctx context.Context, client *footlight.Client, session string) error {
	agent := &v1.CreateAgentRequest{AgentId: "robot", Deployment: "q-learning", ObservationSpace: choices(4), ActionSpace: choices(2)}
	if _, err := client.Interaction.CreateAgent(ctx, agent); err != nil {
		return err
	}
	robot, err := client.Interact(ctx, "robot")
	if err != nil {
		return err
	}
	defer robot.Close()
	var outcome *v1.Outcome
	for step := int64(0); step < 10; step++ {
		decision, err := robot.Act(&v1.ActRequest{SessionId: session, Observation: discrete(step % 4), Outcome: outcome})
		if err != nil {
			return err
		}
		outcome = &v1.Outcome{Reward: float64(decision.Action.GetDiscrete())}
		if step == 0 { // what is only known later
			status, err := client.Reward(ctx, decision.DecisionId, 0.5)
			if err != nil {
				return err
			}
			fmt.Println("reward:", status)
		}
	}
	summary, err := robot.End(&v1.EndSessionRequest{SessionId: session, Reason: v1.EndReason_END_REASON_TERMINATED, Outcome: outcome})
	fmt.Println("decisions:", summary.GetDecisionCount())
	return err
}

func discrete(value int64) *v1.Value { return &v1.Value{Kind: &v1.Value_Discrete{Discrete: value}} }

func choices(n int64) *v1.Space {
	return &v1.Space{Kind: &v1.Space_Discrete{Discrete: &v1.DiscreteSpace{N: n}}}
}
