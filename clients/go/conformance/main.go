// Command conformance runs the cases of clients/conformance: conformance CASES ADDRESS RUN.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"footlight.local/footlight"
	v1 "footlight.local/footlight/v1"
)

type testCase struct {
	Name      string
	Call      string
	Request   json.RawMessage
	Keep      map[string]string
	Address   string
	TimeoutMs int64 `json:"timeout_ms"`
	Token     string
	TLS       *struct {
		Roots       string
		Key         string `json:"private_key"`
		Certificate string `json:"certificate_chain"`
	}
	Plaintext bool
}

type outcome struct {
	Name     string            `json:"name"`
	Status   string            `json:"status"`
	Reason   string            `json:"reason"`
	Field    string            `json:"field"`
	Message  string            `json:"message"`
	Metadata map[string]string `json:"metadata"`
	Answer   json.RawMessage   `json:"answer"`
}

var named = regexp.MustCompile(`\$\{(\w+)\}`)

func main() {
	text, err := os.ReadFile(os.Args[1])
	check(err)
	var all struct{ Cases []testCase }
	check(json.Unmarshal(text, &all))
	known := map[string]string{"run": os.Args[3]}
	shared, err := dial(testCase{Address: os.Args[2]})
	check(err)
	for _, one := range all.Cases {
		client := shared
		if one.Address != "" {
			client, err = dial(one)
		}
		request := named.ReplaceAllFunc(one.Request, func(found []byte) []byte {
			return []byte(known[string(named.FindSubmatch(found)[1])])
		})
		result := outcome{Name: one.Name, Status: "REFUSED", Metadata: map[string]string{}}
		if err != nil {
			result.Message = err.Error()
		} else {
			result = run(client, one, request)
		}
		if result.Status == "OK" {
			keep(one.Keep, result.Answer, known)
		}
		line, err := json.Marshal(result)
		check(err)
		fmt.Println(string(line))
	}
}

func dial(one testCase) (*footlight.Client, error) {
	options := []footlight.Option{footlight.WithToken(one.Token)}
	if one.TimeoutMs > 0 {
		options = append(options, footlight.WithTimeout(time.Duration(one.TimeoutMs)*time.Millisecond))
	}
	if one.TLS != nil {
		options = append(options, footlight.WithTLSFiles(one.TLS.Roots, one.TLS.Certificate, one.TLS.Key))
	}
	if one.Plaintext {
		options = append(options, footlight.WithPlaintext())
	}
	return footlight.Dial(one.Address, options...)
}

func run(client *footlight.Client, one testCase, request []byte) outcome {
	timeout := time.Minute
	if one.TimeoutMs > 0 {
		timeout = time.Duration(one.TimeoutMs) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	call := plain
	if own[one.Call] != nil {
		call = own[one.Call]
	}
	answer, err := call(ctx, client, one.Call, request)
	result := outcome{Name: one.Name, Status: "OK", Metadata: map[string]string{}, Answer: answer}
	var told *footlight.Error
	if errors.As(err, &told) {
		status := strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(told.Code.String(), "${1}_${2}"))
		result = outcome{one.Name, strings.Replace(status, "CANCELED", "CANCELLED", 1), told.Reason, told.Field, told.Message, told.Metadata, nil}
	} else {
		check(err)
	}
	return result
}

type caller func(context.Context, *footlight.Client, string, []byte) (json.RawMessage, error)

var own = map[string]caller{
	"GenerationService/UploadCorpus": upload, "GenerationService/Generate": generate, "GenerationService/GetAsset": getAsset,
	"InteractionService/Interact": interact, "InteractionService/ListDecisions": decisions, "EngineService/WatchTraining": watch,
}

// plain finds the method of the call and its request by their names.
func plain(ctx context.Context, client *footlight.Client, call string, text []byte) (json.RawMessage, error) {
	service, name, _ := strings.Cut(call, "/")
	field := reflect.ValueOf(client).Elem().FieldByName(strings.TrimSuffix(service, "Service"))
	method := field.MethodByName(name)
	request := reflect.New(method.Type().In(1).Elem())
	check(protojson.Unmarshal(text, request.Interface().(proto.Message)))
	answers := method.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	if err, failed := answers[1].Interface().(error); failed {
		return nil, err
	}
	return spoken(answers[0].Interface().(proto.Message)), nil
}

