package search

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
)

// stopTimeout is how long calls may go on when a server stops.
const stopTimeout = 5 * time.Second

// A Server answers the Clients of other processes.
type Server struct{ grpc *grpc.Server }

// NewServer makes a server over the Searchers that lookup knows by name. An error
// of lookup goes to the client as ErrUnknown.
func NewServer(lookup func(ctx context.Context, name string) (Searcher, error)) *Server {
	s := grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.MaxRecvMsgSize(maxMessageBytes), grpc.MaxSendMsgSize(maxMessageBytes))
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			method("Stats", func(ctx context.Context, s Searcher, in *call) (*reply, error) {
				stats, err := s.Stats(ctx, &in.Request)
				return &reply{Stats: stats}, err
			}),
			method("Search", func(ctx context.Context, s Searcher, in *call) (*reply, error) {
				res, err := s.Search(ctx, &in.Request)
				return &reply{Result: res}, err
			}),
			method("Fetch", func(ctx context.Context, s Searcher, in *call) (*reply, error) {
				err := s.Fetch(ctx, &in.Request, in.Hits)
				return &reply{Hits: in.Hits}, err
			}),
		},
	}, lookup)
	return &Server{s}
}

// method is a call that decodes its message, finds the Searcher and answers.
func method(name string, do func(context.Context, Searcher, *call) (*reply, error)) grpc.MethodDesc {
	handle := func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(call)
		if err := decode(in); err != nil {
			return nil, err
		}
		s, err := srv.(func(context.Context, string) (Searcher, error))(ctx, in.Collection)
		if err != nil {
			return nil, toStatus(fmt.Errorf("%w: %v", ErrUnknown, err))
		}
		out, err := do(ctx, s, in)
		if err != nil {
			return nil, toStatus(err)
		}
		return out, nil
	}
	return grpc.MethodDesc{MethodName: name, Handler: handle}
}

// Serve answers on a listener until GracefulStop; it then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); err != nil {
		return fmt.Errorf("search: serve: %w", err)
	}
	return nil
}

// GracefulStop takes no more calls, waits up to five seconds for those under way
// and then ends them.
func (s *Server) GracefulStop() {
	t := time.AfterFunc(stopTimeout, s.grpc.Stop)
	defer t.Stop()
	s.grpc.GracefulStop()
}
