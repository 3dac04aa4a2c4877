package footlight

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc/codes"

	v1 "footlight.local/footlight/v1"
)

// Interaction is a stream on which sessions of one agent are played: one message each way a step. It is for one goroutine.
type Interaction struct {
	agentID string
	stream  v1.InteractionService_InteractClient
	cancel  context.CancelFunc
	timeout time.Duration
}

// Interact opens a stream. Close it when done. Each answer may take as long as a call of this client whose context has no deadline.
func (c *Client) Interact(ctx context.Context, agentID string) (*Interaction, error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := c.Interaction.Interact(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &Interaction{agentID, stream, cancel, c.timeout}, nil
}

// Act tells the outcome of the session's decision before, and decides the next one.
func (i *Interaction) Act(step *v1.ActRequest) (*v1.ActResponse, error) {
	step.AgentId = i.agentID
	answer, err := i.ask(&v1.InteractRequest{Kind: &v1.InteractRequest_Act{Act: step}})
	return answer.GetAct(), err
}

// Reward adds rewards to decisions.
func (i *Interaction) Reward(rewards ...*v1.RewardEvent) (*v1.RewardResponse, error) {
	request := &v1.RewardRequest{Rewards: rewards}
	answer, err := i.ask(&v1.InteractRequest{Kind: &v1.InteractRequest_Reward{Reward: request}})
	return answer.GetReward(), err
}

// End tells the outcome of the last decision and closes the session.
func (i *Interaction) End(end *v1.EndSessionRequest) (*v1.EndSessionResponse, error) {
	end.AgentId = i.agentID
	answer, err := i.ask(&v1.InteractRequest{Kind: &v1.InteractRequest_End{End: end}})
	return answer.GetEnd(), err
}

// Close ends the stream; its sessions go on.
func (i *Interaction) Close() error {
	defer i.cancel()
	return i.stream.CloseSend()
}

func answers(request *v1.InteractRequest, answer *v1.InteractResponse) bool {
	switch request.Kind.(type) {
	case *v1.InteractRequest_Act:
		return answer.GetAct() != nil
	case *v1.InteractRequest_Reward:
		return answer.GetReward() != nil
	}
	return answer.GetEnd() != nil
}

func (i *Interaction) ask(request *v1.InteractRequest) (*v1.InteractResponse, error) {
	// An error of Send is that the stream has ended; Recv tells why.
	late := time.AfterFunc(i.timeout, i.cancel)
	sent := i.stream.Send(request)
	answer, err := i.stream.Recv()
	switch {
	case !late.Stop() && err != nil:
		err = &Error{Code: codes.DeadlineExceeded, Message: "no answer came within " + i.timeout.String()}
	case err == io.EOF:
		err = &Error{Code: codes.Unavailable, Message: "the server ended the stream"}
	case err == nil && (sent != nil || !answers(request, answer)):
		err = &Error{Code: codes.Internal, Message: "the server answered something else than was asked"}
	}
	return answer, err
}