func spoken(message proto.Message) json.RawMessage {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	check(err)
	return text
}

func upload(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	var request struct {
		Name   string
		Files  map[string][]byte
		Rights json.RawMessage
	}
	check(json.Unmarshal(text, &request))
	var rights *v1.CorpusRights
	if request.Rights != nil {
		rights = &v1.CorpusRights{}
		check(protojson.Unmarshal(request.Rights, rights))
	}
	corpus, err := client.UploadFiles(ctx, request.Name, request.Files, rights)
	return spoken(&v1.UploadCorpusResponse{Corpus: corpus}), err
}

type assetAnswer struct {
	Asset json.RawMessage `json:"asset"`
	Data  []byte          `json:"data"`
}

func generate(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	request, found := &v1.GenerateRequest{}, []assetAnswer{}
	check(protojson.Unmarshal(text, request))
	err := client.Generate(ctx, request, func(asset *footlight.Asset) error {
		found = append(found, assetAnswer{spoken(asset.Asset), asset.Data})
		return nil
	})
	return marshalled("assets", found), err
}

func getAsset(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	request := &v1.GetAssetRequest{}
	check(protojson.Unmarshal(text, request))
	asset, err := client.GetAsset(ctx, request.AssetId)
	if err != nil {
		return nil, err
	}
	return marshalled("assets", []assetAnswer{{spoken(asset.Asset), asset.Data}}), nil
}

func interact(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	var request struct {
		AgentID  string `json:"agent_id"`
		Messages []json.RawMessage
	}
	check(json.Unmarshal(text, &request))
	stream, err := client.Interact(ctx, request.AgentID)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var answers []json.RawMessage
	for _, message := range request.Messages {
		wanted, answer := &v1.InteractRequest{}, &v1.InteractResponse{}
		check(protojson.Unmarshal(message, wanted))
		if act := wanted.GetAct(); act != nil {
			var decided *v1.ActResponse
			decided, err = stream.Act(act)
			answer.Kind = &v1.InteractResponse_Act{Act: decided}
		} else {
			var ended *v1.EndSessionResponse
			ended, err = stream.End(wanted.GetEnd())
			answer.Kind = &v1.InteractResponse_End{End: ended}
		}
		if err != nil {
			return nil, err
		}
		answers = append(answers, spoken(answer))
	}
	return marshalled("answers", answers), nil
}

func decisions(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	request, all := &v1.ListDecisionsRequest{}, &v1.ListDecisionsResponse{}
	check(protojson.Unmarshal(text, request))
	stream, err := client.Interaction.ListDecisions(ctx, request)
	for err == nil {
		var page *v1.ListDecisionsResponse
		if page, err = stream.Recv(); err == nil {
			all.Decisions = append(all.Decisions, page.Decisions...)
		}
	}
	if err.Error() == "EOF" {
		return spoken(all), nil
	}
	return nil, err
}

func watch(ctx context.Context, client *footlight.Client, _ string, text []byte) (json.RawMessage, error) {
	request, last := &v1.WatchTrainingRequest{}, &v1.WatchTrainingResponse{}
	check(protojson.Unmarshal(text, request))
	stream, err := client.Engine.WatchTraining(ctx, request)
	for err == nil {
		var seen *v1.WatchTrainingResponse
		if seen, err = stream.Recv(); err == nil {
			last = seen
		}
	}
	if err.Error() == "EOF" {
		return spoken(last), nil
	}
	return nil, err
}

func marshalled(name string, value interface{}) json.RawMessage {
	text, err := json.Marshal(map[string]interface{}{name: value})
	check(err)
	return text
}

func keep(paths map[string]string, answer json.RawMessage, known map[string]string) {
	for name, path := range paths {
		var value interface{}
		check(json.Unmarshal(answer, &value))
		for _, part := range strings.Split(path, ".") {
			if list, is := value.([]interface{}); is {
				number, err := strconv.Atoi(part)
				check(err)
				value = list[number]
			} else {
				value = value.(map[string]interface{})[part]
			}
		}
		known[name] = fmt.Sprint(value)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
