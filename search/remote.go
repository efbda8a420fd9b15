package search

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A Client is a connection to the Server of another process. Any number of
// goroutines may use it. It connects when it is first needed, and again whenever
// the connection is lost.
type Client struct {
	addr string
	conn *grpc.ClientConn
}

// Dial makes the Client of an address, host:port. It does not wait for a
// connection. Messages are not encrypted: the network between the processes of one
// installation is trusted.
func Dial(addr string) (*Client, error) {
	conn, err := grpc.NewClient(addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{}),
			grpc.MaxCallRecvMsgSize(maxMessageBytes), grpc.MaxCallSendMsgSize(maxMessageBytes)))
	if err != nil {
		return nil, fmt.Errorf("search: dial %s: %w", addr, err)
	}
	return &Client{addr, conn}, nil
}

// Addr is the address that was dialed.
func (c *Client) Addr() string { return c.addr }

// Close ends the connection and the calls that are under way.
func (c *Client) Close() error { return c.conn.Close() }

// Collection is the Searcher that the server has under a name.
func (c *Client) Collection(name string) Searcher { return &remote{c, name} }

// remote is a Searcher in another process.
type remote struct {
	client *Client
	name   string
}

func (r *remote) Stats(ctx context.Context, req *Request) (*Stats, error) {
	out, err := r.call(ctx, "Stats", req, nil)
	if err != nil {
		return nil, err
	}
	if out.Stats == nil {
		return nil, fmt.Errorf("search: %s: an answer without stats", r.client.addr)
	}
	return out.Stats, nil
}

func (r *remote) Search(ctx context.Context, req *Request) (*Result, error) {
	out, err := r.call(ctx, "Search", req, nil)
	if err != nil {
		return nil, err
	}
	if out.Result == nil {
		return nil, fmt.Errorf("search: %s: an answer without result", r.client.addr)
	}
	return out.Result, nil
}

// Fetch sends only what names the hits, and keeps the rest of them as they are.
func (r *remote) Fetch(ctx context.Context, req *Request, hits []Hit) error {
	bare := make([]Hit, len(hits))
	for i, h := range hits {
		bare[i] = Hit{Key: h.Key, Part: h.Part}
	}
	out, err := r.call(ctx, "Fetch", req, bare)
	if err != nil {
		return err
	}
	if len(out.Hits) != len(hits) {
		return fmt.Errorf("search: %s: %d documents for %d hits", r.client.addr, len(out.Hits), len(hits))
	}
	for i, h := range out.Hits {
		if h.ID == "" {
			continue
		}
		h.Score, h.Number, h.Part, h.Explain = hits[i].Score, hits[i].Number, hits[i].Part, hits[i].Explain
		hits[i] = h
	}
	return nil
}

func (r *remote) call(ctx context.Context, method string, req *Request, hits []Hit) (*reply, error) {
	in := &call{Collection: r.name, Request: *req, Hits: hits}
	if req.Tree != nil {
		in.Request.Query = req.Tree.String()
	}
	in.Request.Query = strings.ToValidUTF8(in.Request.Query, " ") // as query.Parse reads it, and not as JSON would
	in.Request.Filter = strings.ToValidUTF8(in.Request.Filter, " ")
	out := new(reply)
	if err := r.client.conn.Invoke(ctx, "/"+serviceName+"/"+method, in, out); err != nil {
		return nil, fromStatus(r.client.addr, err)
	}
	return out, nil
}
