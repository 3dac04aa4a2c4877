package footlight

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Error is any error that a server answered, or that kept it from answering.
type Error struct {
	Code     codes.Code
	Message  string
	Reason   string            // what went wrong, for programs, in UPPER_SNAKE; empty where the server gave none
	Field    string            // the field of the request that is wrong, such as "events[3].value"
	Metadata map[string]string // further facts by name
	// RetryAfter is after how long to try again; 0 where the server did not say.
	RetryAfter time.Duration
}

// What errors.Is compares with.
var (
	ErrInvalidArgument    = &Error{Code: codes.InvalidArgument}
	ErrNotFound           = &Error{Code: codes.NotFound}
	ErrAlreadyExists      = &Error{Code: codes.AlreadyExists}
	ErrFailedPrecondition = &Error{Code: codes.FailedPrecondition}
	ErrResourceExhausted  = &Error{Code: codes.ResourceExhausted}
	ErrUnavailable        = &Error{Code: codes.Unavailable}
	ErrDeadlineExceeded   = &Error{Code: codes.DeadlineExceeded}
	ErrCanceled           = &Error{Code: codes.Canceled}
	ErrUnauthenticated    = &Error{Code: codes.Unauthenticated}
	ErrPermissionDenied   = &Error{Code: codes.PermissionDenied}
	ErrUnimplemented      = &Error{Code: codes.Unimplemented}
	ErrInternal           = &Error{Code: codes.Internal}
	ErrDataLoss           = &Error{Code: codes.DataLoss}
)

func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }

// Is says whether the other is an Error of the same code.
func (e *Error) Is(other error) bool {
	var same *Error
	return errors.As(other, &same) && same.Code == e.Code
}

// GRPCStatus lets status.FromError and status.Code read the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Message) }

// Unwrap gives context.DeadlineExceeded and context.Canceled where the error is one of these.
func (e *Error) Unwrap() error {
	switch e.Code {
	case codes.DeadlineExceeded:
		return context.DeadlineExceeded
	case codes.Canceled:
		return context.Canceled
	}
	return nil
}

// errorOf reads the status and the details of google.rpc.
func errorOf(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if _, known := err.(*Error); known {
		return err
	}
	told := status.Convert(err)
	found := &Error{Code: told.Code(), Message: told.Message(), Metadata: map[string]string{}}
	for _, detail := range told.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			found.Reason = detail.Reason
			for name, value := range detail.Metadata {
				found.Metadata[name] = value
			}
			if found.Field == "" {
				found.Field = detail.Metadata["field"]
			}
		case *errdetails.BadRequest:
			if len(detail.FieldViolations) > 0 {
				found.Field = detail.FieldViolations[0].Field
			}
		case *errdetails.RetryInfo:
			found.RetryAfter = detail.RetryDelay.AsDuration()
		}
	}
	return found
}

const attempts = 5

// unary adds token and deadline, reads errors, and asks again where a server that is full says when to come back.
func unary(s settings) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply interface{}, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		ctx = withToken(ctx, s.token)
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.timeout)
			defer cancel()
		}
		for attempt := 1; ; attempt++ {
			err := errorOf(invoke(ctx, method, request, reply, connection, options...))
			if attempt == attempts || !waited(ctx, err) {
				return err
			}
		}
	}
}

// waited waits as long as a full server asks for, and says whether there is time to ask again.
func waited(ctx context.Context, err error) bool {
	told, known := err.(*Error)
	if !known || told.Code != codes.ResourceExhausted || told.RetryAfter == 0 {
		return false
	}
	if end, bounded := ctx.Deadline(); bounded && time.Until(end) <= told.RetryAfter {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(told.RetryAfter):
		return true
	}
}

func stream(s settings) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, connection *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		opened, err := open(withToken(ctx, s.token), desc, connection, method, options...)
		if err != nil {
			return nil, errorOf(err)
		}
		return readable{opened}, nil
	}
}

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// readable is a stream whose errors are Errors.
type readable struct{ grpc.ClientStream }

func (r readable) RecvMsg(message interface{}) error { return errorOf(r.ClientStream.RecvMsg(message)) }

func (r readable) SendMsg(message interface{}) error { return errorOf(r.ClientStream.SendMsg(message)) }
