// Package footlight is the Go client of Footlight: Generate, Recommend and Act over gRPC.
//
//	client, err := footlight.Dial("localhost:7007", footlight.WithToken(token))
//	answer, err := client.Recommend(ctx, "ada", 10)
//
// Every RPC is a method of its service (client.Catalog.ListItems); the methods of Client are for what is done most, or takes
// more than one message. Every error is an *Error, which errors.Is compares with ErrNotFound and its kin.
package footlight

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	v1 "footlight.local/footlight/v1"
)

const (
	// DefaultTimeout is how long a call may take whose context has no deadline.
	DefaultTimeout = 30 * time.Second
	// TransferTimeout is that of calls that move files or make assets.
	TransferTimeout = 10 * time.Minute

	longestMessage = 64 << 20
)

// Client is a connection to a Footlight server. It is safe for concurrent use.
type Client struct {
	Catalog        v1.CatalogServiceClient
	Recommendation v1.RecommendationServiceClient
	Generation     v1.GenerationServiceClient
	Interaction    v1.InteractionServiceClient
	Engine         v1.EngineServiceClient
	Assistant      v1.AssistantServiceClient

	connection *grpc.ClientConn
	timeout    time.Duration
}

type settings struct {
	token   string
	tls     *tls.Config
	plain   bool
	timeout time.Duration
	dial    []grpc.DialOption
}

// Option says how a Client connects.
type Option func(*settings) error

// WithToken sends a token with every call; to another machine only by TLS, or WithPlaintext. Spaces around it, the newline of a
// file for instance, are left out.
func WithToken(token string) Option {
	return func(s *settings) error {
		s.token = strings.TrimSpace(token)
		for _, letter := range s.token {
			if letter <= ' ' || letter > '~' {
				return errors.New("token: expected printable ASCII characters without spaces")
			}
		}
		return nil
	}
}

// WithPlaintext sends a token to another machine without TLS, where others on the way can read it.
func WithPlaintext() Option {
	return func(s *settings) error { s.plain = true; return nil }
}

// WithTLS connects by TLS; nil means the authorities of the system.
func WithTLS(config *tls.Config) Option {
	return func(s *settings) error {
		if config == nil {
			config = &tls.Config{}
		}
		s.tls = config
		return nil
	}
}

// WithTLSFiles connects by TLS and trusts the authorities in a PEM file, those of the system where it is ""; certificate and
// key, both or neither, are ours.
func WithTLSFiles(roots, certificate, key string) Option {
	return func(s *settings) error {
		config := &tls.Config{}
		if roots != "" {
			pem, err := os.ReadFile(roots)
			if err != nil {
				return err
			}
			config.RootCAs = x509.NewCertPool()
			if !config.RootCAs.AppendCertsFromPEM(pem) {
				return fmt.Errorf("%s holds no certificate in PEM", roots)
			}
		}
		if certificate != "" || key != "" {
			pair, err := tls.LoadX509KeyPair(certificate, key)
			if err != nil {
				return err
			}
			config.Certificates = []tls.Certificate{pair}
		}
		s.tls = config
		return nil
	}
}

// WithTimeout is for calls whose context has no deadline.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) error { s.timeout = timeout; return nil }
}

// WithDialOptions passes options on to gRPC.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) error { s.dial = append(s.dial, options...); return nil }
}

// Dial makes a client of a server at HOST:PORT; the port is 7007 where none is given. It connects with the first call.
func Dial(address string, options ...Option) (*Client, error) {
	s := settings{timeout: DefaultTimeout}
	for _, option := range options {
		if err := option(&s); err != nil {
			return nil, err
		}
	}
	target, err := targetOf(address)
	if err != nil {
		return nil, err
	}
	if s.token != "" && s.tls == nil && !s.plain && !isHere(target) {
		return nil, fmt.Errorf("token: expected TLS on the way to %s, where others could read it; WithPlaintext sends it all the same", target)
	}
	connection, err := grpc.Dial(target, append(dialOptions(s), s.dial...)...)
	if err != nil {
		return nil, err
	}
	return &Client{
		Catalog:        v1.NewCatalogServiceClient(connection),
		Recommendation: v1.NewRecommendationServiceClient(connection),
		Generation:     v1.NewGenerationServiceClient(connection),
		Interaction:    v1.NewInteractionServiceClient(connection),
		Engine:         v1.NewEngineServiceClient(connection),
		Assistant:      v1.NewAssistantServiceClient(connection),
		connection:     connection,
		timeout:        s.timeout,
	}, nil
}

