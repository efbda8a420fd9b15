package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A Client speaks to a running server. One may be used by several goroutines.
type Client struct {
	Base  string // http://host:port
	Token string // admin token, where the server has one
	HTTP  *http.Client
}

// Search asks one query.
func (c *Client) Search(ctx context.Context, collection, q string, limit, offset int, explain bool) (*Answer, error) {
	return c.Ask(ctx, collection, Question{Query: q, Limit: limit, Offset: offset, Explain: explain})
}

// A Question is a search with all that it can say.
type Question struct {
	Query         string
	Limit, Offset int
	Explain       bool
	Sort          string   // field to sort by, behind a minus falling; empty: by score
	Facets        []string // fields to count, as FIELD or FIELD:N for N values
}

// Ask asks a question.
func (c *Client) Ask(ctx context.Context, collection string, q Question) (*Answer, error) {
	v := url.Values{"facet": q.Facets}
	if q.Explain {
		v.Set("explain", "true")
	}
	if q.Sort != "" {
		v.Set("sort", q.Sort)
	}
	return c.search(ctx, collection, q.Query, q.Limit, q.Offset, v)
}

// Rank asks one query and wants no snippets: for programs that take hundreds of
// hits and show none.
func (c *Client) Rank(ctx context.Context, collection, q string, limit, offset int) (*Answer, error) {
	return c.search(ctx, collection, q, limit, offset, url.Values{"snippets": {"false"}})
}

func (c *Client) search(ctx context.Context, collection, q string, limit, offset int, v url.Values) (*Answer, error) {
	v.Set("q", q)
	v.Set("limit", strconv.Itoa(limit))
	v.Set("offset", strconv.Itoa(offset))
	var out Answer
	return &out, c.do(ctx, http.MethodGet, collectionPath(collection)+"/search?"+v.Encode(), nil, &out)
}

// Crawl adds seeds and asks for a crawl; it returns the crawl's number.
func (c *Client) Crawl(ctx context.Context, collection string, src Source) (int64, error) {
	out, err := c.AskCrawl(ctx, collection, CrawlRequest{Source: src})
	return out.Crawl, err
}

// AskCrawl asks for a crawl, with all that one can say of it.
func (c *Client) AskCrawl(ctx context.Context, collection string, req CrawlRequest) (CrawlAccepted, error) {
	var out CrawlAccepted
	body, err := json.Marshal(req)
	if err != nil {
		return out, fmt.Errorf("api: %w", err)
	}
	return out, c.do(ctx, http.MethodPost, collectionPath(collection)+"/crawl", bytes.NewReader(body), &out)
}

// Diff compares the candidate of a collection with the live generation, or that
// with the one before; it lists at most limit addresses of each kind.
func (c *Client) Diff(ctx context.Context, collection string, limit int) (*Diff, error) {
	var out Diff
	return &out, c.do(ctx, http.MethodGet, collectionPath(collection)+"/diff?limit="+strconv.Itoa(limit), nil, &out)
}

// Publish makes the candidate live that was held.
func (c *Client) Publish(ctx context.Context, collection string) (*Generations, error) {
	return c.turn(ctx, collection, "publish")
}

// Discard drops the candidate, whether it is being built or held.
func (c *Client) Discard(ctx context.Context, collection string) (*Generations, error) {
	return c.turn(ctx, collection, "discard")
}

// Rollback makes the generation live that was live before.
func (c *Client) Rollback(ctx context.Context, collection string) (*Generations, error) {
	return c.turn(ctx, collection, "rollback")
}

func (c *Client) turn(ctx context.Context, collection, verb string) (*Generations, error) {
	var out Generations
	return &out, c.do(ctx, http.MethodPost, collectionPath(collection)+"/"+verb, nil, &out)
}

// History lists what happened to the generations of a collection, the newest first.
func (c *Client) History(ctx context.Context, collection string, limit int) ([]Event, error) {
	var out struct {
		Events []Event `json:"events"`
	}
	err := c.do(ctx, http.MethodGet, collectionPath(collection)+"/history?limit="+strconv.Itoa(limit), nil, &out)
	return out.Events, err
}

// Push streams NDJSON documents.
func (c *Client) Push(ctx context.Context, collection string, ndjson io.Reader) (int, error) {
	var out Accepted
	err := c.stream(ctx, collectionPath(collection)+"/documents", "application/x-ndjson", ndjson, &out)
	return out.Accepted, err
}

// Put creates or replaces the settings of a collection.
func (c *Client) Put(ctx context.Context, col Collection) error {
	body, err := json.Marshal(col)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return c.do(ctx, http.MethodPut, collectionPath(col.Name), bytes.NewReader(body), nil)
}

// Crawls lists the crawls of a collection, the newest first.
func (c *Client) Crawls(ctx context.Context, collection string, limit int) ([]Crawl, error) {
	var out struct {
		Crawls []Crawl `json:"crawls"`
	}
	err := c.do(ctx, http.MethodGet, collectionPath(collection)+"/crawls?limit="+strconv.Itoa(limit), nil, &out)
	return out.Crawls, err
}

// Collections lists the settings of all collections.
func (c *Client) Collections(ctx context.Context) ([]Collection, error) {
	var out struct {
		Collections []Collection `json:"collections"`
	}
	err := c.do(ctx, http.MethodGet, "/api/v1/collections", nil, &out)
	return out.Collections, err
}

// Status asks how a collection stands.
func (c *Client) Status(ctx context.Context, collection string) (*Status, error) {
	var out Status
	return &out, c.do(ctx, http.MethodGet, collectionPath(collection)+"/status", nil, &out)
}

// Watch calls fn for each status event until fn returns false, the server ends
// the stream or ctx ends.
func (c *Client) Watch(ctx context.Context, collection string, fn func(*Status) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, err := c.send(ctx, http.MethodGet, collectionPath(collection)+"/events", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	sc := bufio.NewScanner(resp.Body)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		data, ok := strings.CutPrefix(sc.Text(), "data: ")
		if !ok {
			continue
		}
		var st Status
		if err := json.Unmarshal([]byte(data), &st); err != nil {
			return fmt.Errorf("api: event: %w", err)
		}
		if !fn(&st) {
			return nil
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("api: events: %w", err)
	}
	return io.ErrUnexpectedEOF
}

func collectionPath(name string) string { return "/api/v1/collections/" + url.PathEscape(name) }

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, out any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	return decode(resp, out)
}

// stream posts a body of another type than JSON, of any length.
func (c *Client) stream(ctx context.Context, path, mediaType string, body io.Reader, out any) error {
	resp, err := c.sendAs(ctx, http.MethodPost, path, mediaType, body)
	if err != nil {
		return err
	}
	return decode(resp, out)
}

// decode reads the body of an answer into out, if that is not nil.
func decode(resp *http.Response, out any) error {
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("api: %s %s: %w", resp.Request.Method, resp.Request.URL.Path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	return c.sendAs(ctx, method, path, "application/json", body)
}

// sendAs returns an answer below 400; anything else comes back as a *Problem.
func (c *Client) sendAs(ctx context.Context, method, path, mediaType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if body != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return nil, fmt.Errorf("api: %w at %s: %w", ErrUnreachable, c.Base, op)
	}
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	var p Problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&p); err != nil || p.Status == 0 {
		return nil, fmt.Errorf("api: %s %s: the server answered %s", method, path, resp.Status)
	}
	return nil, &p
}