// Close ends the calls that are open.
func (c *Client) Close() error { return c.connection.Close() }

func targetOf(address string) (string, error) {
	if address == "" || strings.Contains(address, "/") {
		return "", fmt.Errorf("address: expected HOST:PORT, such as localhost:7007, got %q", address)
	}
	if after := address[strings.LastIndex(address, "]")+1:]; !strings.Contains(after, ":") {
		address += ":7007"
	}
	return address, nil
}

// isHere says whether a target is this machine, as its name tells.
func isHere(target string) bool {
	host, _, err := net.SplitHostPort(target)
	return err == nil && (strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback())
}

func dialOptions(s settings) []grpc.DialOption {
	secure := grpc.WithInsecure()
	if s.tls != nil {
		secure = grpc.WithTransportCredentials(credentials.NewTLS(s.tls))
	}
	return []grpc.DialOption{
		secure,
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithUserAgent("footlight-go/0.1.0"),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(longestMessage), grpc.MaxCallSendMsgSize(longestMessage)),
		grpc.WithUnaryInterceptor(unary(s)),
		grpc.WithStreamInterceptor(stream(s)),
	}
}

// A call that no server has taken is sent again, but for those that must not happen twice.
const serviceConfig = `{
  "methodConfig": [
    {"name": [{}], "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2.9s", "backoffMultiplier": 4,
      "retryableStatusCodes": ["UNAVAILABLE"]}},
    {"name": [{"service": "footlight.v1.CatalogService", "method": "DeleteItem"},
      {"service": "footlight.v1.EngineService", "method": "CreateDeployment"},
      {"service": "footlight.v1.EngineService", "method": "DeleteDeployment"},
      {"service": "footlight.v1.EngineService", "method": "StartTraining"},
      {"service": "footlight.v1.GenerationService", "method": "DeleteCorpus"},
      {"service": "footlight.v1.InteractionService", "method": "CreateAgent"}]}
  ],
  "retryThrottling": {"maxTokens": 1000, "tokenRatio": 1}
}`

// PutItems creates the items that are new and replaces those that exist: all of them or none.
func (c *Client) PutItems(ctx context.Context, items ...*v1.Item) (*v1.PutItemsResponse, error) {
	return c.Catalog.PutItems(ctx, &v1.PutItemsRequest{Items: items})
}

// RecordEvents appends events to the log, all of them or none. An event without an id gets a new one.
func (c *Client) RecordEvents(ctx context.Context, events ...*v1.Event) (*v1.RecordEventsResponse, error) {
	for _, event := range events {
		if event.EventId == "" {
			event.EventId = newID()
		}
	}
	return c.Catalog.RecordEvents(ctx, &v1.RecordEventsRequest{Events: events})
}

// Recommend ranks items for a person.
func (c *Client) Recommend(ctx context.Context, userID string, count int) (*v1.RecommendResponse, error) {
	return c.Recommendation.Recommend(ctx, &v1.RecommendRequest{UserId: userID, Count: int32(count)})
}

// Act decides the next action of a session. A request without an id gets one, so that it can be sent again.
func (c *Client) Act(ctx context.Context, request *v1.ActRequest) (*v1.ActResponse, error) {
	if request.RequestId == "" {
		request.RequestId = newID()
	}
	return c.Interaction.Act(ctx, request)
}

// Reward adds a reward to a decision.
func (c *Client) Reward(ctx context.Context, decisionID string, value float64) (v1.RewardStatus, error) {
	reward := &v1.RewardEvent{RewardId: newID(), DecisionId: decisionID, Value: value}
	answer, err := c.Interaction.Reward(ctx, &v1.RewardRequest{Rewards: []*v1.RewardEvent{reward}})
	if err != nil {
		return v1.RewardStatus_REWARD_STATUS_UNSPECIFIED, err
	}
	if len(answer.Statuses) == 0 {
		return v1.RewardStatus_REWARD_STATUS_UNSPECIFIED, &Error{Code: codes.Internal, Message: "the server told of no reward"}
	}
	return answer.Statuses[0], nil
}

func newID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err) // the system has no randomness: nothing can be named
	}
	return hex.EncodeToString(id[:])
}
